// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Finishes what connections have begun when none of their threads does: the rest of a message, and closing. For all of this process. */
final class Finisher implements Runnable {
  /*
   * One daemon thread, which ends when there has been nothing to do for IDLE_NANOS. What can be done without waiting is done by the
   * thread that asks.
   * A connection whose lock is taken is let go: who holds the lock asks again when it is through.
   */
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final Set<SocketConnection> ADDED = new LinkedHashSet<>(); // guarded by itself
  private static @Nullable Finisher running; // guarded by ADDED

  private final Selector selector;

  private Finisher(Selector selector) {
    this.selector = selector;
  }

  /** Does what is left to do for a connection, or has it done. Does not wait. */
  static void finish(SocketConnection connection) {
    if (connection.finish() != 0) {
      hand(connection);
    }
  }

  private static void hand(SocketConnection connection) {
    synchronized (ADDED) {
      try {
        Finisher finisher = running == null ? start() : running;
        running = finisher;
        ADDED.add(connection);
        finisher.selector.wakeup();
      } catch (IOException | OutOfMemoryError noSelectorOrThread) {
        connection.endNow();
      }
    }
  }

  private static Finisher start() throws IOException {
    Finisher made = new Finisher(Selector.open());
    Thread thread = new Thread(made, "procpool-sockets");
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError noThread) {
      made.selector.close();
      throw noThread;
    }
    return made;
  }

  @Override
  public void run() {
    long lastBusy = System.nanoTime();
    while (true) {
      try {
        Set<SocketConnection> due = added();
        selector.select(
            key -> {
              if (key.attachment() instanceof SocketConnection connection) {
                due.add(connection);
              }
            },
            due.isEmpty() ? TimeUnit.NANOSECONDS.toMillis(LOOK_NANOS) : 1);
        for (SelectionKey key : new ArrayList<>(selector.keys())) {
          if (key.attachment() instanceof SocketConnection connection && connection.isClosed()) {
            due.add(connection); // whose time may be up
          }
        }
        due.forEach(this::attend);
        selector.selectNow(); // forgets those that are through
      } catch (IOException e) {
        // The next round tries again.
      }
      long now = System.nanoTime();
      if (!selector.keys().isEmpty()) {
        lastBusy = now;
      } else if (now - lastBusy > IDLE_NANOS && end()) {
        return;
      }
    }
  }

  private static Set<SocketConnection> added() {
    synchronized (ADDED) {
      Set<SocketConnection> added = new LinkedHashSet<>(ADDED);
      ADDED.clear();
      return added;
    }
  }

  private void attend(SocketConnection connection) {
    try {
      SelectionKey key = connection.register(selector);
      int operation = connection.finish();
      if (operation == 0) {
        key.cancel();
      } else {
        key.interestOps(operation);
      }
    } catch (ClosedChannelException | CancelledKeyException closed) {
      // That is all that can be wanted.
    }
  }

  private boolean end() {
    synchronized (ADDED) {
      if (!ADDED.isEmpty()) {
        return false;
      }
      running = null;
      try {
        selector.close();
      } catch (IOException e) {
        // Nothing was kept in it.
      }
      return true;
    }
  }
}
