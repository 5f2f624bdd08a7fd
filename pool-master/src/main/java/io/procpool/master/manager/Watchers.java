// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who wants to know what changes in one object: the store, and who listens. For the event loop alone. */
final class Watchers {
  /** Of an object of which nobody can know what changes in it: one of a user's type. */
  static final Watchers NONE = new Watchers(0, null);

  private final long number;
  private final @Nullable Store store;
  private final List<Listener> listeners = new ArrayList<>(0);

  /** A process that wants to be told. */
  private record Listener(Client client, long subscription, boolean onlyKeys, Runnable whenGone) {}

  Watchers(long number, @Nullable Store store) {
    this.number = number;
    this.store = store;
  }

  /** Tells whether anybody wants to know. */
  boolean areThere() {
    return store != null || !listeners.isEmpty();
  }

  /** Tells whether a store keeps what changes. */
  boolean areKept() {
    return store != null;
  }

  /** Tells whether anybody listens. */
  boolean areListening() {
    return !listeners.isEmpty();
  }

  /** Tells whether anybody wants to know what was there before. */
  boolean wantBefore() {
    for (Listener listener : listeners) {
      if (!listener.onlyKeys) {
        return true;
      }
    }
    return false;
  }

  /** Has a client told of all changes from now on, as long as it is there. */
  void listen(Client client, long subscription, boolean onlyKeys) {
    if (!client.isGone()) {
      Runnable gone = () -> unlisten(client, subscription);
      listeners.add(new Listener(client, subscription, onlyKeys, gone));
      client.whenGone(gone);
    }
  }

  /** Ends that. */
  void unlisten(Client client, long subscription) {
    listeners.removeIf(listener -> {
      boolean isIt = listener.client == client && listener.subscription == subscription;
      if (isIt) {
        client.forget(listener.whenGone);
      }
      return isIt;
    });
  }

  /** Returns why nothing can be changed now; null if it can. */
  @Nullable
  String refusal() {
    return store == null ? null : store.refusal();
  }

  /** Refuses a call that would change something if nothing can be changed now; tells whether it did. */
  boolean refuses(ClientCall call) {
    String refusal = refusal();
    if (refusal != null) {
      call.reply(Replies.refused(call.number(), refusal));
    }
    return refusal != null;
  }

  /** Says that an object without listeners is another now, without a call that would have to be told if that cannot be written. */
  void keep(KeptNumbers object) {
    if (store != null) {
      store.append(StoreRecord.changed(number, object.keptAsChange()));
    }
  }

  /**
   * Says that a call has changed an object without listeners, before it is replied to.
   *
   * @param undo is done if that cannot be written, before the caller is told; null if it stays in effect
   */
  void keep(KeptNumbers object, ClientCall call, @Nullable Runnable undo) {
    if (store != null) {
      keep(object);
      call.setStored(undo);
    }
  }

  /**
   * Says what a call has changed, before it is replied to.
   *
   * @param call the call
   * @param sent the objects whose handles are in the change
   */
  void changed(ClientCall call, Change change, List<Reference> sent) {
    if (change.isEmpty()) {
      return;
    }
    if (store != null) {
      store.append(StoreRecord.changed(number, change));
      call.setStored(null);
    }
    tell(change, sent);
  }

  /** Tells who listens what has changed and is back as it was, of which the store need not know. */
  void tell(Change change, List<Reference> sent) {
    for (Listener listener : listeners) {
      tell(listener, change, sent);
    }
  }

  private static void tell(Listener listener, Change change, List<Reference> sent) {
    List<Reference> objects = listener.onlyKeys ? List.of() : sent;
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(
        message,
        new FromManager.Event(
            listener.subscription, objects.stream().map(Reference::number).toList()));
    if (listener.onlyKeys) {
      change.writeKeys(message);
    } else {
      change.writeWithBefore(message);
    }
    listener.client.tell(new Answer(message.toByteArray(), objects));
  }
}
