// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.WorkerSnapshot;
import io.procpool.master.launch.ProcessMemory;
import io.procpool.master.pool.Engine.View;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Asks the event loop what the workers are doing, and always has an answer within a bound. Safe for use by multiple threads. */
final class Lookout {
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final EventLoop loop;
  private final Callable<View> look;
  private volatile View last;

  /**
   * Prepares it.
   *
   * @param look looks; in the event loop, or in one thread after its end
   */
  Lookout(PoolOptions options, EventLoop loop, Callable<View> look) {
    this.loop = loop;
    this.look = look;
    PoolStatistics nothing = new PoolStatistics(
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, options.minWorkers(), options.workers(), 0, 0, 0);
    this.last = new View(Instant.now(), false, nothing, -1, List.of());
  }

  View view() {
    View view = await();
    List<WorkerSnapshot> workers = new ArrayList<>();
    view.workers().forEach(worker -> workers.add(withMemory(worker)));
    return new View(
        view.when(), view.current(), view.statistics(), view.oldestWaitNanos(), workers);
  }

  private View await() {
    Future<View> looking;
    try {
      looking = loop.submit(this::lookNow);
    } catch (RejectedExecutionException ended) {
      return lookAfterTheEnd();
    }
    long end = System.nanoTime() + PATIENCE_NANOS;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return looking.get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (TimeoutException silent) {
      looking.cancel(false);
      return loop.isTerminated() ? lookAfterTheEnd() : whatWasKnown();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private View whatWasKnown() {
    View known = last;
    return new View(
        known.when(), false, known.statistics(), known.oldestWaitNanos(), known.workers());
  }

  private synchronized View lookAfterTheEnd() {
    try {
      return lookNow();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private View lookNow() throws Exception {
    View view = look.call();
    last = view;
    return view;
  }

  /** Files are read in the calling thread, not in the event loop. */
  private static WorkerSnapshot withMemory(WorkerSnapshot worker) {
    return new WorkerSnapshot(
        worker.name(),
        worker.pid(),
        worker.state(),
        worker.inState(),
        worker.age(),
        worker.endedTasks(),
        worker.waitingTasks(),
        worker.task(),
        worker.pid() < 0 ? -1 : ProcessMemory.rssBytes(worker.pid()),
        worker.heapBytes(),
        worker.debugPort());
  }
}
