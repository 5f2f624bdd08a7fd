// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.PoolTerminatedException;
import io.procpool.TaskProgress;
import io.procpool.WorkerGoneException;
import io.procpool.WorkerSnapshot;
import io.procpool.master.flight.Flight;
import io.procpool.master.pool.FairShares;
import io.procpool.master.pool.KeyOwners;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.WaitingLines;
import io.procpool.master.pool.Work;
import io.procpool.spi.WorkerScope;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.Condition;
import java.util.function.IntFunction;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs work in threads of this process. */
final class ThreadsEngine extends LocalEngine {
  /*
   * Threads.  Each worker thread takes one item at a time from the work that is next: of what is `common` to all, and of what is `bound` to this worker, because it has the key or is
   *           meant by a broadcast. All state is guarded by `lock`; tasks and sinks run outside it.
   * Exactness. Who moves `Cursor.next` under `lock` reports the items it passes over: a worker one, a cancellation, a
   *           hopeless start or the end of the pool all that are left. A cancellation that comes before its work finds no
   *           cursor; then submit() sees that the work is cancelled.
   * Start.    A thread that cannot be started, or whose initializer fails, is started again, a bounded number of times in a
   *           row; then waiting work is failed, and the next submission starts anew.
   * Waiting.  One timer, for the earliest end of a queue timeout, fails what has not been taken by then.
   * Interrupt. A thread is interrupted only under `lock`: while its item runs, and its status is cleared after each item;
   *           or in its initializer, once the pool has ended or has nothing left for it.
   * Size.     A worker is added when there are more tasks than workers, up to `max`. One that has had nothing to do for the idle timeout ends if there are more than `min`, and one that is too much after a resize
   *           before its next item. Who ends is no worker any more, but `ending` until its finalizer has run outside the lock.
   * End.      The engine has not terminated while outcomes taken under `lock` are still to be reported (`reporting`).
   *           terminate() reports running items itself; what their threads end with later is dropped.
   */
  private static final Logger LOG = LoggerFactory.getLogger(ThreadsEngine.class);
  private static final long MIN_TIMER_NANOS = 1_000_000;

  private final ThreadFactory threads;
  private final Condition available = lock.newCondition();
  private final FairShares shares = new FairShares();
  private final WaitingLines<Cursor> common = new WaitingLines<>(cursor -> cursor.work, shares);
  private final KeyOwners<Worker> keys = new KeyOwners<>();
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
  private final QueueTimer queueTimer;
  private boolean ranked; // some work has had a priority or submitter

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

