// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.WireMessage;
import java.io.IOException;
import java.nio.ByteBuffer;

/** Writes frames, as {@link FrameReader} describes them, to a channel. Safe for use by multiple threads. */
public final class FrameWriter {
  private static final int BUFFER_BYTES = 16 * 1024;

  private final FrameChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES); // guarded by this
  private final FieldWriter fields = new FieldWriter(); // guarded by this

  /** Writes to a channel. */
  public FrameWriter(FrameChannel channel) {
    this.channel = channel;
  }

  /** Writes a frame; blocks until the channel has taken all of it. The payload's position is at its limit then. */
  public synchronized void write(WireMessage header, ByteBuffer payload) throws IOException {
    fields.reset();
    header.writeTo(fields);
    int headerLength = fields.length();
    buffer.clear();
    putVarint(FieldWriter.varintBytes(headerLength) + headerLength + payload.remaining());
    putVarint(headerLength);
    buffer.put(fields.array(), 0, headerLength);
    if (payload.remaining() <= buffer.remaining()) {
      buffer.put(payload);
      buffer.flip();
      channel.write(buffer);
      return;
    }
    buffer.flip();
    channel.write(buffer, payload);
  }

  private void putVarint(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      buffer.put((byte) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    buffer.put((byte) rest);
  }
}
