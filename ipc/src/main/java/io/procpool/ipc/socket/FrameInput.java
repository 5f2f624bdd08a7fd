// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.channel.Pipe;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Takes messages out of a stream of bytes, in whatever pieces they come; never waits. Not safe for use by multiple threads. */
final class FrameInput {
  /*
   *   A frame:  0        4      5
   *             | length | kind | so many bytes
   *   The length is big-endian, 0 to MAX_MESSAGE_BYTES; the kind is one of `Messages`.
   *
   * State. What was read and belongs to later frames stays in `buffer`; what there is of the current one is in `body`. So whoever
   *        gives up waiting leaves all in step for the next.
   * Size.  `body` grows as bytes come, to twice of what has come at most: a length alone costs no memory.
   */
  static final int HEADER_BYTES = 5;

  /** As much of a large message as is read before somebody wants it. */
  static final int PREFETCH_BYTES = 64 << 10;

  private static final int BUFFER_BYTES = 64 << 10;
  private static final int FIRST_BODY_BYTES = 64 << 10;
  private static final byte[] EMPTY = {};

  private final ReadableByteChannel source;
  private final String peer;
  private @Nullable ByteBuffer buffer; // what was read and not used yet; null before the first read
  private long dropBytes; // still to come of a message that nobody wants
  private boolean inFrame;
  private int kind;
  private int length;
  private byte[] body = EMPTY;
  private int filled;
  private @Nullable IOException failure; // the stream cannot be understood any more
  private @Nullable Throwable cause;
  private volatile boolean ended; // no more comes; also read by those who send

  /**
   * Makes one.
   *
   * @param peer who sends, for messages
   */
  FrameInput(ReadableByteChannel source, String peer) {
    this.source = source;
    this.peer = peer;
  }

  /** Tells whether the stream has ended, for all that is known without reading. */
  boolean hasEnded() {
    return ended;
  }

  /**
   * Reads what there is until the next message has so many bytes, or is whole; tells whether that is so, or the stream has ended or is
   * broken.
   *
   * @param enough 0: only kind and length matter
   */
  boolean advance(int enough) {
    while (true) {
      consume(enough);
      if (failure != null || inFrame && filled >= Math.min(length, enough)) {
        return true;
      }
      if (ended) {
        return true;
      }
      ByteBuffer into = emptyBuffer();
      int count = 0;
      try {
        count = source.read(into);
      } catch (IOException e) {
        cause = e;
        count = -1;
      } finally {
        into.flip();
      }
      if (count < 0) {
        ended = true;
      } else if (count == 0) {
        return false;
      }
    }
  }

  /** Returns the buffer, with what is left in it at its beginning, ready for more. */
  private ByteBuffer emptyBuffer() {
    ByteBuffer made = buffer;
    if (made == null) {
      made = ByteBuffer.allocateDirect(BUFFER_BYTES);
      buffer = made;
      return made;
    }
    return made.compact();
  }

  private void consume(int enough) {
    ByteBuffer from = buffer;
    if (from == null) {
      return;
    }
    if (dropBytes > 0) {
      int count = (int) Math.min(dropBytes, from.remaining());
      from.position(from.position() + count);
      dropBytes -= count;
    }
    if (dropBytes == 0 && !inFrame && failure == null && from.remaining() >= HEADER_BYTES) {
      begin(from.getInt(), from.get());
    }
    if (inFrame && enough > 0) {
      fill(from);
    }
  }

  private void begin(int newLength, int newKind) {
    if (newLength < 0 || newLength > Pipe.MAX_MESSAGE_BYTES || newKind != 1 && newKind != 2) {
      failure = new IOException(peer + " sent something that is no message (length "
          + Integer.toUnsignedString(newLength) + ", kind " + newKind
          + "); nothing more can be received, close the connection");
      return;
    }
    inFrame = true;
    length = newLength;
    kind = newKind;
    filled = 0;
    body = newLength == 0 ? EMPTY : new byte[Math.min(newLength, FIRST_BODY_BYTES)];
  }

  private void fill(ByteBuffer from) {
    while (from.hasRemaining() && filled < length) {
      if (filled == body.length) {
        body = Arrays.copyOf(body, (int) Math.min(length, 2L * body.length));
      }
      int count = Math.min(from.remaining(), body.length - filled);
      from.get(body, filled, count);
      filled += count;
    }
  }

  /**
   * Checks, after {@link #advance} said that there is something, that it is a message, as whole as was asked for.
   *
   * @throws EOFException if it is the end
   * @throws IOException if the stream ended in the middle of a message, which is said once; or cannot be understood
   */
  void check(int enough) throws IOException {
    if (failure != null) {
      throw new IOException(failure.getMessage());
    }
    if (inFrame && filled >= Math.min(length, enough)) {
      return;
    }
    if (inFrame || dropBytes > 0 || Objects.requireNonNull(buffer).hasRemaining()) {
      String what = inFrame
          ? filled + " of " + length + " bytes have come"
          : dropBytes > 0 ? dropBytes + " bytes are missing" : "of its header";
      inFrame = false;
      body = EMPTY;
      dropBytes = 0;
      Objects.requireNonNull(buffer).position(0).limit(0);
      throw caused(new IOException(
          peer + " has closed the connection, or died, in the middle of a message (" + what + ")"));
    }
    throw caused(new EOFException(peer + " has closed the connection, or died"));
  }

  private <X extends IOException> X caused(X exception) {
    if (cause != null) {
      exception.initCause(cause);
    }
    return exception;
  }

  /** Returns the kind of the message. */
  int kind() {
    return kind;
  }

  /** Returns the length of the message. */
  int length() {
    return length;
  }

  /** Takes the message, which is whole. */
  byte[] take() {
    byte[] taken = body;
    inFrame = false;
    body = EMPTY;
    return taken;
  }

  /** Drops the message, also what is still to come of it. */
  void drop() {
    dropBytes = length - filled;
    inFrame = false;
    body = EMPTY;
  }
}
