// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.nio.charset.Charset;

/** The last bytes of a stream. Safe for use by multiple threads. */
final class StderrTail {
  private static final int BYTES = 16 * 1024;

  private byte[] ring = new byte[0]; // guarded by this
  private long written; // guarded by this

  synchronized void add(byte[] bytes, int length) {
    if (ring.length == 0) {
      ring = new byte[BYTES];
    }
    int from = Math.max(0, length - BYTES);
    for (int i = from; i < length; i++) {
      ring[(int) ((written + i) % BYTES)] = bytes[i];
    }
    written += length;
  }

  /** Returns what is there, beginning at a line if something was cut off. */
  synchronized String text() {
    int length = (int) Math.min(written, ring.length);
    byte[] last = new byte[length];
    for (int i = 0; i < length; i++) {
      last[i] = ring[(int) ((written - length + i) % BYTES)];
    }
    String text = new String(last, Charset.defaultCharset());
    if (written > BYTES && text.indexOf('\n') >= 0) {
      text = text.substring(text.indexOf('\n') + 1);
    }
    return text;
  }
}
