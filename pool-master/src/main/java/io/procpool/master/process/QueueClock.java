// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.Work;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Fails what has not begun within its queue timeout, wherever it waits. Event loop only. */
final class QueueClock {
  /*
   * Timer.     One, for the work whose time is over first. It is not put off when that work begins: then it finds nothing to do.
   * Retries.   What has begun once has kept its time, however often it is run again.
   * Exactness. What workers have and have not begun is taken back by compare-and-set, as for a cancellation. All that is over at the same time is taken in
   *            one pass.
   */
  private static final Comparator<Work> ORDER = (a, b) -> {
    int byTime = Long.signum(deadline(a) - deadline(b));
    return byTime != 0 ? byTime : Long.compare(a.taskId(0), b.taskId(0));
  };

  private final PoolOptions options;
  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final Pending pending;
  private final Units units;
  private final Reports reports;
  private final BooleanSupplier usable;
  private final Runnable whenExpired;
  private final TreeSet<Work> waiting = new TreeSet<>(ORDER);
  private boolean armed;
  private long armedFor;

  QueueClock(
      PoolOptions options,
      EventLoop loop,
      Collection<Worker> workers,
      Pending pending,
      Units units,
      Reports reports,
      BooleanSupplier usable,
      Runnable whenExpired) {
    this.options = options;
    this.loop = loop;
    this.workers = workers;
    this.pending = pending;
    this.units = units;
    this.reports = reports;
    this.usable = usable;
    this.whenExpired = whenExpired;
  }

  private static long deadline(Work work) {
    return work.acceptedNanos() + work.limits().queueNanos();
  }

  /** Work has been accepted. */
  void add(Work work) {
    if (work.limits().queueNanos() > 0) {
      waiting.add(work);
      arm();
    }
  }

  /** All of a work has been reported. */
  void over(Work work) {
    waiting.remove(work);
  }

  private void arm() {
    long first = deadline(waiting.first());
    if (armed && armedFor - first <= 0) {
      return;
    }
    armed = true;
    armedFor = first;
    loop.schedule(() -> fire(first), Math.max(0, first - System.nanoTime()), TimeUnit.NANOSECONDS);
  }

  private void fire(long timer) {
    if (armed && timer == armedFor) { // else an earlier one has taken its place
      armed = false;
    }
    boolean expired = expire();
    if (!waiting.isEmpty()) {
      arm();
    }
    if (expired) {
      whenExpired.run();
    }
  }

  /** Fails what is over now; true if there was something. */
  boolean expire() {
    if (waiting.isEmpty()) {
      return false;
    }
    long now = System.nanoTime();
    Set<Work> over = new HashSet<>();
    while (!waiting.isEmpty() && deadline(waiting.first()) - now <= 0) {
      over.add(waiting.pollFirst());
    }
    if (over.isEmpty()) {
      return false;
    }
    int busy = busy();
    long pendingTasks = pending.tasks();
    List<Slice> lost = pending.removeAll(
        slice -> over.contains(slice.work()) && Attempts.failed(slice.work(), slice.from()) == 0);
    for (Worker worker : workers) {
      for (Unit unit : new ArrayList<>(worker.units)) {
        if (over.contains(unit.work) && unit.attempt == 1) {
          takeBack(unit, lost);
        }
      }
    }
    for (Slice slice : lost) {
      reports.lost(
          slice.work(),
          slice.from(),
          slice.to(),
          (work, item) ->
              NotRun.queueTimeout(options, work, item, busy, pendingTasks, usable.getAsBoolean()));
    }
    return !lost.isEmpty();
  }

  private int busy() {
    int busy = 0;
    for (Worker worker : workers) {
      busy += worker.units.isEmpty() ? 0 : 1;
    }
    return busy;
  }

  private void takeBack(Unit unit, List<Slice> lost) {
    WorkerSegment segment = unit.segment;
    if (segment.revoke(unit.seq)) {
      units.removeRevoked(unit);
      lost.add(new Slice(unit.work, unit.received, unit.to));
    } else if (segment.state(unit.seq) != UnitState.REVOKED) { // else it was cancelled just now
      int kept = segment.truncate(unit.seq, 0);
      if (kept >= 0) {
        lost.add(units.cut(unit, unit.from + kept));
      }
    }
  }
}
