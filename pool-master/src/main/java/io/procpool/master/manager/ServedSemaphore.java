// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;

/** Permits, who has them, and who waits for some. For the event loop alone. */
final class ServedSemaphore implements Served {
  /*
   * Line.     Permits go to those who came first, but somebody who waits for more than there are does not keep others from what there is.
   * Accounts. Each client has one of what it has acquired and not released. Anybody may release: that is taken off the own account, then off those of others, the
   *           oldest first, and what is left is new. So with a bound, what there is and what is in accounts is always as much as the bound.
   * Death.    What is in an account comes back, as long as there is not more than at first then: a semaphore that counts what was made, beginning with 0, does not
   *           count again what a dead process has used up.
   */
  private final boolean bounded;
  private final int first;
  private final WaitingLine<Request> line = new WaitingLine<>();
  private final Map<Client, Account> accounts = new LinkedHashMap<>();
  private int available;

  /** A thread that waits for permits. */
  private static final class Request extends Waiter {
    private final int permits;

    Request(ClientCall call, int permits) {
      super(call, false);
      this.permits = permits;
    }
  }

  /** What a client has. */
  private final class Account {
    private final Client client;
    private final Runnable clientGone = this::clientGone;
    private int permits;

    Account(Client client) {
      this.client = client;
      client.whenGone(clientGone);
    }

    /** Takes off at most so many, and closes it if it is empty then; returns how many. */
    int settle(int most) {
      int settled = Math.min(most, permits);
      permits -= settled;
      if (permits == 0) {
        client.forget(clientGone);
        accounts.remove(client);
      }
      return settled;
    }

    private void clientGone() {
      accounts.remove(client);
      available += Math.min(permits, Math.max(0, first - available));
      serve();
    }
  }

  private ServedSemaphore(boolean bounded, int permits) {
    this.bounded = bounded;
    this.first = permits;
    this.available = permits;
  }

  /** Makes one as a client wants it, who says how many permits there are. */
  static ServedSemaphore open(boolean bounded, PayloadReader arguments)
      throws PayloadFormatException {
    int permits = Plain.readInt(arguments);
    int least = bounded ? 1 : 0;
    if (permits < least) {
      throw new IllegalArgumentException(
          "permits: " + permits + " (expected: " + least + " to " + Integer.MAX_VALUE + ")");
    }
    return new ServedSemaphore(bounded, permits);
  }

  @Override
  public String kind() {
    return bounded ? "boundedSemaphore" : "semaphore";
  }

  private int limit() {
    return bounded ? first : Integer.MAX_VALUE;
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case "acquire(int,long)" -> {
        int permits = permits(arguments);
        acquire(call, permits, Plain.readNanos(arguments), loop);
      }
      case "release(int)" -> release(call, permits(arguments));
      case "drainPermits()" -> {
        int all = available;
        if (all > 0) {
          take(call.client(), all);
        }
        call.replyWith(all);
      }
      case "availablePermits()" -> call.replyWith(available);
      case "bound()" -> call.replyWith(bounded ? first : 0);
      default -> call.refuseFor(this);
    }
  }

  private static int permits(PayloadReader arguments) throws PayloadFormatException {
    int permits = Plain.readInt(arguments);
    if (permits < 1) {
      throw new PayloadFormatException("no number of permits: " + permits);
    }
    return permits;
  }

  private void acquire(ClientCall call, int permits, long nanos, EventExecutor loop) {
    if (permits <= available) {
      take(call.client(), permits);
      call.replyWith(true);
    } else if (nanos == 0) {
      call.replyWith(false);
    } else {
      line.add(new Request(call, permits), nanos, loop);
    }
  }

  private void take(Client client, int permits) {
    available -= permits;
    Account account = accounts.computeIfAbsent(client, Account::new);
    account.permits = (int) Math.min(Integer.MAX_VALUE, (long) account.permits + permits);
  }

  /** Replies with null, or with how many permits there are if it cannot be. */
  private void release(ClientCall call, int permits) {
    if (available > limit() - permits) {
      call.replyWith(available);
      return;
    }
    Account own = accounts.get(call.client());
    int left = own == null ? permits : permits - own.settle(permits);
    if (left > 0) {
      for (Account other : new ArrayList<>(accounts.values())) {
        left -= other.settle(left);
      }
    }
    available += permits;
    call.replyWith(null);
    serve();
  }

  private void serve() {
    while (available > 0) {
      Request next = line.pollFirst(each -> each.permits <= available);
      if (next == null) {
        return;
      }
      take(next.call.client(), next.permits);
      next.reply(true);
    }
  }
}
