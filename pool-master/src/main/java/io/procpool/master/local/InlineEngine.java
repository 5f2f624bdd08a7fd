// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.ipc.FunctionKind;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.atomic.LongAdder;

/** Runs each work in the thread that submits it; the one worker is the caller. */
final class InlineEngine implements Engine {
  private final PoolOptions options;
  private final Events events;
  private final WorkerEvent worker;
  private final LongAdder completed = new LongAdder();
  private final LongAdder cancelled = new LongAdder();
  private final LongAdder running = new LongAdder();
  private volatile boolean shutdown;

  InlineEngine(PoolOptions options) {
    this.options = options;
    this.events = new Events(options);
    this.worker =
        new WorkerEvent(options.name(), "inline", ProcessHandle.current().pid());
    options.initializer().ifPresent(Runnable::run);
    events.tell(listener -> listener.workerStarted(worker));
  }

  @Override
  public Inputs inputs(FunctionKind kind, Object function) {
    return new LocalInputs(kind, function);
  }

  @Override
  public boolean runsInCaller() {
    return true;
  }

  @Override
  public void submit(Work work) {
    LocalOptions.checkTimeout(options.backend(), work.timeoutNanos());
    work.placement(Thread.currentThread());
    for (int i = 0; i < work.count(); i++) {
      if (work.isCancelled()) {
        cancelled.increment();
        work.report(ResultBlock.ofError(
            i, 1, new CancellationException("task " + work.taskId(i) + " was cancelled")));
        continue;
      }
      work.report(run(work, i));
    }
    work.placement(null);
  }

  private ResultBlock run(Work work, int item) {
    TaskEvent event = new TaskEvent(work.taskId(item), work.name(), worker);
    long start = System.nanoTime();
    events.tell(listener -> listener.taskStarted(event));
    running.increment();
    ResultBlock block;
    boolean success = false;
    try {
      block = ResultBlock.ofValue(item, ((LocalInputs) work.inputs()).call(item));
      success = true;
    } catch (Throwable thrown) {
      block = ResultBlock.ofError(item, 1, thrown);
    } finally {
      running.decrement();
    }
    completed.increment();
    boolean ok = success;
    Duration time = Duration.ofNanos(System.nanoTime() - start);
    events.tell(listener -> listener.taskFinished(event, ok, time));
    return block;
  }

  @Override
  public void cancel(Work work, boolean interrupt) {
    if (interrupt
        && work.placement() instanceof Thread thread
        && thread != Thread.currentThread()) {
      thread.interrupt();
    }
  }

  @Override
  public boolean isRunning(Work work) {
    return work.placement() != null;
  }

  @Override
  public void shutdown() {
    shutdown = true;
    events.close();
  }

  @Override
  public List<Work> shutdownNow() {
    shutdown();
    return List.of();
  }

  @Override
  public void terminate() {
    shutdown();
  }

  @Override
  public boolean awaitTermination(long nanos) {
    return isTerminated();
  }

  @Override
  public boolean isTerminated() {
    return shutdown;
  }

  @Override
  public PoolStatistics statistics() {
    boolean busy = running.sum() > 0;
    return new PoolStatistics(
        0,
        busy ? 0 : 1,
        busy ? 1 : 0,
        0,
        running.sum(),
        completed.sum(),
        0,
        cancelled.sum(),
        1,
        0,
        shutdown ? 1 : 0);
  }
}
