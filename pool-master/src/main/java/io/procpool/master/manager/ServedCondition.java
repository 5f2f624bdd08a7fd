// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import org.jspecify.annotations.Nullable;

/** A condition of a lock, and who waits for a signal. For the event loop alone. */
final class ServedCondition implements Served {
  /*
   * Two lines. Who waits is in the line of this condition, and afterwards, whether signalled, out of time or interrupted, in that of the lock. So it is always
   *            certain who got a signal, and a reply is sent to nobody who does not have the lock.
   * Death.     Who dies in the first line leaves it; who dies in the second one, with a signal, gives that to the next in the first.
   */
  private final ServedLock lock;
  private final WaitingLine<Wait> line = new WaitingLine<>();

  private enum Outcome {
    SIGNALLED,
    TIME_IS_UP,
    INTERRUPTED
  }

  /** A thread that waits for a signal. */
  private final class Wait extends Waiter {
    private final long thread;
    private final int holds;

    Wait(ClientCall call, long thread, int holds) {
      super(call, false);
      this.thread = thread;
      this.holds = holds;
    }

    void goOn(Outcome outcome) {
      lock.acquire(new Return(this, outcome));
    }

    @Override
    void timeIsUp() {
      goOn(Outcome.TIME_IS_UP);
    }

    @Override
    boolean cancelled() {
      if (call.client().isGone()) {
        return true;
      }
      line.remove(this);
      goOn(Outcome.INTERRUPTED);
      return false;
    }
  }

  /** A thread that has waited and gets the lock back. */
  private final class Return extends ServedLock.Acquisition {
    private final Outcome outcome;

    Return(Wait wait, Outcome outcome) {
      super(wait.call, wait.thread, wait.holds, false);
      this.outcome = outcome;
    }

    @Override
    void granted() {
      if (outcome == Outcome.SIGNALLED) {
        lock.setSignalledBy(ServedCondition.this);
      }
      if (outcome == Outcome.INTERRUPTED) {
        call.reply(Replies.cancelled(call.number()));
      } else {
        reply(outcome == Outcome.SIGNALLED);
      }
    }

    @Override
    boolean cancelled() {
      boolean gone = call.client().isGone(); // an interrupt is too late
      if (gone && outcome == Outcome.SIGNALLED) {
        signal(1);
      }
      return gone;
    }
  }

  private ServedCondition(ServedLock lock) {
    this.lock = lock;
  }

  /** Makes one as a client wants it, who says of which lock. */
  static ServedCondition open(@Nullable Served of) {
    if (of instanceof ServedLock lock) {
      return new ServedCondition(lock);
    }
    throw new IllegalArgumentException("a condition needs a lock of this server");
  }

  @Override
  public String kind() {
    return "condition";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    long thread = Plain.readLong(arguments);
    boolean held = lock.isHeldBy(call.client(), thread);
    switch (call.signature()) {
      case "await(long,long)" -> {
        long nanos = Plain.readNanos(arguments);
        if (held) {
          await(call, thread, nanos, loop);
        } else {
          call.replyWith(null);
        }
      }
      case "signal(long,int)" -> {
        int count = Plain.readInt(arguments);
        call.replyWith(held ? signal(count) : null);
      }
      case "waiting(long)" -> call.replyWith(held ? line.size() : null);
      default -> call.refuseFor(this);
    }
  }

  private void await(ClientCall call, long thread, long nanos, EventExecutor loop) {
    Wait wait = new Wait(call, thread, lock.holds());
    if (nanos > 0) {
      line.add(wait, nanos, loop);
    }
    lock.release();
    if (nanos == 0) {
      wait.timeIsUp();
    }
  }

  /** Lets some of those go on who wait, who came first; returns how many. */
  int signal(int count) {
    int signalled = 0;
    while (signalled < count) {
      Wait next = line.poll();
      if (next == null) {
        break;
      }
      signalled++;
      next.goOn(Outcome.SIGNALLED);
    }
    return signalled;
  }
}
