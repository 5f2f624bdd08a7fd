// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import io.procpool.spi.SharedBlock;
import io.procpool.spi.SharedStore;
import java.io.Serializable;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * Bytes in memory that several processes see. Without a name they are the session's, as a {@link SharedByteArray} is; with a
 * name, any program of the same user on this machine can open them. Numbers are in the machine's byte order. No method blocks.
 *
 * <p><b>Visibility.</b> The atomic methods and those called {@code volatile} order what is around them, between processes too;
 * everything else promises nothing and needs a lock or some other order.
 *
 * <p><b>Life.</b> {@link #close()} ends the use of this handle; every other method throws {@link IllegalStateException} after that.
 * Memory with a name lasts as long as a process has it open, whichever that is: the last one that closes it removes it. If the
 * last one is killed, it is removed when the next named memory is made. Memory without a name lives as a {@link SharedInt}.
 *
 * <p>Safe for use by multiple threads and processes.
 *
 * <pre>{@code
 * try (SharedMemory memory = SharedMemory.create("frames", 64 << 20)) { // another program: SharedMemory.open("frames")
 *   memory.copyFrom(8, frame, 0, frame.length);
 *   memory.setLongVolatile(0, frameNumber);
 * }
 * }</pre>
 */
public final class SharedMemory implements Serializable, AutoCloseable {
  private static final long serialVersionUID = 1;
  private static final VarHandle INT =
      MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
  private static final int PART_MASK = (1 << SharedBlock.PART_BITS) - 1;

  private final SharedBlock block;

  private SharedMemory(SharedBlock block) {
    this.block = block;
  }

  /**
   * Makes memory of this session, filled with zeros.
   *
   * @param bytes 0 or more
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedMemory create(long bytes) {
    return new SharedMemory(
        SharedStore.installed().allocate("SharedMemory", ArrayBounds.bytes(bytes, 1)));
  }

  /**
   * Makes memory under a name, filled with zeros.
   *
   * @param name 1 to 100 letters, digits, or {@code _ . -} after the first
   * @param bytes 0 or more, rounded up to a multiple of 4
   * @throws IllegalStateException if the name is in use
   * @throws OutOfSharedMemoryException if there is no room
   */
  public static SharedMemory create(String name, long bytes) {
    return new SharedMemory(SharedStore.installed().create(name, ArrayBounds.bytes(bytes, 1)));
  }

  /**
   * Opens memory by its name.
   *
   * @throws IllegalStateException if there is none of that name, or what there is was made by another version of procpool
   */
  public static SharedMemory open(String name) {
    return new SharedMemory(SharedStore.installed().open(name));
  }

  /** Returns the size in bytes, a multiple of 4. */
  public long bytes() {
    return block.bytes();
  }

  private long check(long at, int bytes) {
    block.checkOpen();
    Objects.checkFromIndexSize(at, bytes, block.bytes());
    if ((at & (bytes - 1)) != 0) {
      throw new IllegalArgumentException("at: " + at + " (expected: a multiple of " + bytes + ")");
    }
    return at;
  }

  /** Returns the byte at a place. */
  public byte getByte(long at) {
    return block.part(check(at, 1)).get((int) at & PART_MASK);
  }

  /** Changes the byte at a place. */
  public void setByte(long at, byte value) {
    block.part(check(at, 1)).put((int) at & PART_MASK, value);
  }

  /** Returns the {@code int} at a place, a multiple of 4. */
  public int getInt(long at) {
    return (int) INT.get(block.part(check(at, 4)), (int) at & PART_MASK);
  }

  /** Changes the {@code int} at a place, a multiple of 4. */
  public void setInt(long at, int value) {
    INT.set(block.part(check(at, 4)), (int) at & PART_MASK, value);
  }

  /** Returns the {@code int} at a place, a multiple of 4, with the effect of a volatile read. */
  public int getIntVolatile(long at) {
    return (int) INT.getVolatile(block.part(check(at, 4)), (int) at & PART_MASK);
  }

  /** Changes the {@code int} at a place, a multiple of 4, with the effect of a volatile write. */
  public void setIntVolatile(long at, int value) {
    INT.setVolatile(block.part(check(at, 4)), (int) at & PART_MASK, value);
  }

  /** Changes the {@code int} at a place, a multiple of 4, atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSetInt(long at, int expected, int value) {
    return INT.compareAndSet(block.part(check(at, 4)), (int) at & PART_MASK, expected, value);
  }

  /** Adds to the {@code int} at a place, a multiple of 4, atomically and returns what it was. */
  public int getAndAddInt(long at, int delta) {
    return (int) INT.getAndAdd(block.part(check(at, 4)), (int) at & PART_MASK, delta);
  }

  /** Returns the {@code long} at a place, a multiple of 8. */
  public long getLong(long at) {
    return (long) LONG.get(block.part(check(at, 8)), (int) at & PART_MASK);
  }

  /** Changes the {@code long} at a place, a multiple of 8. */
  public void setLong(long at, long value) {
    LONG.set(block.part(check(at, 8)), (int) at & PART_MASK, value);
  }

  /** Returns the {@code long} at a place, a multiple of 8, with the effect of a volatile read. */
  public long getLongVolatile(long at) {
    return (long) LONG.getVolatile(block.part(check(at, 8)), (int) at & PART_MASK);
  }

  /** Changes the {@code long} at a place, a multiple of 8, with the effect of a volatile write. */
  public void setLongVolatile(long at, long value) {
    LONG.setVolatile(block.part(check(at, 8)), (int) at & PART_MASK, value);
  }

  /** Changes the {@code long} at a place, a multiple of 8, atomically if it is the expected one; tells whether it was. */
  public boolean compareAndSetLong(long at, long expected, long value) {
    return LONG.compareAndSet(block.part(check(at, 8)), (int) at & PART_MASK, expected, value);
  }

  /** Adds to the {@code long} at a place, a multiple of 8, atomically and returns what it was. */
  public long getAndAddLong(long at, long delta) {
    return (long) LONG.getAndAdd(block.part(check(at, 8)), (int) at & PART_MASK, delta);
  }

  /** Copies bytes, from a place on, to a part of a Java array. */
  public void copyTo(long from, byte[] target, int offset, int count) {
    ArrayBounds.check(from, bytes(), offset, target.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(from + done, count - done);
      int bytes = run.remaining();
      run.get(target, offset + done, bytes);
      done += bytes;
    }
  }

  /** Copies a part of a Java array to the bytes from a place on. */
  public void copyFrom(long to, byte[] source, int offset, int count) {
    ArrayBounds.check(to, bytes(), offset, source.length, count);
    for (int done = 0; done < count; ) {
      ByteBuffer run = run(to + done, count - done);
      int bytes = run.remaining();
      run.put(source, offset + done, bytes);
      done += bytes;
    }
  }

  /** Returns so many bytes, or fewer where a part of the block ends. */
  private ByteBuffer run(long from, long count) {
    block.checkOpen();
    ByteBuffer part = block.part(from);
    int start = (int) from & PART_MASK;
    long end = Math.min(part.capacity(), start + count);
    return part.slice(start, (int) end - start).order(ByteOrder.nativeOrder());
  }

  /**
   * Returns a view of some bytes, in the machine's order: the same memory. Because the view can still be used after {@link
   * #close()}, the memory is not given back before the view is collected; up to 8 KiB without a name not before this process
   * ends.
   *
   * @throws IllegalStateException if the bytes do not lie in one part of 1 GiB
   */
  public ByteBuffer asByteBuffer(long from, int count) {
    Objects.checkFromIndexSize(from, count, bytes());
    if (count == 0) {
      return ByteBuffer.allocate(0).order(ByteOrder.nativeOrder());
    }
    block.pin();
    ByteBuffer view = run(from, count);
    ArrayBounds.checkWhole(view.remaining(), count);
    return view;
  }

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  public void close() {
    block.close();
  }

  /** Tells whether two handles are the same memory, whatever is in it. */
  @Override
  public boolean equals(Object other) {
    return other instanceof SharedMemory shared && shared.block.equals(block);
  }

  @Override
  public int hashCode() {
    return block.hashCode();
  }

  @Override
  public String toString() {
    return "SharedMemory[" + (block.isClosed() ? "closed" : bytes() + " bytes") + "]";
  }
}
