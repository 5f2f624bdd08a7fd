// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Reads frames from a channel:
 *
 * <pre>
 *   varint32: length of what follows | varint32: length of the header | header | payload
 * </pre>
 *
 * The header is a message as {@code procpool.proto} defines it. A length is believed at once, because the other side has proved to have the key. Not safe for use by multiple threads.
 */
public final class FrameReader {
  /** The longest frame that is accepted. */
  public static final int MAX_FRAME_BYTES = 1 << 30;

  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int MAX_VARINT_BYTES = 5;

  private final FrameChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).flip();

  /** Reads from a channel. */
  public FrameReader(FrameChannel channel) {
    this.channel = channel;
  }

  /**
   * A frame; the arrays are the reader's gift.
   *
   * @param header the encoded message
   * @param payload what follows it
   */
  public record Frame(byte[] header, byte[] payload) {}

  /** Tells whether a frame can be read without waiting for its beginning. */
  public boolean hasBuffered() {
    return buffer.hasRemaining();
  }

  /**
   * Takes in what has arrived. If nothing has, looks again for up to the given time, yielding the processor in between.
   *
   * @param spinNanos how long to look, in nanoseconds; 0 to look once, and whether the other side is still there
   * @return whether the beginning of a frame is there
   * @throws EOFException if the channel has ended
   */
  public boolean poll(long spinNanos) throws IOException {
    if (!buffer.hasRemaining()) {
      if (spinNanos == 0) {
        channel.check();
      }
      long start = System.nanoTime();
      for (int look = 0; !channel.isReady() && System.nanoTime() - start < spinNanos; look++) {
        if (look < 4) {
          Thread.onSpinWait();
        } else {
          Thread.yield();
        }
      }
      if (channel.isReady()) {
        fill();
      }
    }
    return buffer.hasRemaining();
  }

  /**
   * Reads the next frame; blocks until it is complete.
   *
   * @throws EOFException if the channel has ended
   * @throws IOException if it fails, or the frame breaks a limit
   */
  public Frame read() throws IOException {
    int length = readVarint();
    if (length < 1 || length > MAX_FRAME_BYTES) {
      throw new IOException(
          "frame of " + length + " bytes (expected: 1 to " + MAX_FRAME_BYTES + ")");
    }
    int headerLength = readVarint();
    int body = length - varintSize(headerLength);
    if (headerLength < 0 || headerLength > body) {
      throw new IOException("frame header of " + headerLength + " bytes in a frame of " + length);
    }
    return new Frame(readBytes(headerLength), readBytes(body - headerLength));
  }

  private int readVarint() throws IOException {
    int value = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      if (!buffer.hasRemaining()) {
        fill();
      }
      byte b = buffer.get();
      value |= (b & 0x7f) << (7 * i);
      if (b >= 0) {
        return value;
      }
    }
    throw new IOException("malformed frame length");
  }

  private static int varintSize(int value) {
    int size = 1;
    for (int rest = value >>> 7; rest != 0; rest >>>= 7) {
      size++;
    }
    return size;
  }

  private byte[] readBytes(int length) throws IOException {
    byte[] bytes = new byte[length];
    int have = Math.min(length, buffer.remaining());
    buffer.get(bytes, 0, have);
    if (have < length && length - have >= BUFFER_BYTES) {
      ByteBuffer rest = ByteBuffer.wrap(bytes, have, length - have);
      while (rest.position() < bytes.length) {
        channel.read(rest);
      }
      return bytes;
    }
    while (have < length) {
      fill();
      int n = Math.min(length - have, buffer.remaining());
      buffer.get(bytes, have, n);
      have += n;
    }
    return bytes;
  }

  private void fill() throws IOException {
    buffer.clear();
    try {
      channel.read(buffer);
    } finally {
      buffer.flip(); // also after a failure the buffer holds nothing
    }
  }
}
