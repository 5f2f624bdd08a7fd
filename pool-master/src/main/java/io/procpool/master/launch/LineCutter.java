// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.util.Arrays;

/**
 * Cuts a stream into lines. One without an end is cut at {@value #LONGEST_LINE} bytes, between two characters of UTF-8, so that no more than that is ever
 * kept. For one thread.
 */
abstract class LineCutter implements OutputSink {
  static final int LONGEST_LINE = 64 * 1024;
  private static final int FIRST_BYTES = 256;
  private static final int LONGEST_CHARACTER = 4;

  private byte[] line = new byte[FIRST_BYTES];
  private int length;
  private boolean continued;

  /**
   * Takes a line, without its end.
   *
   * @param bytes the cutter's own, to be copied
   * @param continued whether it is the next piece of one that was cut
   */
  abstract void line(byte[] bytes, int length, boolean continued);

  /** All lines have been given that are whole by now. */
  abstract void flush();

  @Override
  public final void write(byte[] bytes, int count) {
    int start = 0;
    for (int i = 0; i < count; i++) {
      if (bytes[i] == '\n') {
        add(bytes, start, i);
        line(line, length, continued);
        length = 0;
        continued = false;
        start = i + 1;
      }
    }
    add(bytes, start, count);
    flush();
  }

  private void add(byte[] bytes, int from, int to) {
    int next = from;
    while (next < to) {
      if (length == LONGEST_LINE) {
        cut();
      }
      int part = Math.min(to - next, LONGEST_LINE - length);
      if (length + part > line.length) {
        line = Arrays.copyOf(line, Math.min(LONGEST_LINE, Math.max(length + part, 2 * length)));
      }
      System.arraycopy(bytes, next, line, length, part);
      length += part;
      next += part;
    }
  }

  private void cut() {
    int whole = endOfWholeCharacters();
    line(line, whole, continued);
    System.arraycopy(line, whole, line, 0, length - whole);
    length -= whole;
    continued = true;
  }

  private int endOfWholeCharacters() {
    for (int back = 1; back < LONGEST_CHARACTER; back++) {
      int b = line[length - back] & 0xff;
      if (b < 0x80) {
        return length;
      }
      if (b >= 0xc0) {
        int needed = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
        return needed > back ? length - back : length;
      }
    }
    return length;
  }

  @Override
  public final void end() {
    if (length > 0) {
      line(line, length, continued);
      length = 0;
      flush();
    }
  }
}
