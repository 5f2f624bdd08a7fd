// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Takes work from the busy for the idle. Event loop only. */
final class Stealing {
  /*
   * When a worker has nothing to do and nothing is pending, units that wait elsewhere are taken back, or the rest of a running batch, unless what runs there
   * has only just begun: short tasks are soon over anyway.
   */
  private static final long PATIENCE_NANOS = 300_000;

  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final Pending pending;
  private final Units units;
  private final Runnable again;
  private boolean later;

  /**
   * Prepares it.
   *
   * @param again is run when it may have been too early
   */
  Stealing(
      EventLoop loop, Collection<Worker> workers, Pending pending, Units units, Runnable again) {
    this.loop = loop;
    this.workers = workers;
    this.pending = pending;
    this.units = units;
    this.again = again;
  }

  /** Takes something from the worker with the most to take; false if there is nothing, or not yet. */
  boolean steal() {
    Worker victim = victim();
    return victim != null && (stealUnits(victim) || stealItems(victim));
  }

  /** Returns the worker with the most to take, among those that will not be through with it in a moment. */
  private @Nullable Worker victim() {
    Worker victim = null;
    boolean tooEarly = false;
    long wait = PATIENCE_NANOS;
    long now = System.nanoTime();
    for (Worker worker : workers) {
      if (worker.units.isEmpty() || (worker.units.size() == 1 && isAtItsLastItem(worker))) {
        continue;
      }
      long since = now - worker.headSinceNanos;
      if (since < PATIENCE_NANOS) {
        tooEarly = true;
      } else if (worker.units.size() == 1 && hasNotBegun(worker)) {
        tooEarly = true; // of a unit that has not begun no part can be taken
        wait = Math.max(wait, since);
      } else if (victim == null || worker.units.size() > victim.units.size()) {
        victim = worker;
      }
    }
    if (victim == null && tooEarly && !later) {
      later = true;
      loop.schedule(
          () -> {
            later = false;
            again.run();
          },
          wait,
          TimeUnit.NANOSECONDS);
    }
    return victim;
  }

  private static boolean hasNotBegun(Worker worker) {
    return worker.segment().state(worker.units.element().seq) == UnitState.OFFERED;
  }

  private static boolean isAtItsLastItem(Worker worker) {
    Unit unit = worker.units.element();
    int count = unit.to - unit.from;
    return unit.work.count() == 1 || worker.segment().begun(unit.seq) >= count;
  }

  private boolean stealUnits(Worker victim) {
    int take = victim.units.size() / 2;
    int taken = 0;
    while (taken < take && units.takeBack(victim.units.getLast())) {
      taken++;
    }
    return taken > 0;
  }

  private boolean stealItems(Worker victim) {
    for (Unit unit : victim.units) {
      int begun = victim.segment().begun(unit.seq);
      int left = unit.to - unit.from - begun;
      if (left > 0) {
        int kept = victim.segment().truncate(unit.seq, left / 2);
        if (kept >= 0) {
          pending.putBack(units.cut(unit, unit.from + kept));
          return true;
        }
      }
    }
    return false;
  }
}
