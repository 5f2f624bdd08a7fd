// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A stream of bytes in memory that two processes share, from the one to the other. One thread at a time writes, one reads; neither waits here: who has to
 * says so, and then looks again before it sleeps.
 */
public final class FrameRing {
  /*
   *   0        8                 64       72                128      132              192            192 + CAPACITY
   *   +--------+------+  pad  +--------+--------+  pad  +--------+--------+  pad  +----------------+
   *   | tail   |      |       | head   |        |       | reader | writer |       | bytes          |
   *   |        |      |       |        |        |       | sleeps | waits  |       |                |
   *   +--------+------+-------+--------+--------+-------+--------+--------+-------+----------------+
   *   So many bytes have been written and read, in all. Bytes are there once the tail counts them.
   */
  static final int CAPACITY = 128 * 1024;
  static final int BYTES_OFFSET = 192;

  /** What a ring takes. */
  public static final int RING_BYTES = BYTES_OFFSET + CAPACITY;

  private static final int PIECE_BYTES = 32 * 1024;
  private static final int TAIL = 0;
  private static final int HEAD = 64;
  private static final int READER_SLEEPS = 128;
  private static final int WRITER_WAITS = 132;
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final ByteBuffer memory;
  private long tail; // the writer's
  private long headSeen; // the writer's
  private long head; // the reader's

  /** Takes over a ring; one in memory full of zeros is empty. */
  public FrameRing(ByteBuffer memory) {
    this.memory = memory.order(ByteOrder.nativeOrder());
  }

  /** Empties it, when no other process has it. */
  void reset() {
    LONG.setVolatile(memory, TAIL, 0L);
    LONG.setVolatile(memory, HEAD, 0L);
    INT.setVolatile(memory, READER_SLEEPS, 0);
    INT.setVolatile(memory, WRITER_WAITS, 0);
    tail = 0;
    headSeen = 0;
    head = 0;
  }

  /** Writes as much as there is room for; the reader sees it after {@link #publish()}. */
  public void write(ByteBuffer source) throws IOException {
    long room = CAPACITY - (tail - headSeen);
    if (room < source.remaining()) {
      headSeen = (long) LONG.getAcquire(memory, HEAD);
      room = CAPACITY - (tail - headSeen);
      if (room < 0 || room > CAPACITY) {
        throw new IOException(
            "a ring is damaged: " + tail + " bytes were written, " + headSeen + " read");
      }
    }
    int left = (int) Math.min(room, source.remaining());
    while (left > 0) {
      int at = (int) tail & CAPACITY - 1;
      int length = Math.min(Math.min(left, PIECE_BYTES), CAPACITY - at);
      memory.put(BYTES_OFFSET + at, source, source.position(), length);
      source.position(source.position() + length);
      tail += length;
      left -= length;
      if (left > 0) {
        LONG.setRelease(memory, TAIL, tail); // so that a reader that is awake copies meanwhile
      }
    }
  }

  /** Has the reader see what was written; tells whether it sleeps and must be woken. */
  public boolean publish() {
    LONG.setVolatile(memory, TAIL, tail);
    return (int) INT.getVolatile(memory, READER_SLEEPS) != 0
        && (int) INT.getAndSet(memory, READER_SLEEPS, 0) != 0;
  }

  /** Says that the writer waits for room; it must look again after this. */
  public void writerWaits() {
    INT.setVolatile(memory, WRITER_WAITS, 1);
  }

  /** Tells whether there is room for more. */
  public boolean hasRoom() {
    return tail - (long) LONG.getAcquire(memory, HEAD) < CAPACITY;
  }

  /** Returns how much has been written that was not read. */
  public long unread() {
    return tail - (long) LONG.getVolatile(memory, HEAD);
  }

  /** Tells whether there is something to read. */
  public boolean isReady() {
    return (long) LONG.getVolatile(memory, TAIL) != head;
  }

  /** Says that the reader is about to sleep; it must look again after this. */
  public void readerSleeps() {
    INT.setVolatile(memory, READER_SLEEPS, 1);
  }

  /** Returns some of what can be read; valid until {@link #consumed}. */
  public ByteBuffer readable() throws IOException {
    long available = (long) LONG.getVolatile(memory, TAIL) - head;
    if (available < 0 || available > CAPACITY) {
      throw new IOException("a ring is damaged: " + available + " bytes are said to be in it");
    }
    int at = (int) head & CAPACITY - 1;
    int length = (int) Math.min(Math.min(available, PIECE_BYTES), CAPACITY - at);
    return memory.slice(BYTES_OFFSET + at, length);
  }

  /** Says that so many bytes have been read; tells whether the writer waits and must be told. */
  public boolean consumed(int bytes) {
    head += bytes;
    LONG.setVolatile(memory, HEAD, head);
    return (int) INT.getVolatile(memory, WRITER_WAITS) != 0
        && (int) INT.getAndSet(memory, WRITER_WAITS, 0) != 0;
  }
}
