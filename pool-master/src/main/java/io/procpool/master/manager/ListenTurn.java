// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import org.jspecify.annotations.Nullable;

/** Begins or ends to tell a client what changes in an object, between two calls. */
final class ListenTurn implements Turn {
  private final ClientCall call;
  private final boolean listens;
  private final Watchers watchers;
  private final long subscription;
  private final boolean onlyKeys;

  ListenTurn(ClientCall call, boolean listens, Watchers watchers) throws PayloadFormatException {
    this.call = call;
    this.listens = listens;
    this.watchers = watchers;
    this.subscription = Plain.readLong(call.arguments());
    this.onlyKeys = listens && Plain.readBoolean(call.arguments());
  }

  @Override
  public boolean isForeign() {
    return false;
  }

  @Override
  public ClientCall call() {
    return call;
  }

  @Override
  public boolean begin() {
    return true;
  }

  @Override
  public void run(
      Target target,
      Holding before,
      ClassLoader loader,
      ObjectTable objects,
      @Nullable RunningTurn running) {
    // Only the event loop knows who listens.
  }

  @Override
  public void reply(ObjectTable objects) {
    if (watchers == Watchers.NONE) {
      call.reply(
          Replies.refused(call.number(), "nobody can be told what changes in a user's object"));
      return;
    }
    if (listens) {
      watchers.listen(call.client(), subscription, onlyKeys);
    } else {
      watchers.unlisten(call.client(), subscription);
    }
    call.reply(Replies.plain(call.number(), null));
  }
}
