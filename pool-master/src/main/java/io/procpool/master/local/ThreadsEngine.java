// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.PoolTerminatedException;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

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
   * Interrupt. A thread is interrupted only under `lock`: while its item runs, and its status is cleared after each item;
   *           or in its initializer, once the pool has ended or has nothing left for it.
   * Size.     A worker is added when there are more tasks than workers, up to `max`. One that has had nothing to do for the idle timeout ends if there are more than `min`, and one that is too much after a resize
   *           before its next item. Who ends is no worker any more, but `ending` until its finalizer has run outside the lock.
   * End.      The engine has not terminated while outcomes taken under `lock` are still to be reported (`reporting`).
   *           terminate() reports running items itself; what their threads end with later is dropped.
   */
  private static final Logger LOG = LoggerFactory.getLogger(ThreadsEngine.class);
  private static final long LATER_LOOK_NANOS = 10_000_000;

  private final ThreadFactory threads;
  private final Condition available = lock.newCondition();
  private final ArrayDeque<Cursor> queue = new ArrayDeque<>();
  private final Set<Worker> starting = new HashSet<>();
  private final List<Worker> workers = new ArrayList<>();
  private final Set<Worker> ending = new HashSet<>();
  private int min; // guarded by lock
  private int max; // guarded by lock
  private int failedStarts;
  private int number;
  private long completed;
  private long lost;
  private long cancelled;
  private long retired;
  private long pending;
  private int reporting;

  /** Where the items of a work stand. */
  private static final class Cursor {
    final Work work;
    int next;
    int running;

    Cursor(Work work) {
      this.work = work;
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
    this.min = options.minWorkers();
    this.max = options.workers();
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

  // Starting.

  /** Starts the workers that are missing; returns what is to be reported if that is hopeless. Under lock. */
  private List<Runnable> startMissing() {
    while (workers.size() + starting.size() < wanted()) {
      Throwable failure = tryStart();
      if (failure != null && ++failedStarts >= options.maxStartAttempts()) {
        return failIfHopeless(failure);
      }
    }
    return List.of();
  }

  /** Returns how many workers there should be at least, for what runs and waits. Under lock. */
  private int wanted() {
    return min == max ? max : (int) Math.min(max, Math.max(min, busy() + pending));
  }

  // under lock
  private int busy() {
    int busy = 0;
    for (Worker worker : workers) {
      busy += worker.current != null ? 1 : 0;
    }
    return busy;
  }

  @Override
  public void resize(int min, int max) {
    List<Runnable> reports;
    lock.lock();
    try {
      if (shutdown) {
        throw new IllegalStateException("pool \"" + options.name() + "\" is closed");
      }
      this.min = min;
      this.max = max;
      reports = startMissing();
      reporting += reports.size();
      available.signalAll(); // those that are too many end
    } finally {
      lock.unlock();
    }
    report(reports);
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
            worker.thread.interrupt();
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

  // The end.

  @Override
  void windDown() {
    available.signalAll();
    if (queue.isEmpty()) {
      starting.forEach(worker -> worker.thread.interrupt());
    }
  }

  @Override
  boolean isDrained() {
    return workers.isEmpty()
        && starting.isEmpty()
        && ending.isEmpty()
        && queue.isEmpty()
        && reporting == 0;
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
        worker.thread.interrupt();
      }
      ending.forEach(worker -> worker.thread.interrupt());
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
          retired,
          min,
          max,
          0,
          0);
    } finally {
      lock.unlock();
    }
  }

  private final class Worker implements Runnable {
    final Thread thread;
    private final WorkerEvent event;
    private @Nullable Cursor current; // guarded by lock
    private int item;
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
          finish(LocalEngine.run(Objects.requireNonNull(current).work, item));
        }
        end();
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
        long idleEnd = System.nanoTime() + options.idleTimeout().toNanos();
        while (queue.isEmpty() || workers.size() > max) {
          if (workers.size() > max || queue.isEmpty() && shutdown || isTooIdle(idleEnd)) {
            workers.remove(this);
            ending.add(this);
            return false;
          }
          awaitAvailable(idleEnd);
        }
        Cursor cursor = queue.element();
        item = cursor.next++;
        if (cursor.next == cursor.work.count()) {
          queue.remove();
        }
        pending--;
        cursor.running++;
        current = cursor;
        Thread.interrupted();
        tellStarted(cursor.work, item, event);
        return true;
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private boolean isTooIdle(long idleEnd) {
      return workers.size() > min && System.nanoTime() - idleEnd >= 0;
    }

    // under lock
    private void awaitAvailable(long idleEnd) {
      if (min == max) {
        available.awaitUninterruptibly();
        return;
      }
      try {
        // Those that may not end look again now and then, for the others may have.
        long left = Math.max(idleEnd - System.nanoTime(), LATER_LOOK_NANOS);
        available.awaitNanos(left);
      } catch (InterruptedException stray) {
        // The loop looks what it means.
      }
    }

    /** Runs the finalizer and is gone. */
    private void end() {
      if (!givenUp) {
        finish();
      }
      lock.lock();
      try {
        ending.remove(this);
        retired++;
        events.tell(listener -> listener.workerExited(event, 0));
        endIfDrained();
      } finally {
        lock.unlock();
      }
    }

    private void finish() {
      try {
        options.finalizer().ifPresent(Runnable::run);
      } catch (Throwable thrown) {
        LOG.warn("{}: the finalizer of {} failed", options.name(), event.worker(), thrown);
        events.tell(listener -> listener.workerFinalizerFailed(event, String.valueOf(thrown)));
      }
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
