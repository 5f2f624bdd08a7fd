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
 * A {@code char} in memory that all processes of the session see: what an atomic variable is to the
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
public final class SharedChar implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());

  private final SharedBlock block;
  private final transient ByteBuffer memory;

  private SharedChar(SharedBlock block) {
    this.block = block;
    this.memory = block.part(0);
  }

  /**
   * Makes one.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedChar create(char value) {
    SharedChar made = new SharedChar(SharedStore.installed().allocate("SharedChar", Integer.BYTES));
    made.set(value);
    return made;
  }

  private Object readResolve() {
    return new SharedChar(block);
  }

  private ByteBuffer memory() {
    block.checkOpen();
    return memory;
  }

  /** Returns the value, with the effect of a volatile read. */
  public char get() {
    return (char) (int) INT.getVolatile(memory(), 0);
  }

  /** Changes the value, with the effect of a volatile write. */
  public void set(char value) {
    INT.setVolatile(memory(), 0, value);
  }

  /** Returns the value, with the effect of a plain read. */
  public char getPlain() {
    return (char) (int) INT.get(memory(), 0);
  }

  /** Changes the value, with the effect of a plain write. */
  public void setPlain(char value) {
    INT.set(memory(), 0, value);
  }

  /** Returns the value; later reads and writes stay behind it. */
  public char getAcquire() {
    return (char) (int) INT.getAcquire(memory(), 0);
  }

  /** Changes the value; earlier reads and writes stay before it. */
  public void setRelease(char value) {
    INT.setRelease(memory(), 0, value);
  }

  /** Changes the value atomically and returns what it was. */
  public char getAndSet(char value) {
    return (char) (int) INT.getAndSet(memory(), 0, value);
  }

  /** Changes the value atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSet(char expected, char value) {
    return INT.compareAndSet(memory(), 0, expected, value);
  }

  /** Adds atomically, modulo two to the power of 16, and returns what the value was. */
  public char getAndAdd(char delta) {
    while (true) {
      char before = get();
      if (compareAndSet(before, (char) (before + delta))) {
        return before;
      }
    }
  }

  /** As {@link #getAndAdd}, but returns what the value is then. */
  public char addAndGet(char delta) {
    return (char) (getAndAdd(delta) + delta);
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
    return other instanceof SharedChar shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return block.isClosed() ? "SharedChar[closed]" : "SharedChar[" + get() + "]";
  }
}
