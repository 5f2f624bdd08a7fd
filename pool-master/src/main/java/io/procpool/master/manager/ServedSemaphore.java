// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Permits, who has them, and who waits for some. For the event loop alone. */
final class ServedSemaphore implements KeptNumbers {
  /*
   * Line.     Permits go to those who came first, but somebody who waits for more than there are does not keep others from what there is.
   * Accounts. Each client has one of what it has acquired and not released. Anybody may release: that is taken off the own account, then off those of others, the
   *           oldest first, and what is left is new. So with a bound, what there is and what is in accounts is always as much as the bound.
   * Death.    What is in an account comes back, as long as there is not more than at first then: a semaphore that counts what was made, beginning with 0, does not
   *           count again what a dead process has used up.
   * Store.    Kept is what there would be if all clients died now, which is what there is after a restart; most operations do not change that, and write nothing.
   *           Who was given permits without that being written has them taken away again, before being told that.
   */
  private final boolean bounded;
  private final Watchers watchers;
  private final int first;
  private final WaitingLine<Request> line = new WaitingLine<>();
  private final Map<Client, Account> accounts = new LinkedHashMap<>();
  private int available;
  private long held; // in all accounts
  private int kept; // as far as it was said to the store

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
      held -= settled;
      if (permits == 0) {
        client.forget(clientGone);
        accounts.remove(client);
      }
      return settled;
    }

    private void clientGone() {
      accounts.remove(client);
      held -= permits;
      available += Math.min(permits, Math.max(0, first - available));
      serve();
    }
  }

  private ServedSemaphore(boolean bounded, int permits, Watchers watchers) {
    this.bounded = bounded;
    this.watchers = watchers;
    this.first = permits;
    this.available = permits;
    this.kept = permits;
  }

  /** Makes one as a client wants it, who says how many permits there are. */
  static ServedSemaphore open(boolean bounded, PayloadReader arguments, Watchers watchers)
      throws PayloadFormatException {
    int permits = Plain.readInt(arguments);
    int least = bounded ? 1 : 0;
    if (permits < least) {
      throw new IllegalArgumentException(
          "permits: " + permits + " (expected: " + least + " to " + Integer.MAX_VALUE + ")");
    }
    return new ServedSemaphore(bounded, permits, watchers);
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
        if (all == 0) {
          call.replyWith(0);
        } else if (!refuses(call, 0, held + all)) {
          take(call, all);
          call.replyWith(all);
        }
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
      if (!refuses(call, available - permits, held + permits)) {
        take(call, permits);
        call.replyWith(true);
      }
    } else if (nanos == 0) {
      call.replyWith(false);
    } else {
      line.add(new Request(call, permits), nanos, loop);
    }
  }

  private void take(ClientCall call, int permits) {
    Client client = call.client();
    available -= permits;
    Account account = accounts.computeIfAbsent(client, Account::new);
    int before = account.permits;
    account.permits = (int) Math.min(Integer.MAX_VALUE, (long) before + permits);
    held += account.permits - before;
    keep(call, () -> takeBack(client, permits));
  }

  /** Takes permits back of which a client has not been told. */
  private void takeBack(Client client, int permits) {
    Account account = accounts.get(client);
    if (account != null) {
      available += account.settle(permits);
      kept = left(available, held);
      watchers.keep(this);
      serve();
    }
  }

  /** Returns how many there are when all clients have gone. */
  private int left(int available, long held) {
    return available >= first ? available : (int) Math.min(first, available + held);
  }

  /** Refuses a call if what it would leave cannot be kept now; tells whether it did. */
  private boolean refuses(ClientCall call, int available, long held) {
    return left(available, held) != kept && watchers.refuses(call);
  }

  private void keep(ClientCall call, @Nullable Runnable undo) {
    int now = left(available, held);
    if (now != kept) {
      kept = now;
      watchers.keep(this, call, undo);
    }
  }

  /** Replies with null, or with how many permits there are if it cannot be. */
  private void release(ClientCall call, int permits) {
    if (available > limit() - permits) {
      call.replyWith(available);
      return;
    }
    if (refuses(call, available + permits, held - Math.min(held, permits))) {
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
    keep(call, null);
    call.replyWith(null);
    serve();
  }

  private void serve() {
    while (available > 0) {
      Request next = line.pollFirst(each -> each.permits <= available);
      if (next == null) {
        return;
      }
      take(next.call, next.permits);
      next.reply(true);
    }
  }

  @Override
  public long[] kept() {
    return new long[] {kept};
  }

  @Override
  public void restore(long[] kept) {
    available = (int) kept[0];
    this.kept = available;
  }
}
