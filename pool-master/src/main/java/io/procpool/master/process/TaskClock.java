// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.util.concurrent.TimeUnit;

/** Looks after the run time of what workers run, and has them killed when it is over. Event loop only. */
final class TaskClock {
  private static final long MIN_TIMER_NANOS = 100_000;

  private final EventLoop loop;
  private final KillSwitch killSwitch;

  TaskClock(EventLoop loop, KillSwitch killSwitch) {
    this.loop = loop;
    this.killSwitch = killSwitch;
  }

  /** Another unit, or none, is the first one of a worker. */
  void head(Worker worker) {
    stop(worker);
    worker.headSinceNanos = System.nanoTime();
    worker.timedUnit = null; // it would keep its inputs
    Unit unit = worker.units.peek();
    if (unit != null && unit.work.timeoutNanos() > 0) {
      arm(worker, unit, unit.work.timeoutNanos());
    }
  }

  /** Looks no longer after a worker, which is gone. */
  void stop(Worker worker) {
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
    long timeout = unit.work.timeoutNanos();
    int item = worker.segment().begun(unit.seq) - 1;
    long now = System.nanoTime();
    if (worker.timedUnit != unit || worker.timedItem != item) {
      worker.timedUnit = unit;
      worker.timedItem = item;
      worker.timedSinceNanos = now;
    }
    if (worker.segment().state(unit.seq) != UnitState.STARTED || item < 0) {
      arm(worker, unit, timeout);
      return;
    }
    // The worker's word counts only as far as it agrees with what was seen here.
    long ran = Math.max(now - worker.timedSinceNanos, now - worker.segment().itemStartNanos());
    long left = timeout - ran;
    if (left > 0) {
      arm(worker, unit, Math.min(left, timeout));
    } else if (worker.segment().kill(unit.seq, item)) {
      killSwitch.kill(worker, Worker.Kill.TIMEOUT);
    } else {
      arm(worker, unit, timeout);
    }
  }
}
