// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;

/** A flag, and who waits until it is set. For the event loop alone. */
final class ServedEvent implements KeptNumbers {
  private final Watchers watchers;
  private final WaitingLine<Waiter> line = new WaitingLine<>();
  private boolean set;

  ServedEvent(Watchers watchers) {
    this.watchers = watchers;
  }

  @Override
  public String kind() {
    return "event";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    switch (call.signature()) {
      case "isSet()" -> call.replyWith(set);
      case "set()" -> {
        if (change(call, true)) {
          line.pollAll().forEach(each -> each.reply(true));
        }
      }
      case "clear()" -> change(call, false);
      case "await(long)" -> {
        long nanos = Plain.readNanos(call.arguments());
        if (set || nanos == 0) {
          call.replyWith(set);
        } else {
          line.add(new Waiter(call, false), nanos, loop);
        }
      }
      default -> call.refuseFor(this);
    }
  }

  /** Replies to the call; tells whether it is so now. */
  private boolean change(ClientCall call, boolean to) {
    if (set != to) {
      if (watchers.refuses(call)) {
        return false;
      }
      set = to;
      watchers.keep(this, call, null);
    }
    call.replyWith(null);
    return true;
  }

  @Override
  public long[] kept() {
    return new long[] {set ? 1 : 0};
  }

  @Override
  public void restore(long[] kept) {
    set = kept[0] != 0;
  }
}
