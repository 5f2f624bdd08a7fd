// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.PoolTerminatedException;
import io.procpool.TaskProgress;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Runs work in threads of this process. */
final class ThreadsEngine extends LocalEngine {
  /*
   * Threads.  Each worker thread takes one item at a time from the work at the head of the queue. All state is guarded by
   *           `lock`; tasks and sinks run outside it.
   * Exactness. Who moves `Cursor.next` under `lock` reports the items it passes over: a worker one, a cancellation, a
   *           hopeless start or the end of the pool all that are left. A cancellation that comes before its work finds no
   *           cursor; then submit() sees that the work is cancelled.
   * Start.    A thread that cannot be started, or whose initializer fails, is started again, a bounded number of times in a
   *           row; then waiting work is failed, and the next submission starts anew.
   * Waiting.  One timer, for the earliest end of a queue timeout, fails what has not been taken by then.
   * Interrupt. A thread is interrupted only under `lock`: while its item runs, and its status is cleared after each item;
   *           or in its initializer, once the pool has ended or has nothing left for it.
   * End.      The engine has not terminated while outcomes taken under `lock` are still to be reported (`reporting`).
   *           terminate() reports running items itself; what their threads end with later is dropped.
   */
  private static final long MIN_TIMER_NANOS = 1_000_000;

  private final ThreadFactory threads;
  private final Condition available = lock.newCondition();
  private final ArrayDeque<Cursor> queue = new ArrayDeque<>();
  private final Set<Worker> starting = new HashSet<>();
  private final List<Worker> workers = new ArrayList<>();
  private int failedStarts;
  private int number;
  private long completed;
  private long lost;
  private long cancelled;
  private long retired;
  private long pending;
  private int reporting;
  private final QueueTimer queueTimer;

  /** Where the items of a work stand. */
  private static final class Cursor {
    final Work work;
    int next;
    int running;

    @Nullable
    LocalTask task; // the last item that was begun

    Cursor(Work work) {
      this.work = work;
    }

    long deadlineNanos() {
      return work.acceptedNanos() + work.limits().queueNanos();
    }

    int left() {
      return work.count() - next;
    }
  }

  ThreadsEngine(PoolOptions options) {
    this(options, Thread::new);
  }

