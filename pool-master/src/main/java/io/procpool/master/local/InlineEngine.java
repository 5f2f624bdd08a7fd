// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.TaskProgress;
import io.procpool.WorkerSnapshot;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import io.procpool.spi.WorkerScope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Runs each work in the thread that submits it; the one worker is the caller. */
final class InlineEngine extends LocalEngine {
  /*
   * Threads.  Any number of callers run tasks at the same time. All state is guarded by `lock`; tasks and sinks run
   *           outside it.
   * Start.    The initializer runs in the first caller, again for the next one if it failed.
   * Interrupt. The engine interrupts a caller only under `lock` while its work runs, and frees it of that interrupt
   *           afterwards. Any other interrupt is the caller's own: if it ended a task, the caller gets it back.
   * End.      The engine has terminated when it was shut down, no caller is inside, and the objects of the worker are closed, which the last caller does, or who shuts it down.
   */
  private final WorkerEvent worker;
  private final WorkerScope scope = new WorkerScope();
  private final ReentrantLock startLock = new ReentrantLock();
  private final Map<Work, Caller> callers = new LinkedHashMap<>();
  private long startedNanos; // guarded by lock
  private long idleSinceNanos; // guarded by lock
  private long active;
  private long completed;
  private long lost;
  private long cancelled;
  private boolean started; // written under both locks
  private boolean closing; // of the objects of the worker has begun; guarded by lock
  private boolean closed; // guarded by lock
  private boolean ended; // no further task is begun

  /** A thread that runs work. */
  private static final class Caller {
    final Thread thread = Thread.currentThread();
    boolean interrupted; // by this engine; guarded by lock

    @Nullable
    LocalTask task; // what it runs; guarded by lock

    int item; // guarded by lock
    long sinceNanos; // when that began, or ended; guarded by lock

    Caller(long sinceNanos) {
      this.sinceNanos = sinceNanos;
    }
  }

  InlineEngine(PoolOptions options) {
    super(options);
    this.worker =
        new WorkerEvent(options.name(), "inline", ProcessHandle.current().pid());
  }

  @Override
  public boolean runsInCaller() {
    return true;
  }

  @Override
  public List<Target> targets() {
    return List.of(new Target(worker.worker(), this));
  }

  @Override
  public void submit(Work work) {
    work.arrived(System.nanoTime());
    Caller caller = enter(work);
    WorkerScope outer = scope.enter();
    try {
      Throwable startFailure = start();
      for (int i = 0; i < work.count(); i++) {
        ResultBlock block =
            startFailure == null ? runOrRefuse(work, i, caller) : notStarted(work, i, startFailure);
        work.report(block);
      }
    } finally {
      WorkerScope.leave(outer);
      leave(work);
    }
  }

  private Caller enter(Work work) {
    Caller caller = new Caller(System.nanoTime());
    lock.lock();
    try {
      callers.put(work, caller);
    } finally {
      lock.unlock();
    }
    return caller;
  }

  private void leave(Work work) {
    lock.lock();
    try {
      Caller caller = callers.remove(work);
      if (caller != null && caller.interrupted) {
        Thread.interrupted();
      }
      endIfDrained();
    } finally {
      lock.unlock();
    }
    afterShutdown();
  }

  @Override
  void afterShutdown() {
    lock.lock();
    try {
      if (!shutdown || !callers.isEmpty() || closing) {
        return;
      }
      closing = true;
    } finally {
      lock.unlock();
    }
    WorkerScope outer = scope.enter();
    try {
      scope.close();
    } finally {
      WorkerScope.leave(outer);
      lock.lock();
      try {
        closed = true;
        endIfDrained();
      } finally {
        lock.unlock();
      }
    }
  }

  /** Sees to it that the initializer has run, unless the pool was ended; returns what it failed with at last. */
  private @Nullable Throwable start() {
    startLock.lock();
    try {
      Throwable failure = null;
      for (int i = 0; i < options.maxStartAttempts() && !started && !isEnded(); i++) {
        try {
          options.initializer().ifPresent(Runnable::run);
          lock.lock();
          try {
            started = true;
            startedNanos = System.nanoTime();
            idleSinceNanos = startedNanos;
          } finally {
            lock.unlock();
          }
          events.tell(listener -> listener.workerStarted(worker));
        } catch (Throwable thrown) {
          failure = thrown;
        }
      }
      return started || isEnded() ? null : failure;
    } finally {
      startLock.unlock();
    }
  }

  private ResultBlock notStarted(Work work, int item, Throwable failure) {
    count(() -> lost++);
    return ResultBlock.ofError(
        item, 1, LocalOptions.startFailure(options, work.taskId(item), true, failure));
  }

