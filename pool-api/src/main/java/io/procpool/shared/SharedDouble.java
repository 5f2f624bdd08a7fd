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
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/**
 * A {@code double} in memory that all processes of the session see: what an atomic variable is to the
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
public final class SharedDouble implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle DOUBLE =
      MethodHandles.byteBufferViewVarHandle(double[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedDouble(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedDouble create(double value) {
    SharedDouble made =
        new SharedDouble(SharedStore.installed().allocate("SharedDouble", Double.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedDouble(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the number, with the effect of a volatile read. */
  public double get() {
    return (double) DOUBLE.getVolatile(memory(), 0);
  }

  /** Changes the number, with the effect of a volatile write. */
  public void set(double value) {
    DOUBLE.setVolatile(memory(), 0, value);
  }

  /** Returns the number, with the effect of a plain read. */
  public double getPlain() {
    return (double) DOUBLE.get(memory(), 0);
  }

  /** Changes the number, with the effect of a plain write. */
  public void setPlain(double value) {
    DOUBLE.set(memory(), 0, value);
  }

  /** Returns the number; later reads and writes stay behind it. */
  public double getAcquire() {
    return (double) DOUBLE.getAcquire(memory(), 0);
  }

  /** Changes the number; earlier reads and writes stay before it. */
  public void setRelease(double value) {
    DOUBLE.setRelease(memory(), 0, value);
  }

  /** Changes the number atomically and returns what it was. */
  public double getAndSet(double value) {
    return (double) DOUBLE.getAndSet(memory(), 0, value);
  }

  /** Changes the number atomically if it has the expected bits; tells whether it had. */
  public boolean compareAndSet(double expected, double value) {
    return DOUBLE.compareAndSet(memory(), 0, expected, value);
  }

  /** Adds atomically and returns what the number was. */
  public double getAndAdd(double delta) {
    while (true) {
      double before = get();
      if (compareAndSet(before, before + delta)) {
        return before;
      }
    }
  }

  /** Adds atomically and returns what the number is then. */
  public double addAndGet(double delta) {
    return getAndAdd(delta) + delta;
  }

  /**
   * Changes the number atomically and returns what it was. The function is called again whenever somebody else changes the
   * number meanwhile, so it should have no effect.
   */
  public double getAndUpdate(DoubleUnaryOperator update) {
    while (true) {
      double before = get();
      if (compareAndSet(before, update.applyAsDouble(before))) {
        return before;
      }
    }
  }

  /** As {@link #getAndUpdate}, but returns what the number is then. */
  public double updateAndGet(DoubleUnaryOperator update) {
    while (true) {
      double before = get();
      double after = update.applyAsDouble(before);
      if (compareAndSet(before, after)) {
        return after;
      }
    }
  }

  /** Combines the number with another atomically and returns what it is then; see {@link #getAndUpdate}. */
  public double accumulateAndGet(double other, DoubleBinaryOperator combine) {
    return updateAndGet(number -> combine.applyAsDouble(number, other));
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
    return other instanceof SharedDouble shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedDouble[closed]" : "SharedDouble[" + get() + "]";
  }
}
