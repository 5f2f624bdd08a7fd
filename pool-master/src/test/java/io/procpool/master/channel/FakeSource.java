// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.ipc.channel.Bell;
import io.procpool.ipc.channel.ReadySource;
import java.nio.channels.SelectableChannel;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Something in memory that gets ready as the test says, and does no more than it must. Safe for use by multiple threads. */
final class FakeSource implements ReadySource {
  private final boolean rings;
  private final AtomicBoolean watched = new AtomicBoolean();
  private volatile boolean ready;
  private volatile boolean closed;

  /** Makes one that may be silent, as the death of a process is. */
  FakeSource(boolean rings) {
    this.rings = rings;
  }

  void set(boolean nowReady) {
    ready = nowReady;
    if (nowReady && rings && watched.getAndSet(false)) {
      Bell.ring();
    }
  }

  void close() {
    closed = true;
  }

  @Override
  public boolean isReady() {
    if (closed) {
      throw new IllegalStateException("this fake is closed");
    }
    return ready;
  }

  @Override
  public void ringWhenReady() {
    watched.set(true);
  }

  @Override
  public Optional<SelectableChannel> channel() {
    return Optional.empty();
  }
}
