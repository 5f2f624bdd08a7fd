// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.master.launch.KillLedger;
import java.util.Collection;
import java.util.concurrent.TimeUnit;

/** Looks now and then at workers that are at a task for long, so that something is known when they die. Event loop only. */
final class Vitals {
  /*
   * Price.  Of workers with short tasks nothing is read. One that is at a unit for long is looked at four times a second, which takes some 20 µs.
   * Kernel. What its out-of-memory killer has killed is counted before each look at workers, so that a kill is known to have come after the worker was seen well: see `KillLedger`.
   */
  private static final long LOOK_MILLIS = 50;
  private static final long LONG_NANOS = 50_000_000;
  private static final long INTERVAL_NANOS = 250_000_000;

  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final KillLedger kills = new KillLedger();
  private boolean scheduled;

  Vitals(EventLoop loop, Collection<Worker> workers) {
    this.loop = loop;
    this.workers = workers;
  }

  /** Looks as long as workers have units. */
  void watch() {
    if (!scheduled) {
      scheduled = true;
      loop.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void look() {
    scheduled = false;
    long now = System.nanoTime();
    KillLedger.Mark mark = kills.mark();
    for (Worker worker : workers) {
      if (!worker.units.isEmpty()) {
        watch();
        if (now - worker.headSinceNanos >= LONG_NANOS && now - worker.seenNanos >= INTERVAL_NANOS) {
          worker.seenNanos = now;
          worker.look(mark);
        }
      }
    }
  }

  /** Says whether the kernel has killed a worker whose SIGKILL has just been noticed. */
  KillLedger.Verdict kernel(Worker worker) {
    return kills.judge(worker.wellBefore);
  }
}
