// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.Subscription;
import java.lang.ref.Reference;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Tells a listener what changes in an object. Safe for use by multiple threads. */
final class RemoteSubscription<C> implements Subscription, Listening {
  /*
   * What is to be told waits in `line`; one thread at a time tells it (`telling`), so that it stays in order even if the client goes on with another thread
   * because the listener takes long.
   */
  private final ManagerClient client;
  private final RemoteObject remote;
  private final ChangeListener<? super C> listener;
  private final Decoder<C> decoder;
  private final ArrayDeque<Runnable> line = new ArrayDeque<>(); // guarded by itself
  private boolean telling; // guarded by line
  private volatile boolean closed;
  private volatile long number;

  /** Makes a change of what the server tells. */
  interface Decoder<C> {
    C decode(Told told) throws PayloadFormatException;
  }

  private RemoteSubscription(
      ManagerClient client,
      RemoteObject remote,
      ChangeListener<? super C> listener,
      Decoder<C> decoder) {
    this.client = client;
    this.remote = remote;
    this.listener = listener;
    this.decoder = decoder;
  }

  /** Has a listener told from now on. */
  static <C> RemoteSubscription<C> begin(
      RemoteObject remote, ChangeListener<? super C> listener, Decoder<C> decoder) {
    ManagerClient client = KnownManagers.client(remote.server());
    RemoteSubscription<C> begun = new RemoteSubscription<>(client, remote, listener, decoder);
    begun.number = client.listen(remote.number(), false, begun);
    return begun;
  }

  @Override
  public void take(PayloadReader changes, List<Hold> brought) {
    add(() -> tell(changes, brought));
  }

  private void tell(PayloadReader changes, List<Hold> brought) {
    try {
      for (Told told : Told.read(changes)) {
        if (!closed) {
          listener.changed(decoder.decode(told));
        }
      }
    } catch (PayloadFormatException e) {
      throw new ManagerException(
          "a change of the " + remote + " cannot be told in this process: " + e.getMessage(), e);
    } finally {
      Reference.reachabilityFence(brought);
    }
  }

  @Override
  public void end(ManagerGoneException why) {
    add(() -> {
      if (!closed) {
        closed = true;
        listener.ended(why);
      }
    });
  }

  private void add(Runnable told) {
    synchronized (line) {
      line.add(told);
      if (telling) {
        return;
      }
      telling = true;
    }
    client.background().tell(this::tellAll);
  }

  private void tellAll() {
    for (Runnable next = next(); next != null; next = next()) {
      try {
        next.run();
      } catch (Throwable thrown) {
        Thread self = Thread.currentThread();
        self.getUncaughtExceptionHandler().uncaughtException(self, thrown);
      }
    }
  }

  private @Nullable Runnable next() {
    synchronized (line) {
      Runnable next = closed ? null : line.poll();
      telling = next != null;
      return next;
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
