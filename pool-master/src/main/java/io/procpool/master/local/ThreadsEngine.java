// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.PoolTerminatedException;
import io.procpool.WorkerStartException;
import io.procpool.ipc.FunctionKind;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Runs work in threads of this process. */
final class ThreadsEngine implements Engine {
  /*
   * Threads.  Each worker thread takes one item at a time from the work at the head of the queue. All state is guarded by
   *           `lock`; tasks and sinks run outside it.
   * Start.    A thread whose initializer fails is started again, a bounded number of times in a row; then waiting work is
   *           failed, and the next submission starts anew.
   * Interrupt. A thread is interrupted only under `lock` while its item runs, and its status is cleared after each item.
   */
  private final PoolOptions options;
  private final Events events;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition available = lock.newCondition();
  private final Condition terminated = lock.newCondition();
  private final ArrayDeque<Cursor> queue = new ArrayDeque<>();
  private final List<Worker> workers = new ArrayList<>();
  private int starting;
  private int failedStarts;
  private int number;
  private long completed;
  private long lost;
  private long cancelled;
  private long retired;
  private long pending;
  private boolean shutdown;

  /** Where the items of a work stand. */
  private static final class Cursor {
    final Work work;
    int next;
    int running;

    Cursor(Work work) {
      this.work = work;
    }
  }

