// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;

/** A flag, and who waits until it is set. For the event loop alone. */
final class ServedEvent implements Served {
  private final WaitingLine<Waiter> line = new WaitingLine<>();
  private boolean set;

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
        set = true;
        call.replyWith(null);
        line.pollAll().forEach(each -> each.reply(true));
      }
      case "clear()" -> {
        set = false;
        call.replyWith(null);
      }
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
}
