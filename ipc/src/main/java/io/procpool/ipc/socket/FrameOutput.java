// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import org.jspecify.annotations.Nullable;

/** Writes messages, one after the other, as far as there is room; never waits. Not safe for use by multiple threads. */
final class FrameOutput {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final WritableByteChannel target;
  private final @Nullable TlsChannel keeping; // the target, if it may keep what it has taken
  private @Nullable ByteBuffer chunk; // what is written next; null before the first message
  private ByteBuffer payload = NOTHING; // what comes behind that
  private boolean begun;

  FrameOutput(WritableByteChannel target) {
    this.target = target;
    this.keeping = target instanceof TlsChannel tls ? tls : null;
  }

  /** Begins a message; nothing of an earlier one may be left. The payload is the caller's until it has been written, or kept. */
  void begin(int kind, ByteBuffer message) {
    ByteBuffer into = chunk;
    if (into == null) {
      into = ByteBuffer.allocateDirect(CHUNK_BYTES);
      chunk = into;
    }
    payload = message.duplicate();
    begun = false;
    into.clear().putInt(message.remaining()).put((byte) kind);
    moveInto(into);
  }

  private void moveInto(ByteBuffer into) {
    int count = Math.min(into.remaining(), payload.remaining());
    int end = payload.limit();
    into.put(payload.limit(payload.position() + count));
    payload.limit(end);
    into.flip();
  }

  /** Writes as much as there is room for; tells whether that is all. */
  boolean write() throws IOException {
    ByteBuffer from = chunk;
    if (from == null) {
      return true;
    }
    while (true) {
      while (from.hasRemaining()) {
        if (target.write(from) == 0) {
          return false;
        }
        begun = true;
      }
      if (!payload.hasRemaining()) {
        payload = NOTHING;
        return keeping == null || keeping.flush();
      }
      from.clear();
      moveInto(from);
    }
  }

  /** Tells whether a byte of the message has been written. */
  boolean hasBegun() {
    return begun;
  }

  /** Tells whether something is left to be written. */
  boolean hasRest() {
    return chunk != null && chunk.hasRemaining()
        || payload.hasRemaining()
        || keeping != null && keeping.hasRest();
  }

  /** Copies what is left, so that the caller may have its payload back. */
  void keepRest() {
    if (payload.hasRemaining()) {
      payload = ByteBuffer.allocate(payload.remaining()).put(payload).flip();
    } else {
      payload = NOTHING;
    }
  }

  /** Forgets what is left. */
  void dropRest() {
    payload = NOTHING;
    if (chunk != null) {
      chunk.limit(0);
    }
  }
}