  ThreadsEngine(PoolOptions options) {
    this.options = options;
    this.events = new Events(options);
    lock.lock();
    try {
      startMissing();
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private void startMissing() {
    while (workers.size() + starting < options.workers()) {
      starting++;
      new Worker(++number).start();
    }
  }

  @Override
  public Inputs inputs(FunctionKind kind, Object function) {
    return new LocalInputs(kind, function);
  }

  @Override
  public boolean runsInCaller() {
    return false;
  }

  @Override
  public void submit(Work work) {
    LocalOptions.checkTimeout(options.backend(), work.timeoutNanos());
    Cursor cursor = new Cursor(work);
    work.placement(cursor);
    lock.lock();
    try {
      if (!shutdown) {
        queue.add(cursor);
        pending += work.count();
        if (workers.isEmpty() && starting == 0) {
          failedStarts = 0;
        }
        startMissing();
        available.signalAll();
        return;
      }
    } finally {
      lock.unlock();
    }
    reportNeverStarted(work, 0);
  }

  private void reportNeverStarted(Work work, int from) {
    for (int i = from; i < work.count(); i++) {
      String message = "task " + work.taskId(i) + " (" + work.name() + ") never started: pool \""
          + options.name() + "\" was ended";
      work.report(ResultBlock.ofError(
          i, 1, new PoolTerminatedException(message, work.taskId(i), Certainty.NEVER_STARTED)));
    }
  }

  @Override
  public void cancel(Work work, boolean interrupt) {
    int from;
    lock.lock();
    try {
      Cursor cursor = (Cursor) work.placement();
      if (cursor == null) {
        return;
      }
      from = cursor.next;
      pending -= work.count() - from;
      cancelled += work.count() - from;
      cursor.next = work.count();
      queue.remove(cursor);
      if (interrupt) {
        for (Worker worker : workers) {
          if (worker.current == cursor) {
            worker.interrupt();
          }
        }
      }
      endIfDrained();
    } finally {
      lock.unlock();
    }
    for (int i = from; i < work.count(); i++) {
      work.report(ResultBlock.ofError(
          i, 1, new CancellationException("task " + work.taskId(i) + " was cancelled")));
    }
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
    if (shutdown) {
      available.signalAll();
      if (workers.isEmpty() && starting == 0 && queue.isEmpty()) {
        terminated.signalAll();
        events.close();
      }
    }
  }

  @Override
  public List<Work> shutdownNow() {
    List<Cursor> never = new ArrayList<>();
    List<Integer> from = new ArrayList<>();
    lock.lock();
    try {
      shutdown = true;
      for (Cursor cursor : queue) {
        never.add(cursor);
        from.add(cursor.next);
        pending -= cursor.work.count() - cursor.next;
        lost += cursor.work.count() - cursor.next;
        cursor.next = cursor.work.count();
      }
      queue.clear();
      for (Worker worker : workers) {
        worker.interrupt();
      }
      endIfDrained();
    } finally {
      lock.unlock();
    }
    List<Work> untouched = new ArrayList<>();
    for (int i = 0; i < never.size(); i++) {
      Work work = never.get(i).work;
      reportNeverStarted(work, from.get(i));
      if (from.get(i) == 0) {
        untouched.add(work);
      }
    }
    return untouched;
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
      return shutdown && workers.isEmpty() && starting == 0 && queue.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public PoolStatistics statistics() {
    lock.lock();
    try {
      int busy = 0;
      for (Worker worker : workers) {
        busy += worker.current != null ? 1 : 0;
      }
      return new PoolStatistics(
          starting,
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

  private final class Worker extends Thread {
    private final WorkerEvent event;
    private @Nullable Cursor current; // guarded by lock
    private int item;

    Worker(int number) {
      super(options.name() + "-worker-" + number);
      setDaemon(true);
      event = new WorkerEvent(
          options.name(), "worker-" + number, ProcessHandle.current().pid());
    }

    @Override
    public void run() {
      if (!initialize()) {
        return;
      }
      while (take()) {
        ResultBlock block = execute();
        Cursor done = finish();
        done.work.report(block);
      }
    }

    private boolean initialize() {
      Throwable failure = null;
      try {
        options.initializer().ifPresent(Runnable::run);
      } catch (Throwable thrown) {
        failure = thrown;
      }
      List<Cursor> hopeless = new ArrayList<>();
      lock.lock();
      try {
        starting--;
        if (failure == null) {
          failedStarts = 0;
          workers.add(this);
          events.tell(listener -> listener.workerStarted(event));
          return true;
        }
        failedStarts++;
        if (failedStarts < options.maxStartAttempts()) {
          if (!shutdown || !queue.isEmpty()) {
            startMissing();
          }
        } else if (workers.isEmpty() && starting == 0) {
          hopeless.addAll(queue);
          queue.clear();
          for (Cursor cursor : hopeless) {
            pending -= cursor.work.count() - cursor.next;
            lost += cursor.work.count() - cursor.next;
          }
        }
        endIfDrained();
      } finally {
        lock.unlock();
      }
      for (Cursor cursor : hopeless) {
        for (int i = cursor.next; i < cursor.work.count(); i++) {
          cursor.work.report(
              ResultBlock.ofError(i, 1, startFailure(cursor.work.taskId(i), failure)));
        }
      }
      return false;
    }

    private WorkerStartException startFailure(long taskId, Throwable failure) {
      WorkerStartException exception = new WorkerStartException(
          "no worker of pool \"" + options.name() + "\" could be started in "
              + options.maxStartAttempts()
              + " attempts; task " + taskId + " never started; the initializer failed: " + failure
              + "; the next submission tries again",
          taskId,
          !shutdown,
          options.maxStartAttempts(),
          "");
      exception.initCause(failure);
      return exception;
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
        Thread.interrupted();
        return true;
      } finally {
        lock.unlock();
      }
    }

    private ResultBlock execute() {
      Work work = Objects.requireNonNull(current).work;
      TaskEvent task = new TaskEvent(work.taskId(item), work.name(), event);
      events.tell(listener -> listener.taskStarted(task));
      long start = System.nanoTime();
      ResultBlock block;
      boolean success = false;
      try {
        block = ResultBlock.ofValue(item, ((LocalInputs) work.inputs()).call(item));
        success = true;
      } catch (Throwable thrown) {
        block = ResultBlock.ofError(item, 1, thrown);
      }
      boolean ok = success;
      Duration time = Duration.ofNanos(System.nanoTime() - start);
      events.tell(listener -> listener.taskFinished(task, ok, time));
      return block;
    }

    private Cursor finish() {
      lock.lock();
      try {
        Cursor done = Objects.requireNonNull(current);
        done.running--;
        current = null;
        completed++;
        Thread.interrupted();
        return done;
      } finally {
        lock.unlock();
      }
    }
  }
}
