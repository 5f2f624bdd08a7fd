// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static io.procpool.ipc.manager.BarrierReply.BROKEN;
import static io.procpool.ipc.manager.BarrierReply.TIME_IS_UP;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import org.jspecify.annotations.Nullable;

/** A barrier, and who waits there. For the event loop alone. */
final class ServedBarrier implements Served {
  /*
   * Generation. Ends when all have come and the action is done, or when it breaks.
   * Action.     Run by the last one to come, in its own process: it is told so, and calls again when that is done. Meanwhile all others are in `arrived`, and who
   *             comes is in `early`: it comes for the next generation, and cannot break this one.
   * Death.      Of one that waits or acts: breaks the generation. Of an early one: nothing.
   */
  private final int parties;
  private final WaitingLine<Arrived> arrived = new WaitingLine<>();
  private final WaitingLine<Early> early = new WaitingLine<>();
  private final Runnable actorGone = this::breakNow;
  private @Nullable Client actor;
  private long generation;
  private boolean broken;

  /** One that has come. */
  private final class Arrived extends Waiter {
    private final int index;

    Arrived(ClientCall call, int index) {
      super(call, TIME_IS_UP);
      this.index = index;
    }

    @Override
    void timeIsUp() {
      breakNow();
      super.timeIsUp();
    }

    @Override
    boolean cancelled() {
      arrived.remove(this);
      breakNow();
      return true;
    }
  }

  /** One that came while the others were acting. */
  private static final class Early extends Waiter {
    private final boolean acts;
    private final long nanos;
    private final long since = System.nanoTime();

    Early(ClientCall call, boolean acts, long nanos) {
      super(call, TIME_IS_UP);
      this.acts = acts;
      this.nanos = nanos;
    }

    long left() {
      return nanos == WaitingLine.FOREVER
          ? nanos
          : Math.max(0, nanos - (System.nanoTime() - since));
    }
  }

  private ServedBarrier(int parties) {
    this.parties = parties;
  }

  /** Makes one as a client wants it, who says for how many. */
  static ServedBarrier open(PayloadReader arguments) throws PayloadFormatException {
    int parties = Plain.readInt(arguments);
    if (parties < 1) {
      throw new IllegalArgumentException("parties: " + parties + " (expected: 1 or more)");
    }
    return new ServedBarrier(parties);
  }

  @Override
  public String kind() {
    return "barrier";
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    PayloadReader arguments = call.arguments();
    switch (call.signature()) {
      case "await(boolean,long)" -> {
        boolean acts = Plain.readBoolean(arguments);
        await(call, acts, Plain.readNanos(arguments), loop);
      }
      case "acted(long,boolean)" -> {
        long of = Plain.readLong(arguments);
        acted(call, of, Plain.readBoolean(arguments), loop);
      }
      case "interrupted()" -> {
        if (actor == null) {
          breakNow();
        }
        call.replyWith(null);
      }
      case "abort()" -> {
        breakNow();
        call.replyWith(null);
      }
      case "reset()" -> {
        end(true);
        broken = false;
        call.replyWith(null);
        letEarlyOnesCome(loop);
      }
      case "isBroken()" -> call.replyWith(broken);
      case "parties()" -> call.replyWith(parties);
      case "waiting()" -> call.replyWith(arrived.size() + (actor == null ? 0 : 1));
      default -> call.refuseFor(this);
    }
  }

  private void await(ClientCall call, boolean acts, long nanos, EventExecutor loop) {
    if (broken) {
      call.replyWith(BROKEN);
    } else if (actor == null) {
      come(call, acts, nanos, loop);
    } else if (nanos == 0) {
      call.replyWith(TIME_IS_UP);
    } else {
      early.add(new Early(call, acts, nanos), nanos, loop);
    }
  }

  private void come(ClientCall call, boolean acts, long nanos, EventExecutor loop) {
    int index = parties - 1 - arrived.size();
    if (index > 0 && nanos == 0) {
      breakNow();
      call.replyWith(TIME_IS_UP);
    } else if (index > 0) {
      arrived.add(new Arrived(call, index), nanos, loop);
    } else if (acts) {
      actor = call.client();
      actor.whenGone(actorGone);
      call.replyWith(generation);
    } else {
      call.replyWith(0);
      end(false);
      letEarlyOnesCome(loop);
    }
  }

  /** Replies whether the others can go on. */
  private void acted(ClientCall call, long of, boolean done, EventExecutor loop) {
    boolean whole = actor == call.client() && generation == of && done;
    if (whole) {
      call.replyWith(true);
      end(false);
      letEarlyOnesCome(loop);
    } else {
      if (actor == call.client() && generation == of) {
        breakNow();
      }
      call.replyWith(false);
    }
  }

  private void breakNow() {
    broken = true;
    end(true);
    early.pollAll().forEach(each -> each.reply(BROKEN));
  }

  /** Ends this generation: all that have come go. */
  private void end(boolean asBroken) {
    generation++;
    if (actor != null) {
      actor.forget(actorGone);
      actor = null;
    }
    arrived.pollAll().forEach(each -> each.reply(asBroken ? BROKEN : each.index));
  }

  private void letEarlyOnesCome(EventExecutor loop) {
    while (actor == null && !broken) {
      Early next = early.poll();
      if (next == null) {
        return;
      }
      come(next.call, next.acts, next.left(), loop);
    }
  }
}
