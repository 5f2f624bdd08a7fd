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
 * A {@code boolean} in memory that all processes of the session see: what an atomic variable is to the
 * threads of one process. A handle can be captured by a task, passed, returned, or put in a message; every copy is the same
 * value. No method blocks or copies anything but the value.
 *
 * <p><b>Visibility.</b> As of the JDK's atomic classes, and between processes too: who gets a value that another process has
 * {@code set} also sees what that process wrote to shared memory before. {@code getPlain} and {@code setPlain} promise
 * nothing of the kind, and are for use under a lock.
 *
 * <p><b>Life.</b> {@link #close()} ends the use of this handle; every other method throws {@link IllegalStateException} after that.
 * When the handle that made the value is closed, or the last one there is in any process, no further handle can arrive
 * anywhere: close it when nobody needs to get it any more. Handles that have arrived go on working; the memory is
 * given back with the last one, at the latest when the session ends.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public final class SharedBoolean implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedBoolean(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedBoolean create(boolean value) {
    SharedBoolean made =
        new SharedBoolean(SharedStore.installed().allocate("SharedBoolean", Integer.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedBoolean(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the value, with the effect of a volatile read. */
  public boolean get() {
    return (int) INT.getVolatile(memory(), 0) != 0;
  }

  /** Changes the value, with the effect of a volatile write. */
  public void set(boolean value) {
    INT.setVolatile(memory(), 0, value ? 1 : 0);
  }

  /** Returns the value, with the effect of a plain read. */
  public boolean getPlain() {
    return (int) INT.get(memory(), 0) != 0;
  }

  /** Changes the value, with the effect of a plain write. */
  public void setPlain(boolean value) {
    INT.set(memory(), 0, value ? 1 : 0);
  }

  /** Returns the value; later reads and writes stay behind it. */
  public boolean getAcquire() {
    return (int) INT.getAcquire(memory(), 0) != 0;
  }

  /** Changes the value; earlier reads and writes stay before it. */
  public void setRelease(boolean value) {
    INT.setRelease(memory(), 0, value ? 1 : 0);
  }

  /** Changes the value atomically and returns what it was. */
  public boolean getAndSet(boolean value) {
    return (int) INT.getAndSet(memory(), 0, value ? 1 : 0) != 0;
  }

  /** Changes the value atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSet(boolean expected, boolean value) {
    return INT.compareAndSet(memory(), 0, expected ? 1 : 0, value ? 1 : 0);
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

  /** Tells whether two handles are the same shared value, whatever it is. */
  @Override
  public boolean equals(Object other) {
    return other instanceof SharedBoolean shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedBoolean[closed]" : "SharedBoolean[" + get() + "]";
  }
}
