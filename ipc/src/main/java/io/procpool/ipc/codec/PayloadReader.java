// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Where a payload is read from: what remains of a given buffer, or a byte array. Every read is checked: past the end it
 * throws {@link PayloadFormatException}, and a count is compared with the bytes that remain before anything of that size is
 * allocated. Not safe for use by multiple threads.
 */
public final class PayloadReader {
  private final ByteBuffer buffer;

  /** Makes a reader of the bytes between position and limit of the given buffer, whose position stays as it is. */
  public PayloadReader(ByteBuffer source) {
    this.buffer = source.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Makes a reader of all the given bytes. */
  public PayloadReader(byte[] source) {
    this.buffer = ByteBuffer.wrap(source).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Reads one byte. */
  public byte getByte() throws PayloadFormatException {
    return require(1).get();
  }

  /** Reads two bytes. */
  public short getShort() throws PayloadFormatException {
    return require(2).getShort();
  }

  /** Reads four bytes. */
  public int getInt() throws PayloadFormatException {
    return require(4).getInt();
  }

  /** Reads eight bytes. */
  public long getLong() throws PayloadFormatException {
    return require(8).getLong();
  }

  /** Reads an unsigned number as {@link PayloadWriter#putVarint} writes it. */
  public int getVarint() throws PayloadFormatException {
    int first = getByte();
    if (first >= 0) {
      return first;
    }
    int value = first & 0x7f;
    for (int shift = 7; shift < 35; shift += 7) {
      int next = getByte();
      if (shift == 28 && (next & 0xf0) != 0) {
        break;
      }
      value |= (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new PayloadFormatException(
        "number at byte " + buffer.position() + " has more than 32 bits");
  }

  /**
   * Reads the count of elements that follow, and checks that the payload is long enough for them.
   *
   * @param elementBytes the least that one element takes, 1 or more
   */
  public int getCount(int elementBytes) throws PayloadFormatException {
    int count = getVarint();
    if (count < 0 || (long) count * elementBytes > buffer.remaining()) {
      throw new PayloadFormatException(Integer.toUnsignedString(count)
          + " elements are announced at byte "
          + buffer.position()
          + ", but only "
          + buffer.remaining()
          + " bytes follow");
    }
    return count;
  }

  /** Reads so many bytes into a new array. */
  public byte[] getBytes(int length) throws PayloadFormatException {
    ByteBuffer source = require(length);
    byte[] bytes = new byte[length];
    source.get(bytes);
    return bytes;
  }

  /** Returns the next bytes as a part of the same memory, without a copy, and goes past them. */
  public ByteBuffer getSlice(int length) throws PayloadFormatException {
    ByteBuffer source = require(length);
    int start = source.position();
    ByteBuffer slice = source.slice(start, length).order(ByteOrder.LITTLE_ENDIAN);
    source.position(start + length);
    return slice;
  }

  /** Returns how many bytes were read. */
  public int position() {
    return buffer.position();
  }

  /** Goes back to a position that {@link #position()} returned. */
  public void position(int position) {
    buffer.position(position);
  }

  /** Returns how many bytes are left. */
  public int remaining() {
    return buffer.remaining();
  }

  /** Returns the buffer, with so many bytes at its position. The caller moves the position past what it got. */
  ByteBuffer require(int bytes) throws PayloadFormatException {
    if (bytes < 0 || bytes > buffer.remaining()) {
      throw ended(bytes);
    }
    return buffer;
  }

  private PayloadFormatException ended(int bytes) {
    return new PayloadFormatException("payload of "
        + buffer.limit()
        + " bytes ends too early: "
        + Integer.toUnsignedString(bytes)
        + " bytes expected at byte "
        + buffer.position());
  }
}
