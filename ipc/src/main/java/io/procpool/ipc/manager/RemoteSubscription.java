// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.SlowListenerException;
import io.procpool.manager.Subscription;
import java.lang.ref.Reference;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells a listener what changes in an object. Safe for use by multiple threads. */
final class RemoteSubscription<C> implements Subscription, Listening {
  /*
   * Order. What is to be told waits in `line`; one thread at a time tells it (`telling`), so that it stays in order even if the client goes on with another thread
   *        because the listener takes long.
   * Limit. Whoever reads for all puts messages in, and never waits. One that finds too much in front of it is not put in, and ends the subscription: then the last thing in the
   *        line says so. What is being told has left the line, so a message of any size is told to a listener that keeps up.
   */
  private static final long MOST_WAITING_BYTES = 64L << 20;

  private final ManagerClient client;
  private final RemoteObject remote;
  private final ChangeListener<? super C> listener;
  private final Decoder<C> decoder;
  private final long number;
  private final int mostWaiting;
  private final ArrayDeque<Waiting> line = new ArrayDeque<>(); // guarded by itself, as what follows
  private long waitingChanges;
  private long waitingBytes;
  private boolean telling;
  private boolean over; // nothing more is put in
  private volatile boolean closed;

  /** Makes changes of what the server tells of one place. */
  interface Decoder<C> {
    List<C> decode(Told told) throws PayloadFormatException;
  }

  /** Something to be told, and how much it is. */
  private record Waiting(int changes, int bytes, Runnable told) {}

  private RemoteSubscription(
      ManagerClient client,
      RemoteObject remote,
      ChangeListener<? super C> listener,
      Decoder<C> decoder) {
    this.client = client;
    this.remote = remote;
    this.listener = listener;
    this.decoder = decoder;
    this.number = client.newSubscription();
    this.mostWaiting = listener.maxWaitingChanges();
    if (mostWaiting < 1) {
      throw new IllegalArgumentException(
          "maxWaitingChanges: " + mostWaiting + " (expected: 1 or more)");
    }
  }

  /** Has a listener told from now on. */
  static <C> RemoteSubscription<C> begin(
      RemoteObject remote, ChangeListener<? super C> listener, Decoder<C> decoder) {
    ManagerClient client = KnownManagers.client(remote.server());
    RemoteSubscription<C> begun = new RemoteSubscription<>(client, remote, listener, decoder);
    client.listen(begun.number, remote.number(), false, begun);
    return begun;
  }

  @Override
  public void take(PayloadReader changes, List<Hold> brought) throws PayloadFormatException {
    int start = changes.position();
    int count = changes.getCount(1);
    changes.position(start);
    SlowListenerException tooSlow = null;
    synchronized (line) {
      if (over) {
        return;
      }
      if (waitingChanges < mostWaiting && waitingBytes < MOST_WAITING_BYTES) {
        add(new Waiting(count, changes.remaining(), () -> tell(changes, brought)));
      } else {
        tooSlow = tooSlow();
        over = true;
      }
    }
    if (tooSlow != null) {
      client.unlistenSoon(remote, remote.number(), number);
      tellEnd(tooSlow);
    }
  }

  private SlowListenerException tooSlow() {
    return new SlowListenerException(
        "a listener for changes of the " + remote + " was too slow: " + waitingChanges + " ("
            + ((waitingBytes + 1023) >> 10) + " KiB) waited when one more came (limits: "
            + mostWaiting
            + " and " + (MOST_WAITING_BYTES >> 20)
            + " MiB); the listener has been told of those, and is told of no more."
            + " Add it again, and read what is there; have it hand its work to another thread,"
            + " or let more wait (maxWaitingChanges)",
        waitingChanges,
        waitingBytes);
  }

  /** Tells all changes of a message; one that cannot be told does not keep the others back. */
  private void tell(PayloadReader message, List<Hold> brought) {
    try {
      for (Told told : Told.read(message)) {
        for (C change : decoded(told)) {
          if (closed) {
            return;
          }
          run(() -> listener.changed(change));
        }
      }
    } catch (PayloadFormatException e) {
      throw notTold(e);
    } finally {
      Reference.reachabilityFence(brought);
    }
  }

  private List<C> decoded(Told told) {
    try {
      return decoder.decode(told);
    } catch (PayloadFormatException e) {
      run(() -> {
        throw notTold(e);
      });
      return List.of();
    }
  }

  private ManagerException notTold(PayloadFormatException e) {
    return new ManagerException(
        "a change of the " + remote + " cannot be told in this process: " + e.getMessage(), e);
  }

  @Override
  public void end(ManagerGoneException why) {
    synchronized (line) {
      if (over) {
        return;
      }
      over = true;
    }
    tellEnd(why);
  }

  private void tellEnd(ManagerException why) {
    add(new Waiting(0, 0, () -> {
      if (!closed) {
        closed = true;
        listener.ended(why);
      }
    }));
  }

  private void add(Waiting waiting) {
    synchronized (line) {
      line.add(waiting);
      waitingChanges += waiting.changes;
      waitingBytes += waiting.bytes;
      if (telling) {
        return;
      }
      telling = true;
    }
    client.background().tell(this::tellAll);
  }

  private void tellAll() {
    for (Runnable next = next(); next != null; next = next()) {
      run(next);
    }
  }

  private static void run(Runnable told) {
    try {
      told.run();
    } catch (Throwable thrown) {
      Thread self = Thread.currentThread();
      self.getUncaughtExceptionHandler().uncaughtException(self, thrown);
    }
  }

  private @Nullable Runnable next() {
    synchronized (line) {
      if (closed) {
        line.clear();
      }
      Waiting next = line.poll();
      telling = next != null;
      if (next == null) {
        return null;
      }
      waitingChanges -= next.changes;
      waitingBytes -= next.bytes;
      return next.told;
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (client.forget(number)) {
      try {
        client.call(remote.number(), ManagerWire.UNLISTEN, number);
      } catch (ManagerGoneException isOver) {
        // And so is the subscription.
      }
    }
  }
}
