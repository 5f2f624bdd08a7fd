// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.sync.ProcessLock;
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

  private static final long serialVersionUID = 1;

  private final transient ByteBuffer[] parts;
  private final transient long bytes;
  // Neither volatile nor guarded: the memory stays mapped, so that one who sees this late does no
  // harm.
  private transient boolean closed;

  /**
   * Takes over mapped memory.
   *
   * @param parts the memory, in parts of two to the power of {@value #PART_BITS} bytes
   */
  protected SharedBlock(ByteBuffer[] parts, long bytes) {
    this.parts = parts.clone();
    for (int i = 0; i < parts.length; i++) {
      this.parts[i] = parts[i].slice().order(ByteOrder.nativeOrder());
    }
    this.bytes = bytes;
  }

  /** Returns the part that has the byte at this place. */
  public final ByteBuffer part(long at) {
    return parts[(int) (at >>> PART_BITS)];
  }

  /** Returns the size. */
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

  /**
   * Returns the lock that goes with the block.
   *
   * @throws UnsupportedOperationException if it has none
   */
  public abstract ProcessLock lock();

  /** Returns what it is, for messages. */
  protected abstract String describe();

  /**
   * Ends the use by this handle; a second call has no effect. If the handle is the one that made the block, or the last one of
   * any process, nobody can get hold of the block from now on, and the memory is given back when the last one lets go.
   */
  @Override
  public abstract void close();
}
