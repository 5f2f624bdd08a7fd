// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.nio.charset.Charset;
import java.util.Arrays;

/** The last bytes of a stream. Safe for use by multiple threads. */
public final class OutputTail implements OutputSink {
  private static final int FIRST_BYTES = 1024;

  private final int capacity;
  private byte[] ring = new byte[0]; // guarded by this
  private long written; // guarded by this

  /** Keeps at most so many bytes. */
  public OutputTail(int capacity) {
    this.capacity = capacity;
  }

  @Override
  public synchronized void write(byte[] bytes, int length) {
    makeRoom(length);
    int from = Math.max(0, length - ring.length);
    int at = (int) ((written + from) % ring.length);
    int first = Math.min(length - from, ring.length - at);
    System.arraycopy(bytes, from, ring, at, first);
    System.arraycopy(bytes, from + first, ring, 0, length - from - first);
    written += length;
  }

  /** Lets the ring grow, which has not been filled yet, so that its beginning stays where it is. */
  private void makeRoom(int length) {
    long needed = written + length;
    if (needed > ring.length && ring.length < capacity) {
      long doubled = Math.max(FIRST_BYTES, Math.max(needed, 2L * ring.length));
      ring = Arrays.copyOf(ring, (int) Math.min(capacity, doubled));
    }
  }

  /** Returns a copy of what is there. */
  public synchronized byte[] bytes() {
    if (written <= ring.length) {
      return Arrays.copyOf(ring, (int) written);
    }
    int at = (int) (written % ring.length);
    byte[] last = new byte[ring.length];
    System.arraycopy(ring, at, last, 0, ring.length - at);
    System.arraycopy(ring, 0, last, ring.length - at, at);
    return last;
  }

  /** Returns how many bytes are not there any more. */
  public synchronized long droppedBytes() {
    return Math.max(0, written - capacity);
  }

  /** Returns what is there as text, beginning at a line if something was cut off. */
  public String text() {
    byte[] last;
    boolean cut;
    synchronized (this) {
      last = bytes();
      cut = droppedBytes() > 0;
    }
    String text = new String(last, Charset.defaultCharset());
    return cut && text.indexOf('\n') >= 0 ? text.substring(text.indexOf('\n') + 1) : text;
  }
}
