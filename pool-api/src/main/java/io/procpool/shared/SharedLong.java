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
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * A {@code long} in memory that all processes of the session see: what {@link java.util.concurrent.atomic.AtomicLong} is
 * to the threads of one process. A handle can be captured by a task, passed, returned, or put in a message; every copy is the same
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
public final class SharedLong implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedLong(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedLong create(long value) {
    SharedLong made = new SharedLong(SharedStore.installed().allocate("SharedLong", Long.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedLong(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the number, with the effect of a volatile read. */
  public long get() {
    return (long) LONG.getVolatile(memory(), 0);
  }

  /** Changes the number, with the effect of a volatile write. */
  public void set(long value) {
    LONG.setVolatile(memory(), 0, value);
  }

  /** Returns the number, with the effect of a plain read. */
  public long getPlain() {
    return (long) LONG.get(memory(), 0);
  }

  /** Changes the number, with the effect of a plain write. */
  public void setPlain(long value) {
    LONG.set(memory(), 0, value);
  }

  /** Returns the number; later reads and writes stay behind it. */
  public long getAcquire() {
    return (long) LONG.getAcquire(memory(), 0);
  }

  /** Changes the number; earlier reads and writes stay before it. */
  public void setRelease(long value) {
    LONG.setRelease(memory(), 0, value);
  }

  /** Changes the number atomically and returns what it was. */
  public long getAndSet(long value) {
    return (long) LONG.getAndSet(memory(), 0, value);
  }

  /** Changes the number atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSet(long expected, long value) {
    return LONG.compareAndSet(memory(), 0, expected, value);
  }

  /** Adds atomically and returns what the number was. */
  public long getAndAdd(long delta) {
    return (long) LONG.getAndAdd(memory(), 0, delta);
  }

  /** Adds atomically and returns what the number is then. */
  public long addAndGet(long delta) {
    return getAndAdd(delta) + delta;
  }

  /** Adds one atomically and returns what the number is then. */
  public long incrementAndGet() {
    return addAndGet(1);
  }

  /** Takes one away atomically and returns what the number is then. */
  public long decrementAndGet() {
    return addAndGet(-1);
  }

  /**
   * Changes the number atomically and returns what it was. The function is called again whenever somebody else changes the
   * number meanwhile, so it should have no effect.
   */
  public long getAndUpdate(LongUnaryOperator update) {
    while (true) {
      long before = get();
      if (compareAndSet(before, update.applyAsLong(before))) {
        return before;
      }
    }
  }

  /** As {@link #getAndUpdate}, but returns what the number is then. */
  public long updateAndGet(LongUnaryOperator update) {
    while (true) {
      long before = get();
      long after = update.applyAsLong(before);
      if (compareAndSet(before, after)) {
        return after;
      }
    }
  }

  /** Combines the number with another atomically and returns what it is then; see {@link #getAndUpdate}. */
  public long accumulateAndGet(long other, LongBinaryOperator combine) {
    return updateAndGet(number -> combine.applyAsLong(number, other));
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
    return other instanceof SharedLong shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedLong[closed]" : "SharedLong[" + get() + "]";
  }
}
