// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.master.launch.OutputSink;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/** Writes lines with a name before each, so that no two are mixed. For one thread. */
final class LineTagger implements OutputSink {
  private static final int LONGEST_LINE = 64 * 1024;

  private final byte[] tag;
  private final PrintStream to;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final ByteArrayOutputStream whole = new ByteArrayOutputStream();

  LineTagger(String name, PrintStream to) {
    this.tag = ("[" + name + "] ").getBytes(Charset.defaultCharset());
    this.to = to;
  }

  @Override
  public void write(byte[] bytes, int length) {
    int start = 0;
    for (int i = 0; i < length; i++) {
      if (bytes[i] == '\n') {
        line.write(bytes, start, i - start);
        start = i + 1;
        finishLine();
      } else if (line.size() + i + 1 - start >= LONGEST_LINE) {
        line.write(bytes, start, i + 1 - start);
        start = i + 1;
        finishLine();
      }
    }
    line.write(bytes, start, length - start);
    flush();
  }

  private void finishLine() {
    whole.writeBytes(tag);
    whole.writeBytes(line.toByteArray());
    whole.write('\n');
    line.reset();
  }

  /** In one call, which the stream does not interrupt for another thread. */
  private void flush() {
    if (whole.size() > 0) {
      to.write(whole.toByteArray(), 0, whole.size());
      to.flush();
      whole.reset();
    }
  }

  @Override
  public void end() {
    if (line.size() > 0) {
      finishLine();
      flush();
    }
  }
}
