// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Takes work from the busy for the idle. Event loop only. */
final class Stealing {
  /*
   * When a worker has nothing to do and nothing is pending, units that wait elsewhere are taken back, or the rest of a running batch, unless what runs there
   * has only just begun: short tasks are soon over anyway. What only one worker may run stays there.
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
      if (worker.units.isEmpty()) {
        continue;
      }
      int movable = movable(worker);
      if (movable == 0 && (worker.units.element().work.isBound() || isAtItsLastItem(worker))) {
        continue;
      }
      long since = now - worker.headSinceNanos;
      if (since < PATIENCE_NANOS) {
        tooEarly = true;
      } else if (movable == 0 && hasNotBegun(worker)) {
        tooEarly = true; // of a unit that has not begun no part can be taken
        wait = Math.max(wait, since);
      } else if (victim == null || movable > movable(victim)) {
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

  /** Returns how many units wait behind the first one that another worker may run. */
  private static int movable(Worker worker) {
    int movable = 0;
    for (Unit unit : worker.units) {
      movable += unit.work.isBound() ? 0 : 1;
    }
    return worker.units.element().work.isBound() ? movable : movable - 1;
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
    int take = (movable(victim) + 1) / 2;
    int taken = 0;
    for (Unit unit : lastFirst(victim)) {
      if (taken == take || (!unit.work.isBound() && !units.takeBack(unit))) {
        break;
      }
      taken += unit.work.isBound() ? 0 : 1;
    }
    return taken > 0;
  }

  private static List<Unit> lastFirst(Worker worker) {
    List<Unit> reversed = new ArrayList<>(worker.units);
    Collections.reverse(reversed);
    return reversed;
  }

  private boolean stealItems(Worker victim) {
    for (Unit unit : victim.units) {
      if (unit.work.isBound()) {
        continue;
      }
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