  private ResultBlock runOrRefuse(Work work, int item, Caller caller) {
    if (work.isCancelled()) {
      count(() -> cancelled++);
      return ResultBlock.ofError(item, 1, NotRun.cancelled(options, work, item));
    }
    if (isEnded()) {
      count(() -> lost++);
      return ResultBlock.ofError(item, 1, NotRun.poolEnded(options, work, item));
    }
    tellStarted(work, item, worker);
    LocalTask task = new LocalTask(options, work, item, worker.worker());
    count(() -> {
      active++;
      caller.task = task;
      caller.item = item;
      caller.sinceNanos = System.nanoTime();
    });
    Ran ran = run(work, item, task);
    tellFinished(work, item, worker, ran);
    count(() -> {
      active--;
      completed++;
      caller.task = null;
      idleSinceNanos = System.nanoTime();
      caller.sinceNanos = idleSinceNanos;
      if (ran.failure() instanceof InterruptedException && !caller.interrupted) {
        caller.thread.interrupt();
      }
    });
    return ran.block();
  }

  private void count(Runnable change) {
    lock.lock();
    try {
      change.run();
    } finally {
      lock.unlock();
    }
  }

  private boolean isEnded() {
    lock.lock();
    try {
      return ended;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void cancel(Work work, boolean interrupt) {
    lock.lock();
    try {
      Caller caller = callers.get(work);
      if (interrupt && caller != null) {
        interrupt(caller);
      }
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private static void interrupt(Caller caller) {
    if (caller.task != null) {
      caller.task.interrupted();
    }
    if (caller.thread != Thread.currentThread()) {
      caller.interrupted = true;
      caller.thread.interrupt();
    }
  }

  @Override
  public boolean isRunning(Work work) {
    lock.lock();
    try {
      return callers.containsKey(work);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<TaskProgress> progress(Work work) {
    lock.lock();
    try {
      Caller caller = callers.get(work);
      return caller == null || caller.task == null
          ? Optional.empty()
          : Optional.ofNullable(caller.task.lastProgress());
    } finally {
      lock.unlock();
    }
  }

  @Override
  void windDown() {
    if (started && isDrained()) {
      events.tell(listener -> listener.workerExited(worker, 0));
    }
  }

  @Override
  boolean isDrained() {
    return callers.isEmpty() && closed;
  }

  @Override
  public List<Work> shutdownNow() {
    lock.lock();
    try {
      shutdown = true;
      ended = true;
      callers.values().forEach(InlineEngine::interrupt);
      endIfDrained();
    } finally {
      lock.unlock();
    }
    afterShutdown();
    return List.of();
  }

  @Override
  public void terminate() {
    shutdownNow();
  }

  @Override
  public void resize(int min, int max) {
    throw new UnsupportedOperationException("resize: backend \"" + options.backend()
        + "\" runs each task in the thread that submits it; it has no workers");
  }

  /** Several callers have the same worker; each has a thread of its own. */
  @Override
  Map<String, Thread> threads() {
    lock.lock();
    try {
      Map<String, Thread> all = new LinkedHashMap<>();
      for (Caller caller : callers.values()) {
        all.put(caller.thread.getName(), caller.thread);
      }
      return all;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public View view() {
    lock.lock();
    try {
      long now = System.nanoTime();
      List<WorkerSnapshot> views = new ArrayList<>();
      callers.forEach((work, caller) -> views.add(view(work, caller, now)));
      if (callers.isEmpty() && started && !shutdown) {
        views.add(view(WorkerSnapshot.State.READY, now - idleSinceNanos, now, null));
      }
      return new View(Instant.now(), true, statistics(), -1, views);
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private WorkerSnapshot view(Work work, Caller caller, long now) {
    long inState = now - caller.sinceNanos;
    LocalTask task = caller.task;
    return view(
        started ? WorkerSnapshot.State.BUSY : WorkerSnapshot.State.STARTING,
        inState,
        now,
        task == null
            ? null
            : work.running(
                caller.item,
                1,
                Duration.ofNanos(inState),
                Optional.ofNullable(task.lastProgress())));
  }

  // under lock
  private WorkerSnapshot view(
      WorkerSnapshot.State state,
      long inState,
      long now,
      WorkerSnapshot.@Nullable CurrentTask task) {
    return view(
        worker,
        state,
        Duration.ofNanos(inState),
        Duration.ofNanos(started ? now - startedNanos : inState),
        completed,
        task);
  }

  @Override
  public PoolStatistics statistics() {
    lock.lock();
    try {
      boolean over = shutdown && callers.isEmpty();
      int busy = active > 0 ? 1 : 0;
      return new PoolStatistics(
          0,
          started && !over ? 1 - busy : 0,
          busy,
          0,
          active,
          completed,
          lost,
          cancelled,
          started ? 1 : 0,
          0,
          started && over ? 1 : 0,
          1,
          1,
          0,
          0,
          0);
    } finally {
      lock.unlock();
    }
  }
}