    /** Tells whether it may not wait for ever. */
    boolean isLimited() {
      return work.limits().queueNanos() > 0;
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
    this.min = options.minWorkers();
    this.max = options.workers();
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
      work.arrived(System.nanoTime());
      pending += work.count();
      if (work.isCancelled()) {
        reports = List.of(cancelRest(cursor));
      } else if (shutdown) {
        reports = List.of(loseRest(cursor, item -> NotRun.poolEnded(options, work, item)));
      } else if (work.target() instanceof Worker target && !isThere(target)) {
        reports = List.of(loseRest(cursor, item -> gone(target, work, item)));
      } else {
        if (cursor.isLimited()) {
          queueTimer.arm(cursor.deadlineNanos());
        }
        if (workers.isEmpty() && starting.isEmpty()) {
          failedStarts = 0;
        }
        ranked |= !work.isPlain();
        linesFor(work).add(cursor);
        reports = startMissing();
        available.signalAll();
      }
      reporting += reports.size();
    } finally {
      lock.unlock();
    }
    report(reports);
  }

  // What waits for whom. All under lock.

  @Override
  public List<Target> targets() {
    lock.lock();
    try {
      List<Target> targets = new ArrayList<>();
      all().forEach(worker -> targets.add(new Target(worker.event.worker(), worker)));
      return targets;
    } finally {
      lock.unlock();
    }
  }

  private List<Worker> all() {
    List<Worker> all = new ArrayList<>(workers);
    all.addAll(starting);
    return all;
  }

  private boolean isThere(Worker worker) {
    return workers.contains(worker) || starting.contains(worker);
  }

  private WaitingLines<Cursor> linesFor(Work work) {
    Worker home = null;
    if (work.target() instanceof Worker target) {
      home = target;
    } else if (work.hasKey()) {
      home = keys.owner(work);
      if (home == null) {
        home = keys.deal(work, all(), worker -> true);
      }
    }
    return home == null ? common : home.bound;
  }

  /** Returns the lines from which a worker takes its next item; null if there is none for it. */
  private @Nullable WaitingLines<Cursor> next(Worker worker) {
    while (!common.isEmpty()) {
      if (!worker.bound.isEmpty() && worker.bound.isBefore(common)) {
        return worker.bound;
      }
      if (!Objects.requireNonNull(common.peek()).work.hasKey()) {
        return common;
      }
      Cursor homeless = common.remove(); // when it was submitted there was no worker
      linesFor(homeless.work).add(homeless);
      available.signalAll();
    }
    return worker.bound.isEmpty() ? null : worker.bound;
  }

  private boolean nothingWaits() {
    return common.isEmpty() && all().stream().allMatch(worker -> worker.bound.isEmpty());
  }

  /** Returns what waits. */
  private List<Cursor> waiting() {
    List<Cursor> waiting = common.all();
    all().forEach(worker -> waiting.addAll(worker.bound.all()));
    return waiting;
  }

  /** Removes what waits and fulfils a condition. */
  private List<Cursor> removeIf(Predicate<Cursor> condition) {
    List<Cursor> removed = common.removeIf(condition);
    all().forEach(worker -> removed.addAll(worker.bound.removeIf(condition)));
    return removed;
  }

  /** A worker has not come into being: what waits for it goes to others, or is to be reported. */
  private List<Runnable> disown(Worker worker) {
    keys.release(worker);
    List<Runnable> reports = new ArrayList<>();
    for (Cursor cursor : worker.bound.removeIf(cursor -> true)) {
      if (cursor.work.hasKey()) {
        linesFor(cursor.work).add(cursor);
      } else {
        reports.add(loseRest(cursor, item -> gone(worker, cursor.work, item)));
      }
    }
    return reports;
  }

  private WorkerGoneException gone(Worker worker, Work work, int item) {
    return new WorkerGoneException(
        "task " + work.taskId(item) + " (" + work.name() + ") never started: it was for "
            + worker.event.worker() + " of pool \"" + options.name()
            + "\" only, which ended before",
        work.taskId(item),
        true,
        worker.event.worker());
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
    return passOver(cursor, item -> {
      Throwable lost = failure.apply(item);
      Flight.taskLost(options.name(), cursor.work.taskId(item), cursor.work.name(), lost);
      return lost;
    });
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
      for (Cursor cursor :
          removeIf(waits -> waits.isLimited() && waits.deadlineNanos() - now <= 0)) {
        reports.add(loseRest(
            cursor,
            item -> NotRun.queueTimeout(options, cursor.work, item, busy, waiting, usable)));
      }
      for (Cursor cursor : waiting()) {
        if (cursor.isLimited()) {
          next = Math.min(next, cursor.deadlineNanos() - now);
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
  private List<Runnable> startFailed(Worker worker, Throwable failure) {
    List<Runnable> reports = disown(worker);
    available.signalAll();
    if (++failedStarts >= options.maxStartAttempts()) {
      reports.addAll(failIfHopeless(failure));
    } else if (!shutdown || !nothingWaits()) {
      reports.addAll(startMissing());
    }
    return reports;
  }

  // under lock
  private List<Runnable> failIfHopeless(Throwable failure) {
    List<Runnable> reports = new ArrayList<>();
    if (workers.isEmpty() && starting.isEmpty()) {
      boolean usable = !shutdown;
      for (Cursor cursor : removeIf(cursor -> true)) {
        reports.add(loseRest(
            cursor,
            item -> LocalOptions.startFailure(options, cursor.work.taskId(item), usable, failure)));
      }
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
      removeIf(waiting -> waiting == cursor);
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
    if (nothingWaits()) {
      queueTimer.close();
      starting.forEach(worker -> worker.thread.interrupt());
    }
  }

  @Override
  boolean isDrained() {
    return workers.isEmpty()
        && starting.isEmpty()
        && ending.isEmpty()
        && common.isEmpty()
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
        worker.interrupt();
      }
      ending.forEach(worker -> worker.thread.interrupt());
      for (Cursor cursor : removeIf(cursor -> true)) {
        if (cursor.next == 0) {
          untouched.add(cursor.work);
        }
        reports.add(loseRest(cursor, item -> NotRun.poolEnded(options, cursor.work, item)));
      }
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
          0,
          0);
    } finally {
      lock.unlock();
    }
  }

  @Override
  Map<String, Thread> threads() {
    lock.lock();
    try {
      Map<String, Thread> all = new LinkedHashMap<>();
      for (Worker worker : inOrder()) {
        all.put(worker.event.worker(), worker.thread);
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
      long oldest = -1;
      for (Cursor cursor : fronts()) {
        oldest = Math.max(oldest, now - cursor.work.acceptedNanos());
      }
      List<WorkerSnapshot> views = new ArrayList<>();
      for (Worker worker : inOrder()) {
        views.add(worker.view(now));
      }
      return new View(Instant.now(), true, statistics(), oldest, views);
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private List<Cursor> fronts() {
    List<Cursor> fronts = common.fronts();
    all().forEach(worker -> fronts.addAll(worker.bound.fronts()));
    return fronts;
  }

  // under lock
  private List<Worker> inOrder() {
    List<Worker> all = all();
    all.addAll(ending);
    all.sort(Comparator.comparingInt(worker -> worker.number));
    return all;
  }

  private final class Worker implements Runnable {
    final Thread thread;
    private final WorkerEvent event;
    private final WorkerScope scope = new WorkerScope();
    private final WaitingLines<Cursor> bound = new WaitingLines<>(cursor -> cursor.work, shares);
    private @Nullable Cursor current; // guarded by lock
    private double charged; // to the submitter of the running item; guarded by lock
    private int item; // changed under lock
    private @Nullable LocalTask task; // guarded by lock
    private boolean givenUp; // the running item has been reported; guarded by lock
    private final int number;
    private final long madeNanos = System.nanoTime();
    private long sinceNanos = madeNanos; // when it changed its state last; guarded by lock
    private long ended; // guarded by lock

    Worker(int number) {
      this.number = number;
      thread = threads.newThread(this);
      thread.setName(options.name() + "-worker-" + number);
      thread.setDaemon(true);
      event = new WorkerEvent(
          options.name(), "worker-" + number, ProcessHandle.current().pid());
    }

    @Override
    public void run() {
      scope.enter();
      if (initialize()) {
        while (take()) {
          finish(LocalEngine.run(
              Objects.requireNonNull(current).work, item, Objects.requireNonNull(task)));
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
          sinceNanos = System.nanoTime();
          workers.add(this);
          events.tell(listener -> listener.workerStarted(event));
          return true;
        }
        reports = startFailed(this, failure);
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
        WaitingLines<Cursor> lines = nextHere();
        while (lines == null) {
          if (isTooMany() || shutdown || isTooIdle(idleEnd)) {
            workers.remove(this);
            keys.release(this);
            ending.add(this);
            sinceNanos = System.nanoTime();
            return false;
          }
          awaitAvailable(idleEnd);
          lines = nextHere();
        }
        Cursor cursor = Objects.requireNonNull(lines.peek());
        item = cursor.next++;
        if (cursor.next == cursor.work.count()) {
          lines.remove();
        }
        charged = ranked ? shares.begun(cursor.work) : 0;
        pending--;
        cursor.running++;
        current = cursor;
        task = new LocalTask(options, cursor.work, item, event.worker());
        cursor.task = task;
        sinceNanos = System.nanoTime();
        Thread.interrupted();
        tellStarted(cursor.work, item, event);
        return true;
      } finally {
        lock.unlock();
      }
    }

    // under lock
    private WorkerSnapshot view(long now) {
      Cursor running = current;
      Duration inState = Duration.ofNanos(now - sinceNanos);
      WorkerSnapshot.State state = starting.contains(this)
          ? WorkerSnapshot.State.STARTING
          : ending.contains(this)
              ? WorkerSnapshot.State.DRAINING
              : running != null ? WorkerSnapshot.State.BUSY : WorkerSnapshot.State.READY;
      return LocalEngine.view(
          event,
          state,
          inState,
          Duration.ofNanos(now - madeNanos),
          ended,
          running == null || task == null
              ? null
              : running.work.running(item, 1, inState, Optional.ofNullable(task.lastProgress())));
    }

    // under lock
    private boolean isTooMany() {
      return workers.size() > max;
    }

    /** Returns the lines from which it takes its next item: if it is one too many, only those that nobody else has; null if there is nothing for it. Under lock. */
    private @Nullable WaitingLines<Cursor> nextHere() {
      if (isTooMany()) {
        return bound.isEmpty() ? null : bound;
      }
      return next(this);
    }

    // under lock
    private boolean isTooIdle(long idleEnd) {
      return workers.size() > min && System.nanoTime() - idleEnd >= 0;
    }

    /** Waits for something to do, or, where there are more workers than there have to be, until it is idle for too long. Under lock. */
    private void awaitAvailable(long idleEnd) {
      if (workers.size() <= min) {
        available.awaitUninterruptibly();
        return;
      }
      try {
        available.awaitNanos(idleEnd - System.nanoTime());
      } catch (InterruptedException stray) {
        // The loop looks what it means.
      }
    }

    /** Runs the finalizer, closes its objects and is gone. */
    private void end() {
      try {
        if (!givenUp) {
          finish();
        }
        scope.close();
      } finally {
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
        ended++;
        sinceNanos = System.nanoTime();
        if (charged > 0) {
          shares.ended(done.work, charged, ran.time().toNanos());
        }
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
