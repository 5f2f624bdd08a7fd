// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import io.procpool.spi.SharedBlock;
import io.procpool.spi.SharedStore;
import io.procpool.spi.Synchronizers;
import io.procpool.sync.ProcessLock;
import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A {@code byte} in memory that all processes of the session see: what an atomic variable is to the
 * threads of one process. A handle can be captured by a task, passed, returned, or put in a message; every copy is the same
 * number. No method blocks or copies anything but the number.
 *
 * <p><b>Visibility.</b> As of the JDK's atomic classes, and between processes too: who gets a value that another process has
 * {@code set} also sees what that process wrote to shared memory before. {@code getPlain} and {@code setPlain} promise
 * nothing of the kind, and are for use under a lock.
 *
 * <p><b>Life.</b> {@link #close()} ends the use of this handle; every other method throws {@link IllegalStateException} after that.
 * When the handle that made the number is closed, or the last one there is in any process, no further handle can arrive
 * anywhere: close it when nobody needs to get it any more. Handles that have arrived go on working; the memory is
 * given back with the last one, at the latest when the session ends.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public final class SharedByte implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedByte(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedByte create(byte value) {
    SharedByte made = new SharedByte(SharedStore.installed().allocate("SharedByte", Integer.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedByte(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the number, with the effect of a volatile read. */
  public byte get() {
    return (byte) (int) INT.getVolatile(memory(), 0);
  }

  /** Changes the number, with the effect of a volatile write. */
  public void set(byte value) {
    INT.setVolatile(memory(), 0, value);
  }

  /** Returns the number, with the effect of a plain read. */
  public byte getPlain() {
    return (byte) (int) INT.get(memory(), 0);
  }

  /** Changes the number, with the effect of a plain write. */
  public void setPlain(byte value) {
    INT.set(memory(), 0, value);
  }

  /** Returns the number; later reads and writes stay behind it. */
  public byte getAcquire() {
    return (byte) (int) INT.getAcquire(memory(), 0);
  }

  /** Changes the number; earlier reads and writes stay before it. */
  public void setRelease(byte value) {
    INT.setRelease(memory(), 0, value);
  }

  /** Changes the number atomically and returns what it was. */
  public byte getAndSet(byte value) {
    return (byte) (int) INT.getAndSet(memory(), 0, value);
  }

  /** Changes the number atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSet(byte expected, byte value) {
    return INT.compareAndSet(memory(), 0, expected, value);
  }

  /** Adds atomically, modulo two to the power of 8, and returns what the number was. */
  public byte getAndAdd(byte delta) {
    while (true) {
      byte before = get();
      if (compareAndSet(before, (byte) (before + delta))) {
        return before;
      }
    }
  }

  /** As {@link #getAndAdd}, but returns what the number is then. */
  public byte addAndGet(byte delta) {
    return (byte) (getAndAdd(delta) + delta);
  }

  /**
   * Returns the lock that goes with this value: re-entrant, and the same one for every handle in every process. No other method
   * takes it; it is there for changes that are more than one step. It is closed with this handle.
   *
   * @throws OutOfSharedMemoryException if this is the first lock of the session, and there is no room for what all need
   */
  public ProcessLock lock() {
    return Synchronizers.installed().lockOf(block);
  }

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  public void close() {
    block.close();
  }

  /** Tells whether two handles are the same shared number, whatever its value. */
  @Override
  public boolean equals(Object other) {
    return other instanceof SharedByte shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedByte[closed]" : "SharedByte[" + get() + "]";
  }
}
