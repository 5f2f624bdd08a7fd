// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import io.procpool.spi.SharedBlock;
import io.procpool.spi.SharedStore;
import io.procpool.spi.Synchronizers;
import io.procpool.sync.ProcessLock;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * An array of {@code byte} in memory that all processes of the session see. A handle, or a {@link #slice} of it, can be captured by a
 * task, passed, returned, or put in a message; every copy is the same memory, and nothing is copied but what {@link #copyTo} and
 * {@link #copyFrom} copy. Indices are {@code long}: an array may be larger than 2 GiB. No method blocks.
 *
 * <p><b>Visibility.</b> {@code get} and {@code set} have the effect of volatile access, between processes too; {@code getPlain},
 * {@code setPlain}, {@code fill}, the copies and the view promise nothing, and need a lock or some other order.
 *
 * <p><b>Life.</b> As of a {@link SharedByte}; closing a slice closes the handle it is a slice of.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public final class SharedByteArray implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final int BYTES = 1;
  private static final int SHIFT = 0;
  private static final int PART_MASK = (1 << SharedBlock.PART_BITS) - 1;

  private final SharedBlock block;
  private final long first; // of a slice, in the whole array
  private final long length;

  private SharedByteArray(SharedBlock block, long first, long length) {
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
  public static SharedByteArray create(long length) {
    long bytes = ArrayBounds.bytes(length, BYTES);
    return new SharedByteArray(
        SharedStore.installed().allocate("SharedByteArray", bytes), 0, length);
  }

  /**
   * Makes an array of the given elements.
   *
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedByteArray of(byte... elements) {
    SharedByteArray made = create(elements.length);
    made.copyFrom(0, elements, 0, elements.length);
    return made;
  }

  private Object readResolve() {
    Objects.checkFromIndexSize(first, length, block.bytes() >> SHIFT);
    return new SharedByteArray(block, first, length);
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
  public byte get(long index) {
    long at = at(index);
    return (byte) NarrowAccess.getVolatile(block.part(at), (int) at & PART_MASK, BYTES);
  }

  /** Changes an element, with the effect of a volatile write. */
  public void set(long index, byte value) {
    long at = at(index);
    NarrowAccess.getAndSet(block.part(at), (int) at & PART_MASK, BYTES, value);
  }

  /** Returns an element, with the effect of a plain read. */
  public byte getPlain(long index) {
    long at = at(index);
    return block.part(at).get((int) at & PART_MASK);
  }

  /** Changes an element, with the effect of a plain write. */
  public void setPlain(long index, byte value) {
    long at = at(index);
    block.part(at).put((int) at & PART_MASK, value);
  }

  /** Changes an element atomically and returns what it was. */
  public byte getAndSet(long index, byte value) {
    long at = at(index);
    return (byte) NarrowAccess.getAndSet(block.part(at), (int) at & PART_MASK, BYTES, value);
  }

  /** Changes an element atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSet(long index, byte expected, byte value) {
    long at = at(index);
    return NarrowAccess.compareAndSet(block.part(at), (int) at & PART_MASK, BYTES, expected, value);
  }

  /** Adds to an element atomically, modulo two to the power of 8, and returns what it was. */
  public byte getAndAdd(long index, byte delta) {
    long at = at(index);
    return (byte) NarrowAccess.getAndAdd(block.part(at), (int) at & PART_MASK, BYTES, delta);
  }

  /** Adds to an element atomically, modulo two to the power of 8, and returns what it is then. */
  public byte addAndGet(long index, byte delta) {
    return (byte) (getAndAdd(index, delta) + delta);
  }

  /** Gives all elements a value. */
  public void fill(byte value) {
    fill(0, length, value);
  }

  /** Gives the elements from one index to another, exclusive, a value. */
  public void fill(long from, long to, byte value) {
    Objects.checkFromToIndex(from, to, length);
    for (long done = from; done < to; ) {
      ByteBuffer run = run(done, to - done);
      done += run.remaining();
      while (run.hasRemaining()) {
        run.put(value);
      }
    }
  }

  /** Copies elements, from an index on, to a part of a Java array. */
  public void copyTo(long from, byte[] target, int offset, int count) {
    ArrayBounds.check(from, length, offset, target.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(from + done, count - done);
      int elements = run.remaining() >> SHIFT;
      run.get(target, offset + done, elements);
      done += elements;
    }
  }

  /** Copies a part of a Java array to the elements from an index on. */
  public void copyFrom(long to, byte[] source, int offset, int count) {
    ArrayBounds.check(to, length, offset, source.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(to + done, count - done);
      int elements = run.remaining() >> SHIFT;
      run.put(source, offset + done, elements);
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
  public byte[] toArray() {
    byte[] copy = new byte[ArrayBounds.toInt(length)];
    copyTo(0, copy, 0, copy.length);
    return copy;
  }

  /** Returns a view of the elements from one index to another, exclusive: the same memory. */
  public SharedByteArray slice(long from, long to) {
    Objects.checkFromToIndex(from, to, length);
    return new SharedByteArray(block, first + from, to - from);
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
    return other instanceof SharedByteArray shared
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
    return "SharedByteArray[" + (block.isClosed() ? "closed" : "length " + length) + "]";
  }
}
