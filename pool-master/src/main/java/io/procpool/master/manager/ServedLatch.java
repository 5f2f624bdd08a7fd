// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;

/** A count that comes down, and who waits until it is zero. For the event loop alone. */
final class ServedLatch implements Served {
  private final WaitingLine<Waiter> line = new WaitingLine<>();
  private int count;

  private ServedLatch(int count) {
    this.count = count;
  }

  /** Makes one as a client wants it, who says the count. */
  static ServedLatch open(PayloadReader arguments) throws PayloadFormatException {
    int count = Plain.readInt(arguments);
    if (count < 0) {
      throw new IllegalArgumentException("count: " + count + " (expected: 0 or more)");
    }
    return new ServedLatch(count);
  }

  @Override
  public String kind() {
    return "latch";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    switch (call.signature()) {
      case "countDown()" -> {
        count = Math.max(0, count - 1);
        call.replyWith(null);
        if (count == 0) {
          line.pollAll().forEach(each -> each.reply(true));
        }
      }
      case "count()" -> call.replyWith(count);
      case "await(long)" -> {
        long nanos = Plain.readNanos(call.arguments());
        if (count == 0 || nanos == 0) {
          call.replyWith(count == 0);
        } else {
          line.add(new Waiter(call, false), nanos, loop);
        }
      }
      default -> call.refuseFor(this);
    }
  }
}
