// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.MemoryLimitException;
import io.procpool.TaskProgress;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.master.pool.Limits;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Looks after the limits of what workers run: interrupts it, or has the worker killed. Event loop only. */
final class TaskClock {
  /*
   * Clock.    An item's time begins when the worker begins it, which the worker notes in its segment; its word counts only as far as it
   *           agrees with what was seen here. There is one timer for each worker with a limited unit, never later than the end of the time of
   *           an item that begins right after the look.
   * Exactness. Marking an item as overdue, and killing because of it, are compare-and-sets that fail when the item has ended. So neither
   *           reaches another item, and of several limits and a cancellation that come together one wins.
   * Stack.    Shortly before a time is over the worker is asked where the task is. Its answer is waited for no longer than that: no kill comes later for it.
   * Grace.    `Worker.overrun` is the last item that was marked. Until its grace is over the timer also serves the items behind it. When the
   *           item's exception arrives, the worker says that it ended marked, and so it fails with the limit.
   */
  private static final long MIN_TIMER_NANOS = 100_000;
  private static final long STACK_LEAD_NANOS = 100_000_000;

  private final EventLoop loop;
  private final KillSwitch killSwitch;
  private final RssWatch rss;
  private long nowNanos; // when the first unit since the last dispatch ended
  private boolean isKnown;

  TaskClock(EventLoop loop, KillSwitch killSwitch) {
    this.loop = loop;
    this.killSwitch = killSwitch;
    this.rss = new RssWatch(loop, this);
  }

  /** Another unit, or none, is the first one of a worker. */
  void head(Worker worker) {
    head(worker, System.nanoTime());
  }

  /** As {@link #head(Worker)}, because a unit has ended; what is read together counts as read at once. */
  void headEnded(Worker worker) {
    if (!isKnown) {
      nowNanos = System.nanoTime();
      isKnown = true;
    }
    head(worker, nowNanos);
  }

  private void head(Worker worker, long now) {
    stop(worker);
    worker.headSinceNanos = now;
    worker.timedUnit = null; // it would keep its inputs
    worker.overrun = null;
    worker.rssBytes = -1;
    worker.well = null;
    worker.wellBefore = null;
    Unit unit = worker.units.peek();
    if (unit != null) {
      Limits limits = unit.work.limits();
      if (limits.isTimed()) {
        arm(worker, unit, beforeEnd(limits.firstNanos()));
      }
      if (limits.rssBytes() > 0) {
        rss.watch(worker);
      }
    }
  }

  /** Everything that was read together has been handled. */
  void proceed() {
    isKnown = false;
  }

  /** Looks no longer after a worker, which is gone. */
  void gone(Worker worker) {
    stop(worker);
    rss.gone(worker);
  }

  private static void stop(Worker worker) {
    if (worker.timer != null) {
      worker.timer.cancel(false);
      worker.timer = null;
    }
  }

  private void arm(Worker worker, Unit unit, long nanos) {
    worker.timer = loop.schedule(
        () -> check(worker, unit), Math.max(MIN_TIMER_NANOS, nanos), TimeUnit.NANOSECONDS);
  }

  private void check(Worker worker, Unit unit) {
    if (worker.units.peek() != unit || worker.kill != null) {
      return;
    }
    WorkerSegment segment = worker.segment();
    Limits limits = unit.work.limits();
    int item = segment.begun(unit.seq) - 1;
    long now = System.nanoTime();
    if (worker.timedUnit != unit || worker.timedItem != item) {
      worker.timedUnit = unit;
      worker.timedItem = item;
      worker.timedSinceNanos = now;
    }
    UnitState state = segment.state(unit.seq);
    if (!state.isRunning() || item < 0) {
      arm(worker, unit, beforeEnd(limits.firstNanos()));
      return;
    }
    Overrun overrun = worker.overrun;
    boolean inGrace = overrun != null && overrun.isOf(unit, item);
    long left = overrun != null && inGrace
        ? graceLeft(worker, overrun, limits, now)
        : timeLeft(worker, unit, item, limits, now);
    if (worker.kill == null) {
      long lead = lead(inGrace ? limits.graceNanos() : limits.firstNanos());
      if (left <= lead && now - worker.stackAskedNanos > lead) {
        worker.stackAskedNanos = now;
        askForStack(worker, unit, item);
      }
      arm(worker, unit, Math.min(left > lead ? left - lead : left, limits.firstNanos()));
    }
  }

