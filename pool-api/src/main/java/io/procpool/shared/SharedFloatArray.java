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
import java.nio.FloatBuffer;
import java.util.Objects;

/**
 * An array of {@code float} in memory that all processes of the session see. A handle, or a {@link #slice} of it, can be captured by a
 * task, passed, returned, or put in a message; every copy is the same memory, and nothing is copied but what {@link #copyTo} and
 * {@link #copyFrom} copy. Indices are {@code long}: an array may be larger than 2 GiB. No method blocks.
 *
 * <p><b>Visibility.</b> {@code get} and {@code set} have the effect of volatile access, between processes too; {@code getPlain},
 * {@code setPlain}, {@code fill}, the copies and the views promise nothing, and need a lock or some other order.
 *
 * <p><b>Life.</b> As of a {@link SharedFloat}; closing a slice closes the handle it is a slice of.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public final class SharedFloatArray implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle FLOAT =
      MethodHandles.byteBufferViewVarHandle(float[].class, ByteOrder.nativeOrder());
  private static final int SHIFT = 2;
  private static final int PART_MASK = (1 << SharedBlock.PART_BITS) - 1;

  private final SharedBlock block;
  private final long first; // of a slice, in the whole array
  private final long length;

  private SharedFloatArray(SharedBlock block, long first, long length) {
    this.block = block;
    this.first = first;
    this.length = length;
  }

  /**
   * Makes an array of zeros.
   *
   * @param length 0 or more
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedFloatArray create(long length) {
    long bytes = ArrayBounds.bytes(length, Float.BYTES);
    return new SharedFloatArray(
        SharedStore.installed().allocate("SharedFloatArray", bytes), 0, length);
  }

  /**
   * Makes an array of the given elements.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedFloatArray of(float... elements) {
    SharedFloatArray made = create(elements.length);
    made.copyFrom(0, elements, 0, elements.length);
    return made;
  }

  private Object readResolve() {
    Objects.checkFromIndexSize(first, length, block.bytes() >> SHIFT);
    return new SharedFloatArray(block, first, length);
  }

  /** Returns the number of elements. */
  public long length() {
    return length;
  }

  /** Returns where in the block an element is; its part and its place there follow from that. */
  private long at(long index) {
    block.checkOpen();
    return first + Objects.checkIndex(index, length) << SHIFT;
  }

  /** Returns an element, with the effect of a volatile read. */
  public float get(long index) {
    long at = at(index);
    return (float) FLOAT.getVolatile(block.part(at), (int) at & PART_MASK);
  }

  /** Changes an element, with the effect of a volatile write. */
  public void set(long index, float value) {
    long at = at(index);
    FLOAT.setVolatile(block.part(at), (int) at & PART_MASK, value);
  }

  /** Returns an element, with the effect of a plain read. */
  public float getPlain(long index) {
    long at = at(index);
    return (float) FLOAT.get(block.part(at), (int) at & PART_MASK);
  }

  /** Changes an element, with the effect of a plain write. */
  public void setPlain(long index, float value) {
    long at = at(index);
    FLOAT.set(block.part(at), (int) at & PART_MASK, value);
  }

  /** Changes an element atomically and returns what it was. */
  public float getAndSet(long index, float value) {
    long at = at(index);
    return (float) FLOAT.getAndSet(block.part(at), (int) at & PART_MASK, value);
  }

  /** Changes an element atomically if it has the expected bits; tells whether it had. */
  public boolean compareAndSet(long index, float expected, float value) {
    long at = at(index);
    return FLOAT.compareAndSet(block.part(at), (int) at & PART_MASK, expected, value);
  }

  /** Adds to an element atomically and returns what it was. */
  public float getAndAdd(long index, float delta) {
    while (true) {
      float before = get(index);
      if (compareAndSet(index, before, before + delta)) {
        return before;
      }
    }
  }

  /** Adds to an element atomically and returns what it is then. */
  public float addAndGet(long index, float delta) {
    return getAndAdd(index, delta) + delta;
  }

  /** Gives all elements a value. */
  public void fill(float value) {
    fill(0, length, value);
  }

  /** Gives the elements from one index to another, exclusive, a value. */
  public void fill(long from, long to, float value) {
    Objects.checkFromToIndex(from, to, length);
    for (long done = from; done < to; ) {
      FloatBuffer run = run(done, to - done).asFloatBuffer();
      done += run.remaining();
      while (run.hasRemaining()) {
        run.put(value);
      }
    }
  }

  /** Copies elements, from an index on, to a part of a Java array. */
  public void copyTo(long from, float[] target, int offset, int count) {
    ArrayBounds.check(from, length, offset, target.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(from + done, count - done);
      int elements = run.remaining() >> SHIFT;
      run.asFloatBuffer().get(target, offset + done, elements);
      done += elements;
    }
  }

  /** Copies a part of a Java array to the elements from an index on. */
  public void copyFrom(long to, float[] source, int offset, int count) {
    ArrayBounds.check(to, length, offset, source.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(to + done, count - done);
      int elements = run.remaining() >> SHIFT;
      run.asFloatBuffer().put(source, offset + done, elements);
      done += elements;
    }
  }

  /** Returns so many elements as bytes, or fewer where a part of the block ends. */
  private ByteBuffer run(long from, long count) {
    long at = at(from);
    ByteBuffer part = block.part(at);
    int start = (int) at & PART_MASK;
    long end = Math.min(part.capacity(), start + (count << SHIFT));
    return part.slice(start, (int) end - start).order(ByteOrder.nativeOrder());
  }

  /** Returns a copy of all elements as a Java array, which must be able to hold them. */
  public float[] toArray() {
    float[] copy = new float[ArrayBounds.toInt(length)];
    copyTo(0, copy, 0, copy.length);
    return copy;
  }

  /** Returns a view of the elements from one index to another, exclusive: the same memory. */
  public SharedFloatArray slice(long from, long to) {
    Objects.checkFromToIndex(from, to, length);
    return new SharedFloatArray(block, first + from, to - from);
  }

  /** Returns a view of the elements as a matrix, row after row: the same memory. */
  public SharedFloatMatrix asMatrix(int rows, int columns) {
    return new SharedFloatMatrix(this, rows, columns);
  }

  /**
   * Returns a view of the elements' bytes, in the machine's order: the same memory. Because the view can still be used after
   * {@link #close()}, the memory is not given back before the view is collected; that of an array up to 8 KiB not before this
   * process ends.
   *
   * @throws IllegalStateException if the elements do not lie in one part of 1 GiB; take a slice then
   */
  public ByteBuffer asByteBuffer() {
    if (length == 0) {
      return ByteBuffer.allocate(0).order(ByteOrder.nativeOrder());
    }
    block.pin();
    ByteBuffer all = run(0, length);
    ArrayBounds.checkWhole(all.remaining(), length << SHIFT);
    return all;
  }

  /**
   * Returns the lock that goes with this array and its slices: re-entrant, and the same one for every handle in every process. No other method
   * takes it; it is there for changes that are more than one step. It is closed with this handle.
   *
   * @throws OutOfSharedMemoryException if this is the first lock of the session, and there is no room for what all need
   */
  public ProcessLock lock() {
    return Synchronizers.installed().lockOf(block);
  }

  /** Ends the use of this handle and its slices; a second call has no effect. */
  @Override
  public void close() {
    block.close();
  }

  /** Tells whether two handles are the same elements of the same shared array, whatever their values. */
  @Override
  public boolean equals(Object other) {
    return other instanceof SharedFloatArray shared
        && shared.block.equals(block)
        && shared.first == first
        && shared.length == length;
  }

  @Override
  public int hashCode() {
    return Objects.hash(block, first, length);
  }

  @Override
  public String toString() {
    return "SharedFloatArray[" + (block.isClosed() ? "closed" : "length " + length) + "]";
  }
}
