// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.master.pool.Work;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/** Sees to it that nothing inside a worker keeps what has a higher priority, or another submitter's turn, waiting. Event loop only. */
final class Precedence {
  /*
   * What waits inside a worker behind a long task is bound to go after it, whatever comes. As long as all that is about is in one line, that is only the order it had anyway, and
   * an idle worker takes it over. As soon as there is work of another line, units that wait inside workers are taken back, each worker gets no more than it begins at once, and
   * the order is made here. That costs a round trip for each unit, and only those who use priorities or submitters. What runs goes on; of a batch with a lower priority than
   * something that waits, the item that runs.
   */
  private final Collection<Worker> workers;
  private final Pending pending;
  private final Units units;
  private boolean strict;

  Precedence(Collection<Worker> workers, Pending pending, Units units) {
    this.workers = workers;
    this.pending = pending;
    this.units = units;
  }

  /** Tells whether nothing may wait inside a worker. */
  boolean isStrict() {
    return strict;
  }

  /** Gets ready for handing out. */
  void prepare() {
    strict = false;
    if (!pending.isRanked()) {
      return;
    }
    if (pending.isEmpty()) {
      if (units.tasks() == 0) {
        pending.idle();
      }
      return;
    }
    if (isUniform()) {
      return;
    }
    strict = true;
    boolean idle = false;
    for (Worker worker : workers) {
      while (worker.units.size() > 1 && units.takeBack(worker.units.getLast())) {
        // Until what is left has begun.
      }
      idle |= worker.isIdle();
    }
    Slice next = pending.peek();
    for (Worker worker : workers) {
      interruptBatch(worker, idle || next == null ? null : next.work());
    }
  }

  private boolean isUniform() {
    Work sample = null;
    for (Worker worker : workers) {
      for (Unit unit : worker.units) {
        if (sample != null && !sample.isInLineWith(unit.work)) {
          return false;
        }
        sample = unit.work;
      }
    }
    return pending.isUniform(sample);
  }

  /** Lets a batch end with the item that runs if something with a higher priority waits for its worker. */
  private void interruptBatch(Worker worker, @Nullable Work common) {
    Unit unit = worker.units.peek();
    if (unit == null || unit.to - unit.from == 1) {
      return;
    }
    Slice bound = pending.peek(worker);
    boolean higher = common != null && common.priority() > unit.work.priority()
        || bound != null && bound.work().priority() > unit.work.priority();
    if (higher && worker.segment().state(unit.seq) == UnitState.STARTED) {
      int kept = worker.segment().truncate(unit.seq, 0);
      if (kept >= 0) {
        pending.putBack(units.cut(unit, unit.from + kept));
      }
    }
  }
}
