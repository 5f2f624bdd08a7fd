// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;

/** A count that comes down, and who waits until it is zero. For the event loop alone. */
final class ServedLatch implements KeptNumbers {
  private final Watchers watchers;
  private final WaitingLine<Waiter> line = new WaitingLine<>();
  private int count;

  private ServedLatch(int count, Watchers watchers) {
    this.count = count;
    this.watchers = watchers;
  }

  /** Makes one as a client wants it, who says the count. */
  static ServedLatch open(PayloadReader arguments, Watchers watchers)
      throws PayloadFormatException {
    int count = Plain.readInt(arguments);
    if (count < 0) {
      throw new IllegalArgumentException("count: " + count + " (expected: 0 or more)");
    }
    return new ServedLatch(count, watchers);
  }

  @Override
  public String kind() {
    return "latch";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    switch (call.signature()) {
      case "countDown()" -> countDown(call);
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

  private void countDown(ClientCall call) {
    if (count > 0) {
      if (watchers.refuses(call)) {
        return;
      }
      count--;
      watchers.keep(this, call, null);
    }
    call.replyWith(null);
    if (count == 0) {
      line.pollAll().forEach(each -> each.reply(true));
    }
  }

  @Override
  public long[] kept() {
    return new long[] {count};
  }

  @Override
  public void restore(long[] kept) {
    count = (int) kept[0];
  }
}
