// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Receives one message of any kind. What can be decoded without anybody else's code is decoded where it lies. Used once. */
final class Receiver implements Ring.Reception {
  private final boolean takes;
  private boolean decoded;
  private @Nullable Object message;
  private Ring.@Nullable Copy copy;

  /** A receiver that takes the message, or only looks at it. */
  Receiver(boolean takes) {
    this.takes = takes;
  }

  @Override
  public boolean receive(int kind, ByteBuffer encoded) {
    decoded = Messages.isPlain(kind, encoded);
    if (decoded) {
      message = Messages.decode(kind, encoded);
    } else {
      copy = Ring.Copy.of(kind, encoded);
    }
    return takes;
  }

  /**
   * Returns the message that was received.
   *
   * @throws io.procpool.channel.UndecodableMessageException if it cannot be rebuilt
   */
  @Nullable
  Object message() {
    if (decoded) {
      return message;
    }
    Ring.Copy received = Objects.requireNonNull(copy);
    return takes
        ? Messages.decode(received.kind(), received.message())
        : Messages.decodeCopy(received.kind(), received.message());
  }
}
