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
 * A {@code float} in memory that all processes of the session see: what an atomic variable is to the
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
public final class SharedFloat implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle FLOAT =
      MethodHandles.byteBufferViewVarHandle(float[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedFloat(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedFloat create(float value) {
    SharedFloat made =
        new SharedFloat(SharedStore.installed().allocate("SharedFloat", Float.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedFloat(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the number, with the effect of a volatile read. */
  public float get() {
    return (float) FLOAT.getVolatile(memory(), 0);
  }

  /** Changes the number, with the effect of a volatile write. */
  public void set(float value) {
    FLOAT.setVolatile(memory(), 0, value);
  }

  /** Returns the number, with the effect of a plain read. */
  public float getPlain() {
    return (float) FLOAT.get(memory(), 0);
  }

  /** Changes the number, with the effect of a plain write. */
  public void setPlain(float value) {
    FLOAT.set(memory(), 0, value);
  }

  /** Returns the number; later reads and writes stay behind it. */
  public float getAcquire() {
    return (float) FLOAT.getAcquire(memory(), 0);
  }

  /** Changes the number; earlier reads and writes stay before it. */
  public void setRelease(float value) {
    FLOAT.setRelease(memory(), 0, value);
  }

  /** Changes the number atomically and returns what it was. */
  public float getAndSet(float value) {
    return (float) FLOAT.getAndSet(memory(), 0, value);
  }

  /** Changes the number atomically if it has the expected bits; tells whether it had. */
  public boolean compareAndSet(float expected, float value) {
    return FLOAT.compareAndSet(memory(), 0, expected, value);
  }

  /** Adds atomically and returns what the number was. */
  public float getAndAdd(float delta) {
    while (true) {
      float before = get();
      if (compareAndSet(before, before + delta)) {
        return before;
      }
    }
  }

  /** Adds atomically and returns what the number is then. */
  public float addAndGet(float delta) {
    return getAndAdd(delta) + delta;
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
    return other instanceof SharedFloat shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedFloat[closed]" : "SharedFloat[" + get() + "]";
  }
}
