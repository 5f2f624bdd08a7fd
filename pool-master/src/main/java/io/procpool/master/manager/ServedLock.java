// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import org.jspecify.annotations.Nullable;

/** A lock, who has it, and who waits for it. For the event loop alone. */
final class ServedLock implements KeptNumbers {
  /*
   * Owner.  A thread of a client. Whenever the lock gets free, the first one in line has it before anybody else can come, so there is a line only
   *         while there is an owner.
   * Death.  When the client of the owner has gone, the next owner is told, by `dead`, until it has released the lock.
   * Signal. An owner that got the lock back because of a signal may have died before it knew; so if it dies in that hold, without another word on this lock, the
   *         signal goes to the next one who waits for it.
   * Store.  Each hold, and its end, is written before anybody is told of it: after a restart tokens go on, and who comes first is told that the owner of then has
   *         gone. Who was given a hold that could not be written has it taken away again, before being told that. Releasing, and coming back from a condition, is never
   *         refused.
   */
  static final long NOBODY = -1;

  private final boolean reentrant;
  private final Watchers watchers;
  private final WaitingLine<Acquisition> line = new WaitingLine<>();
  private final Runnable ownerGone = this::ownerGone;
  private @Nullable Client owner;
  private long ownerThread;
  private int holds;
  private long token;
  private long dead = NOBODY;
  private @Nullable ServedCondition signalledBy;

  /** A thread that wants the lock. */
  static class Acquisition extends Waiter {
    private final long thread;
    private final int holds;
    private final boolean canBeUndone;

    /**
     * Makes one.
     *
     * @param canBeUndone whether it is taken back if it cannot be written
     */
    Acquisition(ClientCall call, long thread, int holds, boolean canBeUndone) {
      super(call, false);
      this.thread = thread;
      this.holds = holds;
      this.canBeUndone = canBeUndone;
    }

    /** Called when it has the lock. */
    void granted() {
      reply(true);
    }
  }

  ServedLock(boolean reentrant, Watchers watchers) {
    this.reentrant = reentrant;
    this.watchers = watchers;
  }

  @Override
  public String kind() {
    return reentrant ? "reentrantLock" : "lock";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case "lock(long,long)" -> {
        long thread = Plain.readLong(arguments);
        lock(call, thread, Plain.readNanos(arguments), loop);
      }
      case "unlock(long)" -> {
        boolean held = holds(call, arguments);
        if (held && --holds == 0) {
          release();
        }
        call.replyWith(held);
      }
      case "isLocked()" -> call.replyWith(owner != null);
      case "holdCount(long)" -> call.replyWith(holds(call, arguments) ? holds : 0);
      case "fencingToken(long)" -> call.replyWith(holds(call, arguments) ? token : null);
      case "deadOwner(long)" -> call.replyWith(holds(call, arguments) ? dead : null);
      default -> call.refuseFor(this);
    }
  }

  private boolean holds(ClientCall call, PayloadReader arguments) throws PayloadFormatException {
    return isHeldBy(call.client(), Plain.readLong(arguments));
  }

  /** Tells whether a thread that calls has the lock. That it calls shows that it knows what it has. */
  boolean isHeldBy(Client client, long thread) {
    boolean held = owner == client && ownerThread == thread;
    if (held) {
      signalledBy = null;
    }
    return held;
  }

  private void lock(ClientCall call, long thread, long nanos, EventExecutor loop) {
    Acquisition wanted = new Acquisition(call, thread, 1, true);
    if (owner == null) {
      if (!watchers.refuses(call)) {
        grant(wanted);
      }
    } else if (isHeldBy(call.client(), thread) && reentrant) {
      if (holds == Integer.MAX_VALUE) {
        call.reply(Replies.thrown(
            call.number(),
            new IllegalStateException("it is held " + holds + " times, which is the most")));
      } else {
        holds++;
        call.replyWith(true);
      }
    } else if (nanos == 0) {
      call.replyWith(false);
    } else {
      line.add(wanted, nanos, loop);
    }
  }

  /** Gives the lock to somebody, at once or later. */
  void acquire(Acquisition wanted) {
    if (owner == null) {
      grant(wanted);
    } else {
      line.add(wanted);
    }
  }

  private void grant(Acquisition wanted) {
    Client client = wanted.call.client();
    owner = client;
    ownerThread = wanted.thread;
    holds = wanted.holds;
    token++;
    client.whenGone(ownerGone);
    long granted = token;
    if (wanted.canBeUndone) {
      watchers.keep(this, wanted.call, () -> takeBack(granted));
    } else {
      watchers.keep(this);
    }
    wanted.granted();
  }

  /** Ends a hold of which the owner has not been told. */
  private void takeBack(long granted) {
    if (owner != null && token == granted) {
      owner.forget(ownerGone);
      handOver();
    }
  }

  /** Returns how often it is held. */
  int holds() {
    return holds;
  }

  /** Says that this hold was got back because of a signal. */
  void setSignalledBy(ServedCondition condition) {
    signalledBy = condition;
  }

  /** Releases all holds of the owner, in an orderly way. */
  void release() {
    if (owner != null) {
      owner.forget(ownerGone);
    }
    dead = NOBODY;
    handOver();
  }

  private void handOver() {
    owner = null;
    holds = 0;
    signalledBy = null;
    Acquisition next = line.poll();
    if (next == null) {
      watchers.keep(this);
    } else {
      grant(next);
    }
  }

  private void ownerGone() {
    dead = owner == null ? NOBODY : owner.pid();
    ServedCondition unheard = signalledBy;
    if (unheard != null) {
      unheard.signal(1);
    }
    handOver();
  }

  /** Who has it has gone after a restart. */
  @Override
  public long[] kept() {
    return new long[] {token, owner == null ? dead : owner.pid()};
  }

  @Override
  public void restore(long[] kept) {
    token = kept[0];
    dead = kept[1];
  }
}