  private static long lead(long nanos) {
    return Math.min(STACK_LEAD_NANOS, nanos / 2);
  }

  private static long beforeEnd(long nanos) {
    return nanos - lead(nanos);
  }

  /** Has a worker say where its task is. */
  static void askForStack(Worker worker, Unit unit, int item) {
    if (worker.link != null) {
      worker.link.showStack(unit.seq, item);
      worker.link.flush();
    }
  }

  /** Returns how long an item may still run; interrupts it or has the worker killed if that is over. */
  private long timeLeft(Worker worker, Unit unit, int item, Limits limits, long now) {
    WorkerSegment segment = worker.segment();
    long ran = Math.max(now - worker.timedSinceNanos, now - segment.itemStartNanos());
    long silent = ran;
    boolean said = false;
    long reported = segment.progressNanos();
    long sinceReport = now - reported;
    if (reported != 0 && sinceReport < ran) {
      silent = Math.max(0, sinceReport);
      said = true;
    }
    long runLeft = limits.runNanos() == 0 ? Long.MAX_VALUE : limits.runNanos() - ran;
    long stallLeft = limits.stallNanos() == 0 ? Long.MAX_VALUE : limits.stallNanos() - silent;
    long left = Math.min(runLeft, stallLeft);
    if (left > 0) {
      return left;
    }
    Worker.Kill kill = runLeft <= stallLeft ? Worker.Kill.TIMEOUT : Worker.Kill.STALLED;
    TaskProgress progress = said ? segment.progress() : null;
    Vital vital = Vital.of(worker, unit, item);
    Overrun overrun = Overrun.ofTime(unit, item, kill, ran, silent, progress, vital);
    if (limits.graceNanos() == 0) {
      return kill(worker, overrun) ? 0 : limits.firstNanos();
    }
    if (!segment.overdue(unit.seq, item)) {
      return limits.firstNanos();
    }
    worker.overrun = overrun;
    return limits.graceNanos();
  }

  private long graceLeft(Worker worker, Overrun overrun, Limits limits, long now) {
    long left = limits.graceNanos() - (now - overrun.sinceNanos());
    if (left > 0) {
      return left;
    }
    return kill(worker, overrun) ? 0 : limits.firstNanos();
  }

  /** Has a worker killed because of an item; false if that has ended, or the worker is killed already. */
  boolean kill(Worker worker, Overrun overrun) {
    if (worker.kill != null || !worker.segment().kill(overrun.unit().seq, overrun.item())) {
      return false;
    }
    worker.overrun = overrun;
    worker.lookAtRss();
    killSwitch.kill(worker, overrun.kill());
    return true;
  }

  /** A worker says that an item has more of the heap in use than it may. */
  void overHeap(Worker worker, FromWorker.OverHeap message) {
    Unit unit = worker.units.peek();
    if (unit != null && unit.seq == message.seq() && unit.work.limits().heapBytes() > 0) {
      kill(
          worker,
          Overrun.ofMemory(unit, message.item(), MemoryLimitException.Kind.HEAP, message.bytes()));
    }
  }

  /** Returns the limit that an item was over when it ended with an exception; null if it was none. */
  static @Nullable Overrun overrun(Worker worker, Unit unit, int itemOfWork) {
    Overrun overrun = worker.overrun;
    return overrun != null && overrun.isItem(unit, itemOfWork) ? overrun : null;
  }
}
