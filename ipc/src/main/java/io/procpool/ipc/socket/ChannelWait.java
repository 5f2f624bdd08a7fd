// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.Selector;
import org.jspecify.annotations.Nullable;

/**
 * Where one thread at a time waits until a channel that does not block can go on. An interrupt ends the wait and leaves the channel open,
 * unlike one that meets a thread in a channel that blocks. Closing it wakes the thread; it may be closed by any.
 */
final class ChannelWait implements AutoCloseable {
  static final long FOREVER = Long.MAX_VALUE;
  private static final long NANOS_PER_MILLI = 1_000_000;

  /** How long to wait at most before looking again: an interrupt that comes while the thread goes to sleep does not always wake it in JDK 17. */
  static final long LONGEST_NANOS = 100 * NANOS_PER_MILLI;

  private final SelectableChannel channel;
  private final int operation;
  private @Nullable Selector selector; // guarded by this; made when somebody first has to wait
  private boolean closed; // guarded by this

  ChannelWait(SelectableChannel channel, int operation) {
    this.channel = channel;
    this.operation = operation;
  }

  /** Returns when the channel can go on, the time is up, the thread is interrupted, this is closed; or for no reason. */
  void await(long nanos) throws IOException {
    Selector waiting = selector();
    if (waiting == null) {
      return;
    }
    try {
      select(waiting, Math.min(nanos, LONGEST_NANOS));
      waiting.selectedKeys().clear();
    } catch (ClosedSelectorException closedMeanwhile) {
      // The caller looks.
    }
  }

  /** Selects for a time that is given in nanoseconds and never shorter; 0 or less does not wait. */
  static void select(Selector selector, long nanos) throws IOException {
    if (nanos <= 0) {
      selector.selectNow();
    } else {
      selector.select(nanos / NANOS_PER_MILLI + 1);
    }
  }

  private synchronized @Nullable Selector selector() throws IOException {
    if (closed) {
      return null;
    }
    Selector known = selector;
    if (known == null) {
      known = Selector.open();
      try {
        channel.register(known, operation);
      } catch (IOException | RuntimeException e) {
        known.close();
        throw e;
      }
      selector = known;
    }
    return known;
  }

  @Override
  public synchronized void close() {
    closed = true;
    Selector known = selector;
    if (known != null) {
      selector = null;
      try {
        known.close();
      } catch (IOException e) {
        // Nothing was kept in it.
      }
    }
  }
}