  ThreadsEngine(PoolOptions options, ThreadFactory threads) {
    super(options);
    this.threads = threads;
    this.queueTimer = new QueueTimer(options.name() + "-queue-clock", this::expire);
    lock.lock();
    try {
      startMissing();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean runsInCaller() {
    return false;
  }

  @Override
  public void submit(Work work) {
    Cursor cursor = new Cursor(work);
    List<Runnable> reports;
    lock.lock();
    try {
      work.placement(cursor);
      pending += work.count();
      if (work.isCancelled()) {
        reports = List.of(cancelRest(cursor));
      } else if (shutdown) {
        reports = List.of(loseRest(cursor, item -> NotRun.poolEnded(options, work, item)));
      } else {
        queue.add(cursor);
        if (work.limits().queueNanos() > 0) {
          queueTimer.arm(cursor.deadlineNanos());
        }
        if (workers.isEmpty() && starting.isEmpty()) {
          failedStarts = 0;
        }
        reports = startMissing();
        available.signalAll();
      }
      reporting += reports.size();
    } finally {
      lock.unlock();
    }
    report(reports);
  }

  // What is reported outside the lock.

  /** Passes over what is left of a work, to be reported by the caller outside the lock. Under lock. */
  private Runnable passOver(Cursor cursor, IntFunction<Throwable> failure) {
    int from = cursor.next;
    pending -= cursor.left();
    cursor.next = cursor.work.count();
    return () -> {
      for (int i = from; i < cursor.work.count(); i++) {
        cursor.work.report(ResultBlock.ofError(i, 1, failure.apply(i)));
      }
    };
  }

  // under lock
  private Runnable cancelRest(Cursor cursor) {
    cancelled += cursor.left();
    return passOver(cursor, item -> NotRun.cancelled(options, cursor.work, item));
  }

  // under lock
  private Runnable loseRest(Cursor cursor, IntFunction<Throwable> failure) {
    lost += cursor.left();
    return passOver(cursor, failure);
  }

  /** Reports what was taken under lock, where it was added to `reporting`. */
  private void report(List<Runnable> reports) {
    if (reports.isEmpty()) {
      return;
    }
    reports.forEach(Runnable::run);
    lock.lock();
    try {
      reporting -= reports.size();
      endIfDrained();
    } finally {
      lock.unlock();
    }
  }

  // Waiting too long.

  /** Fails what has waited too long; in the timer's thread. */
  private void expire() {
    List<Runnable> reports = new ArrayList<>();
    lock.lock();
    try {
      queueTimer.fired();
      long now = System.nanoTime();
      long next = Long.MAX_VALUE;
      int busy = busy();
      long waiting = pending;
      boolean usable = !shutdown;
      for (Iterator<Cursor> each = queue.iterator(); each.hasNext(); ) {
        Cursor cursor = each.next();
        if (cursor.work.limits().queueNanos() > 0) {
          long left = cursor.deadlineNanos() - now;
          if (left <= 0) {
            each.remove();
            reports.add(loseRest(
                cursor,
                item -> NotRun.queueTimeout(options, cursor.work, item, busy, waiting, usable)));
          } else {
            next = Math.min(next, left);
          }
        }
      }
      if (next != Long.MAX_VALUE) {
        queueTimer.arm(now + Math.max(next, MIN_TIMER_NANOS));
      }
      reporting += reports.size();
    } finally {
      lock.unlock();
    }
    report(reports);
  }

  // under lock
  private int busy() {
    int busy = 0;
    for (Worker worker : workers) {
      busy += worker.current != null ? 1 : 0;
    }
    return busy;
  }

  // Starting.

  /** Starts the workers that are missing; returns what is to be reported if that is hopeless. Under lock. */
  private List<Runnable> startMissing() {
    while (workers.size() + starting.size() < options.workers()) {
      Throwable failure = tryStart();
      if (failure != null && ++failedStarts >= options.maxStartAttempts()) {
        return failIfHopeless(failure);
      }
    }
    return List.of();
  }

  /** Returns what the start failed with, typically the {@code OutOfMemoryError} of a system without threads left. */
  private @Nullable Throwable tryStart() {
    Worker worker = new Worker(number + 1);
    try {
      starting.add(worker);
      worker.thread.start();
      number++;
      return null;
    } catch (Throwable thrown) {
      starting.remove(worker);
      return thrown;
    }
  }

  /** A worker could not be initialized; returns what is to be reported if there is no hope left. Under lock. */
  private List<Runnable> startFailed(Throwable failure) {
    if (++failedStarts >= options.maxStartAttempts()) {
      return failIfHopeless(failure);
    }
    return shutdown && queue.isEmpty() ? List.of() : startMissing();
  }

  // under lock
  private List<Runnable> failIfHopeless(Throwable failure) {
    List<Runnable> reports = new ArrayList<>();
    if (workers.isEmpty() && starting.isEmpty()) {
      boolean usable = !shutdown;
      for (Cursor cursor : queue) {
        reports.add(loseRest(
            cursor,
            item -> LocalOptions.startFailure(options, cursor.work.taskId(item), usable, failure)));
      }
      queue.clear();
    }
    return reports;
  }

  // Cancelling.

  @Override
  public void cancel(Work work, boolean interrupt) {
    List<Runnable> reports;
    lock.lock();
    try {
      Cursor cursor = (Cursor) work.placement();
      if (cursor == null) {
        return;
      }
      queue.remove(cursor);
      reports = List.of(cancelRest(cursor));
      reporting += reports.size();
      if (interrupt) {
        for (Worker worker : workers) {
          if (worker.current == cursor) {
            worker.interrupt();
          }
        }
      }
    } finally {
      lock.unlock();
    }
    report(reports);
  }

  @Override
  public boolean isRunning(Work work) {
    lock.lock();
    try {
      return work.placement() instanceof Cursor cursor && cursor.running > 0;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<TaskProgress> progress(Work work) {
    lock.lock();
    try {
      return work.placement() instanceof Cursor cursor && cursor.running > 0 && cursor.task != null
          ? Optional.ofNullable(cursor.task.lastProgress())
          : Optional.empty();
    } finally {
      lock.unlock();
    }
  }

  // The end.

  @Override
  void windDown() {
    available.signalAll();
    if (queue.isEmpty()) {
      queueTimer.close();
      starting.forEach(worker -> worker.thread.interrupt());
    }
  }

  @Override
  boolean isDrained() {
    return workers.isEmpty() && starting.isEmpty() && queue.isEmpty() && reporting == 0;
  }

  @Override
  public List<Work> shutdownNow() {
    return end(false);
  }

  @Override
  public void terminate() {
    end(true);
  }

  private List<Work> end(boolean giveUpRunning) {
    List<Work> untouched = new ArrayList<>();
    List<Runnable> reports = new ArrayList<>();
    lock.lock();
    try {
      shutdown = true;
      for (Worker worker : workers) {
        if (giveUpRunning && worker.current != null && !worker.givenUp) {
          reports.add(worker.giveUp());
        }
        worker.interrupt();
      }
      for (Cursor cursor : queue) {
        if (cursor.next == 0) {
          untouched.add(cursor.work);
        }
        reports.add(loseRest(cursor, item -> NotRun.poolEnded(options, cursor.work, item)));
      }
      queue.clear();
      reporting += reports.size();
      endIfDrained();
    } finally {
      lock.unlock();
    }
    report(reports);
    return untouched;
  }

  @Override
  public PoolStatistics statistics() {
    lock.lock();
    try {
      int busy = busy();
      return new PoolStatistics(
          starting.size(),
          workers.size() - busy,
          busy,
          pending,
          busy,
          completed,
          lost,
          cancelled,
          number,
          0,
          retired);
    } finally {
      lock.unlock();
    }
  }

  private final class Worker implements Runnable {
    final Thread thread;
    private final WorkerEvent event;
    private @Nullable Cursor current; // guarded by lock
    private int item;
    private @Nullable LocalTask task; // guarded by lock
    private boolean givenUp; // the running item has been reported; guarded by lock

    Worker(int number) {
      thread = threads.newThread(this);
      thread.setName(options.name() + "-worker-" + number);
      thread.setDaemon(true);
      event = new WorkerEvent(
          options.name(), "worker-" + number, ProcessHandle.current().pid());
    }

    @Override
    public void run() {
      if (initialize()) {
        while (take()) {
          finish(LocalEngine.run(
              Objects.requireNonNull(current).work, item, Objects.requireNonNull(task)));
        }
      }
    }

    private boolean initialize() {
      Throwable failure = null;
      try {
        options.initializer().ifPresent(Runnable::run);
      } catch (Throwable thrown) {
        failure = thrown;
      }
      List<Runnable> reports;
      lock.lock();
      try {
        starting.remove(this);
        Thread.interrupted();
        if (failure == null) {
          failedStarts = 0;
          workers.add(this);
          events.tell(listener -> listener.workerStarted(event));
          return true;
        }
        reports = startFailed(failure);
        reporting += reports.size();
        endIfDrained();
      } finally {
        lock.unlock();
      }
      report(reports);
      return false;
    }

    private boolean take() {
      lock.lock();
      try {
        while (queue.isEmpty()) {
          if (shutdown) {
            workers.remove(this);
            retired++;
            events.tell(listener -> listener.workerExited(event, 0));
            endIfDrained();
            return false;
          }
          available.awaitUninterruptibly();
        }
        Cursor cursor = queue.element();
        item = cursor.next++;
        if (cursor.next == cursor.work.count()) {
          queue.remove();
        }
        pending--;
        cursor.running++;
        current = cursor;
        task = new LocalTask(options, cursor.work, item, event.worker());
        cursor.task = task;
        Thread.interrupted();
        tellStarted(cursor.work, item, event);
        return true;
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private void interrupt() {
      if (task != null) {
        task.interrupted();
      }
      thread.interrupt();
    }

    // under lock
    private Runnable giveUp() {
      givenUp = true;
      lost++;
      Work work = Objects.requireNonNull(current).work;
      int running = item;
      PoolTerminatedException failure = new PoolTerminatedException(
          "task " + work.taskId(running) + " (" + work.name() + ") was running when pool \""
              + options.name()
              + "\" was terminated; its thread was interrupted, and cannot be killed",
          work.taskId(running),
          Certainty.MAY_HAVE_RUN);
      TaskEvent task = new TaskEvent(work.taskId(running), work.name(), event);
      events.tell(listener -> listener.taskLost(task, failure));
      return () -> work.report(ResultBlock.ofError(running, 1, failure));
    }

    /** Reports the outcome, unless the item was given up. */
    private void finish(Ran ran) {
      Cursor done;
      lock.lock();
      try {
        done = Objects.requireNonNull(current);
        done.running--;
        current = null;
        task = null;
        Thread.interrupted();
        if (givenUp) {
          return;
        }
        completed++;
        tellFinished(done.work, item, event, ran);
      } finally {
        lock.unlock();
      }
      done.work.report(ran.block());
    }
  }
}
