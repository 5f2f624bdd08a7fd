// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;

/** Passes lines on with a name before each, so that no two are mixed: {@code [name] text}, and {@code [name +] text} for what is left of one too long. For one thread. */
public final class LineTagger extends LineCutter {
  private final byte[] tag;
  private final byte[] tagOfRest;
  private final OutputSink to;
  private final ByteArrayOutputStream whole = new ByteArrayOutputStream();

  /** Passes lines on in pieces of whole lines, each in one call. */
  public LineTagger(String name, OutputSink to) {
    this.tag = ("[" + name + "] ").getBytes(Charset.defaultCharset());
    this.tagOfRest = ("[" + name + " +] ").getBytes(Charset.defaultCharset());
    this.to = to;
  }

  @Override
  void line(byte[] bytes, int length, boolean continued) {
    whole.writeBytes(continued ? tagOfRest : tag);
    whole.write(bytes, 0, length);
    whole.write('\n');
  }

  @Override
  void flush() {
    if (whole.size() > 0) {
      to.write(whole.toByteArray(), whole.size());
      whole.reset();
    }
  }
}
