// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Some mapped memory that several processes see: what a shared value or array is made of. Implementations come from a {@link
 * SharedStore} and are serialized as the name of the memory, so that a copy in another process of the session is the same
 * memory. Safe for use by multiple threads; what they do to the bytes is their own business.
 */
public abstract class SharedBlock implements Serializable, AutoCloseable {
  /** A part has two to the power of this many bytes, the last one what is left. */
  public static final int PART_BITS = 30;

  /** What a lock takes. */
  public static final int LOCK_BYTES = 24;

  private static final long serialVersionUID = 1;

  private final transient ByteBuffer[] parts;
  private final transient long bytes;
  // Neither volatile nor guarded: the memory stays mapped, so that one who sees this late does no
  // harm.
  private transient boolean closed;

  /**
   * Takes over mapped memory.
   *
   * @param parts the memory, in parts of two to the power of {@value #PART_BITS} bytes; with {@link #room} for the lock
   * @param bytes the size without that
   */
  protected SharedBlock(ByteBuffer[] parts, long bytes) {
    this.parts = parts.clone();
    for (int i = 0; i < parts.length; i++) {
      this.parts[i] = parts[i].slice().order(ByteOrder.nativeOrder());
    }
    this.bytes = bytes;
  }

  /** Returns where the room for the block's lock begins, {@value #LOCK_BYTES} bytes in one part, after what the block holds. */
  public final long lockAt() {
    return lockAt(bytes);
  }

  private static long lockAt(long bytes) {
    long aligned = bytes + 7 & -8;
    long partBytes = 1L << PART_BITS;
    long left = partBytes - (aligned & partBytes - 1);
    return left < LOCK_BYTES ? aligned + left : aligned;
  }

  /** Returns how much memory a block of so many bytes takes with its lock. */
  public static long room(long bytes) {
    return lockAt(bytes) + LOCK_BYTES;
  }

  /** Returns the part that has the byte at this place. */
  public final ByteBuffer part(long at) {
    return parts[(int) (at >>> PART_BITS)];
  }

  /** Returns the size, without the lock. */
  public final long bytes() {
    return bytes;
  }

  /**
   * Fails if this handle is closed.
   *
   * @throws IllegalStateException if so
   */
  public final void checkOpen() {
    if (closed) {
      throw new IllegalStateException(describe() + " is closed");
    }
  }

  /** Tells whether this handle is closed. */
  public final boolean isClosed() {
    return closed;
  }

  /** Marks it as closed, before anything is given back. */
  protected final void markClosed() {
    closed = true;
  }

  /** Says that a view of the memory was given out: it must not become another's memory while this process lives. */
  public abstract void pin();

  /** Returns what it is, for messages. */
  protected abstract String describe();

  /**
   * Ends the use by this handle; a second call has no effect. If the handle is the one that made the block, or the last one of
   * any process, nobody can get hold of the block from now on, and the memory is given back when the last one lets go.
   */
  @Override
  public abstract void close();

  @Override
  public String toString() {
    return describe();
  }
}
