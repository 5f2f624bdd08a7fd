// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.MemoryLimitException;
import io.procpool.ipc.WorkerSegment;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Looks at the resident memory of workers whose task has a limit for it. Event loop only. */
final class RssWatch {
  /* Whose. The item is noted before the memory is read, and the kill, a moment later, fails if it has ended or its worker is killed already. */
  private static final long INTERVAL_MILLIS = 25;
  private static final long STACK_MILLIS = 4; // for the worker to say where the task is

  private final EventLoop loop;
  private final TaskClock clock;
  private final Set<Worker> watched = new LinkedHashSet<>();
  private boolean scheduled;

  RssWatch(EventLoop loop, TaskClock clock) {
    this.loop = loop;
    this.clock = clock;
  }

  /** Looks at a worker as long as its first unit has a limit. */
  void watch(Worker worker) {
    watched.add(worker);
    if (!scheduled) {
      schedule();
    }
  }

  private void schedule() {
    scheduled = true;
    loop.schedule(this::check, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
  }

  private void check() {
    scheduled = false;
    List<Worker> done = new ArrayList<>();
    for (Worker worker : watched) {
      Unit unit = worker.units.peek();
      if (unit == null || unit.work.limits().rssBytes() == 0 || worker.kill != null) {
        done.add(worker);
      } else {
        look(worker, unit);
      }
    }
    done.forEach(watched::remove);
    if (!watched.isEmpty()) {
      schedule();
    }
  }

  private void look(Worker worker, Unit unit) {
    WorkerSegment segment = worker.segment();
    int item = segment.begun(unit.seq) - 1;
    if (item < 0 || !segment.state(unit.seq).isRunning()) {
      return;
    }
    long bytes = worker.lookAtRss();
    if (bytes > unit.work.limits().rssBytes()) {
      Overrun overrun = Overrun.ofMemory(unit, item, MemoryLimitException.Kind.RSS, bytes);
      TaskClock.askForStack(worker, unit, item);
      loop.schedule(() -> clock.kill(worker, overrun), STACK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  /** Looks no longer at a worker. */
  void gone(Worker worker) {
    watched.remove(worker);
  }
}
