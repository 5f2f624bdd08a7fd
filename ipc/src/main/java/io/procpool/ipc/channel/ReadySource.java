// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.Awaitable;
import java.nio.channels.SelectableChannel;
import java.util.Optional;

/** What every {@link Awaitable} is inside: what {@code awaitReady} asks it. Implementations are thread-safe. */
public interface ReadySource extends Awaitable {
  /**
   * Tells whether it is ready.
   *
   * @throws IllegalStateException if it is closed
   */
  boolean isReady();

  /**
   * Says that a thread is about to sleep on the {@link Bell}: whoever makes this ready from now on must ring it. Asked again after each
   * ring. Does nothing for what has a channel.
   */
  void ringWhenReady();

  /** Returns what a selector can wait for, to be readable or to accept; nothing for what is in memory. */
  Optional<SelectableChannel> channel();
}
