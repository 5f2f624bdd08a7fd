// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Finds workers that are too old or too large. Event loop only. */
final class WearWatch {
  private static final long LOOK_MILLIS = 250;

  private final RecyclePolicy policy;
  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final Consumer<Worker> worn;
  private @Nullable Future<?> look;

  WearWatch(
      PoolOptions options, EventLoop loop, Collection<Worker> workers, Consumer<Worker> worn) {
    this.policy = options.recycling();
    this.loop = loop;
    this.workers = workers;
    this.worn = worn;
  }

  /** A worker is ready for its first task. */
  void started(Worker worker) {
    if (!policy.maxAge().isZero()) {
      double part = 1 - policy.ageJitter() * ThreadLocalRandom.current().nextDouble();
      worker.ageTimer = loop.schedule(
          () -> worn.accept(worker),
          (long) (policy.maxAge().toNanos() * part),
          TimeUnit.NANOSECONDS);
    }
    if (policy.maxRssBytes() > 0 && look == null) {
      look =
          loop.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }
  }

  private void look() {
    for (Worker worker : new ArrayList<>(workers)) {
      // One that has run nothing would be followed by one of the same size, without end.
      if (worker.wasReady
          && worker.assignedTasks > 0
          && !worker.worn
          && worker.lookAtRss() > policy.maxRssBytes()) {
        worn.accept(worker);
      }
    }
  }

  /** A worker is gone. */
  static void gone(Worker worker) {
    if (worker.ageTimer != null) {
      worker.ageTimer.cancel(false);
    }
  }

  /** Looks no more. */
  void end() {
    if (look != null) {
      look.cancel(false);
    }
  }
}
