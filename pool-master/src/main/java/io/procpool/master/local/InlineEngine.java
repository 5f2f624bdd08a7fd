// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.PoolTerminatedException;
import io.procpool.ipc.FunctionKind;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Runs each work in the thread that submits it; the one worker is the caller. */
final class InlineEngine implements Engine {
  /*
   * Threads.  Any number of callers run tasks at the same time. All state is guarded by `lock`; tasks and sinks run
   *           outside it.
   * Start.    The initializer runs in the first caller, again for the next one if it failed.
   * Interrupt. A caller is interrupted only under `lock` while its work runs, and is freed of that interrupt afterwards.
   * End.      The engine has terminated when it was shut down and no caller is inside.
   */
  private final PoolOptions options;
  private final Events events;
  private final WorkerEvent worker;
  private final ReentrantLock startLock = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition terminated = lock.newCondition();
  private final Map<Work, Caller> callers = new HashMap<>();
  private long active;
  private long completed;
  private long lost;
  private long cancelled;
  private boolean started; // written under both locks
  private boolean shutdown;
  private boolean ended; // no further task is begun

  /** A thread that runs work. */
  private static final class Caller {
    final Thread thread = Thread.currentThread();
    boolean interrupted;
  }

  InlineEngine(PoolOptions options) {
    this.options = options;
    this.events = new Events(options);
    this.worker =
        new WorkerEvent(options.name(), "inline", ProcessHandle.current().pid());
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
  public void checkTimeout(long timeoutNanos) {
    LocalOptions.checkTimeout(options.backend(), timeoutNanos);
  }

  @Override
  public void submit(Work work) {
    enter(work);
    try {
      Throwable startFailure = start();
      for (int i = 0; i < work.count(); i++) {
        ResultBlock block =
            startFailure == null ? runOrRefuse(work, i) : notStarted(work, i, startFailure);
        work.report(block);
      }
    } finally {
      leave(work);
    }
  }

  private void enter(Work work) {
    lock.lock();
    try {
      callers.put(work, new Caller());
    } finally {
      lock.unlock();
    }
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
  }

  /** Sees to it that the initializer has run; returns what it failed with after the last attempt. */
  private @Nullable Throwable start() {
    startLock.lock();
    try {
      Throwable failure = null;
      for (int i = 0; i < options.maxStartAttempts() && !started; i++) {
        try {
          options.initializer().ifPresent(Runnable::run);
          lock.lock();
          try {
            started = true;
          } finally {
            lock.unlock();
          }
          events.tell(listener -> listener.workerStarted(worker));
        } catch (Throwable thrown) {
          failure = thrown;
        }
      }
      return started ? null : failure;
    } finally {
      startLock.unlock();
    }
  }

  private ResultBlock notStarted(Work work, int item, Throwable failure) {
    count(() -> lost++);
    return ResultBlock.ofError(
        item, 1, LocalOptions.startFailure(options, work.taskId(item), true, failure));
  }

  private ResultBlock runOrRefuse(Work work, int item) {
    if (work.isCancelled()) {
      count(() -> cancelled++);
      return ResultBlock.ofError(
          item, 1, new CancellationException("task " + work.taskId(item) + " was cancelled"));
    }
    if (isEnded()) {
      count(() -> lost++);
      String message = "task " + work.taskId(item) + " (" + work.name() + ") never started: pool \""
          + options.name() + "\" was ended";
      return ResultBlock.ofError(
          item,
          1,
          new PoolTerminatedException(message, work.taskId(item), Certainty.NEVER_STARTED));
    }
    return run(work, item);
  }

  private ResultBlock run(Work work, int item) {
    TaskEvent event = new TaskEvent(work.taskId(item), work.name(), worker);
    long start = System.nanoTime();
    events.tell(listener -> listener.taskStarted(event));
    count(() -> active++);
    ResultBlock block;
    boolean success = false;
    try {
      block = ResultBlock.ofValue(item, work.inputs().call(item));
      success = true;
    } catch (Throwable thrown) {
      block = ResultBlock.ofError(item, 1, thrown);
    }
    boolean ok = success;
    Duration time = Duration.ofNanos(System.nanoTime() - start);
    events.tell(listener -> listener.taskFinished(event, ok, time));
    count(() -> {
      active--;
      completed++;
    });
    return block;
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
  public void shutdown() {
    lock.lock();
    try {
      shutdown = true;
      endIfDrained();
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private void endIfDrained() {
    if (shutdown && callers.isEmpty()) {
      terminated.signalAll();
      if (started) {
        events.tell(listener -> listener.workerExited(worker, 0));
      }
      events.close();
    }
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
    return List.of();
  }

  @Override
  public void terminate() {
    shutdownNow();
  }

  @Override
  public boolean awaitTermination(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (!isTerminated()) {
        if (nanos < 0) {
          terminated.await();
        } else if (left <= 0) {
          return false;
        } else {
          left = terminated.awaitNanos(left);
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean isTerminated() {
    lock.lock();
    try {
      return shutdown && callers.isEmpty();
    } finally {
      lock.unlock();
    }
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
          started && over ? 1 : 0);
    } finally {
      lock.unlock();
    }
  }
}
