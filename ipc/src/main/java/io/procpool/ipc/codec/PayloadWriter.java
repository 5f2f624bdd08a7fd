// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Where a payload is written: a heap buffer that grows up to a limit, or a given buffer of fixed size, such as a part of a
 * mapped segment. Numbers are little-endian, whatever the machine, so bulk copies are plain copies on the usual ones.
 *
 * <p>A put that does not fit writes nothing at all: it throws {@link PayloadTooLargeException} beyond the limit of a growing
 * writer, and {@link PayloadFullException} at the end of a fixed one. A caller that gives up goes back with
 * {@link #position(int)}. Not safe for use by multiple threads.
 */
public final class PayloadWriter {
  /** Limit of a writer made without one: 1 GiB, the largest frame, less room for what goes before a payload. */
  public static final int DEFAULT_LIMIT_BYTES = (1 << 30) - 1024;

  /** The largest buffer that {@link #reset()} keeps. */
  public static final int RETAINED_BYTES = 2 << 20;

  private static final int INITIAL_BYTES = 256;

  private ByteBuffer buffer;
  private final boolean fixed;
  private final int limitBytes;
  private @Nullable Shipment shipment;

  /** Makes a growing writer with the default limit. */
  public PayloadWriter() {
    this(INITIAL_BYTES, DEFAULT_LIMIT_BYTES);
  }

  /**
   * Makes a growing writer.
   *
   * @param initialBytes size to begin with
   * @param limitBytes size that no payload may pass
   */
  public PayloadWriter(int initialBytes, int limitBytes) {
    if (initialBytes < 0 || limitBytes < 0) {
      throw new IllegalArgumentException("initialBytes: " + initialBytes + ", limitBytes: "
          + limitBytes + " (expected: 0 or more)");
    }
    this.buffer = allocate(Math.min(initialBytes, limitBytes));
    this.fixed = false;
    this.limitBytes = limitBytes;
  }

  /**
   * Makes a writer over the bytes between position and limit of the given buffer, whose position stays as it is. The
   * writer does not grow.
   */
  public PayloadWriter(ByteBuffer target) {
    this.buffer = target.slice().order(ByteOrder.LITTLE_ENDIAN);
    this.fixed = true;
    this.limitBytes = buffer.capacity();
  }

  /** Writes one byte, the lowest eight bits of the given number. */
  public void putByte(int value) {
    ensure(1);
    buffer.put((byte) value);
  }

  /** Writes four bytes. */
  public void putInt(int value) {
    ensure(4);
    buffer.putInt(value);
  }

  /** Writes eight bytes. */
  public void putLong(long value) {
    ensure(8);
    buffer.putLong(value);
  }

  /** Writes four bytes over what was written at the given position; the position stays as it is. */
  public void putIntAt(int position, int value) {
    if (position < 0 || position > buffer.position() - 4) {
      throw new IndexOutOfBoundsException(
          "position: " + position + " (expected: 0 to " + (buffer.position() - 4) + ")");
    }
    buffer.putInt(position, value);
  }

  /** Writes an unsigned number in one byte (below 128) to five. */
  public void putVarint(int value) {
    if ((value & ~0x7f) == 0) {
      putByte(value);
      return;
    }
    ensure(varintBytes(value));
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      buffer.put((byte) (rest | 0x80));
      rest >>>= 7;
    }
    buffer.put((byte) rest);
  }

  /** Writes all of the given bytes, without their count. */
  public void putBytes(byte[] source) {
    putBytes(source, 0, source.length);
  }

  /** Writes the given range of bytes, without their count. */
  public void putBytes(byte[] source, int offset, int length) {
    ensure(length);
    buffer.put(source, offset, length);
  }

  /** Writes what remains in the given buffer, without its count; the source's position stays as it is. */
  public void putBytes(ByteBuffer source) {
    ensure(source.remaining());
    buffer.put(source.duplicate());
  }

  /** Returns how many bytes were written. */
  public int position() {
    return buffer.position();
  }

  /**
   * Goes back to an earlier position; what was written after it is given up.
   *
   * @throws IllegalArgumentException if nothing was written there yet
   */
  public void position(int position) {
    if (position < 0 || position > buffer.position()) {
      throw new IllegalArgumentException(
          "position: " + position + " (expected: 0 to " + buffer.position() + ")");
    }
    buffer.position(position);
  }

  /** Returns the size that a payload may have here. */
  public int limitBytes() {
    return limitBytes;
  }

  /**
   * Begins a new payload in the same buffer; earlier {@linkplain #view views} show its bytes from now on. A growing
   * writer gives up a buffer above {@value #RETAINED_BYTES} bytes.
   */
  public void reset() {
    if (!fixed && buffer.capacity() > RETAINED_BYTES) {
      buffer = allocate(Math.min(INITIAL_BYTES, limitBytes));
    }
    buffer.position(0);
    shipment = null;
  }

  /** Returns what in this payload counts as on its way, if anything. */
  public @Nullable Shipment shipment() {
    return shipment;
  }

  Shipment openShipment() {
    Shipment open = shipment == null ? new Shipment() : shipment;
    shipment = open;
    return open;
  }

  /** Takes over what of another payload, whose bytes were copied here, is on its way. */
  public void takeShipment(PayloadWriter other) {
    if (other.shipment != null) {
      openShipment().addAll(other.shipment);
    }
  }

  /** Returns what was written, without a copy: valid until the next write or {@link #reset()}. */
  public ByteBuffer view() {
    ByteBuffer view = buffer.duplicate();
    view.flip();
    return view.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Returns a copy of what was written. */
  public byte[] toByteArray() {
    byte[] copy = new byte[buffer.position()];
    buffer.get(0, copy);
    return copy;
  }

  /** Returns the buffer, with room for so many bytes at its position. The caller moves the position past what it put. */
  ByteBuffer room(long bytes) {
    ensure(bytes);
    return buffer;
  }

  private void ensure(long bytes) {
    if (bytes > buffer.remaining()) {
      grow(bytes);
    }
  }

  private void grow(long bytes) {
    if (fixed) {
      throw new PayloadFullException();
    }
    long needed = buffer.position() + bytes;
    if (needed > limitBytes) {
      throw new PayloadTooLargeException(needed, limitBytes);
    }
    long doubled = Math.max(INITIAL_BYTES, 2L * buffer.capacity());
    ByteBuffer larger = allocate((int) Math.min(Math.max(needed, doubled), limitBytes));
    buffer.flip();
    larger.put(buffer);
    buffer = larger;
  }

  private static ByteBuffer allocate(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static int varintBytes(int value) {
    return (38 - Integer.numberOfLeadingZeros(value)) / 7;
  }
}
