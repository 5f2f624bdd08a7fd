// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import io.procpool.PoolStatistics;
import io.procpool.TaskOptions;
import io.procpool.WorkerRecording;
import io.procpool.ipc.FunctionKind;
import io.procpool.master.flight.Flight;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What all views of one pool share: the engine, the limits, the clock, the callbacks, and the pool's life. */
final class PoolCore {
  /*
   * Shutdown. shutdown() refuses submissions. The engine is shut down once no scheduled task is still waiting for its time
   * and no submission is between the check and the engine (`submitting`); the last of them does it. Lazy inputs are cut
   * off. close() then waits for the engine, and for the callbacks.
   */
  private final PoolOptions options;
  private final Engine engine;
  private final Admission admission;
  private final CallbackExecutor callbacks;
  private final AtomicLong nextTaskId = new AtomicLong(1);
  private final AtomicInteger submitting = new AtomicInteger();
  private final Set<Imap.Feed> feeds = ConcurrentHashMap.newKeySet();
  private final Set<Delayed> delayed = ConcurrentHashMap.newKeySet(); // changed under this
  private @Nullable ScheduledThreadPoolExecutor clock; // guarded by this
  private volatile boolean shutdown; // written under this
  private long delayedCancelled; // cancelled before their time; guarded by this
  private long delayedLost; // ended with the pool before their time; guarded by this

  PoolCore(PoolOptions options, Engine engine) {
    this.options = options;
    this.engine = engine;
    this.admission = new Admission(options);
    this.callbacks = new CallbackExecutor(options.name());
  }

  PoolOptions options() {
    return options;
  }

  Engine engine() {
    return engine;
  }

  CallbackExecutor callbacks() {
    return callbacks;
  }

  /** Returns what holds for tasks with some options. */
  Terms terms(TaskOptions taskOptions) {
    return Terms.of(taskOptions.over(options.taskDefaults()));
  }

  /** What one submission, or each batch of a lazy one, has in common. */
  final class Submission {
    private final FunctionKind kind;
    private final Object function;
    private final Terms terms;

    Submission(FunctionKind kind, Object function, Terms terms) {
      if (function == null) {
        throw new NullPointerException("the task is null");
      }
      checkOpen();
      this.kind = kind;
      this.function = function;
      this.terms = terms;
      engine.check(terms.options());
    }

    /** Refuses a key where it makes no sense. */
    void refuseKey(String reason) {
      terms.options().key().ifPresent(key -> {
        throw new IllegalArgumentException(
            "key: \"" + key + "\" has no effect: " + reason + "; leave it out");
      });
    }

    /** Begins the list of inputs; the function is encoded now. */
    Engine.Inputs newInputs() {
      return engine.inputs(kind, function);
    }

    /** As {@link #newInputs} for a lazy submission, in which other lists follow, for the function as it is now. */
    Engine.Inputs newInputsInParts() {
      return engine.inputsInParts(kind, function);
    }

    Work work(Engine.Inputs inputs, Batching batching, Consumer<ResultBlock> sink) {
      long taskId = nextTaskId.getAndAdd(Math.max(1, inputs.count()));
      int count = inputs.count();
      long bytes = inputs.bytes();
      Admission admitted = admission; // there may be millions of works: none keeps its submission
      return new Work(taskId, terms, inputs, batching, block -> {
        int end = block.first() + block.count();
        admitted.release(
            block.count(), share(bytes, end, count) - share(bytes, block.first(), count));
        sink.accept(block);
      });
    }
  }

  /** The part of the bytes that belongs to the first items; parts of adjoining ranges add up exactly. */
  private static long share(long bytes, int items, int count) {
    return (long) ((double) bytes * items / count);
  }

  void checkOpen() {
    if (shutdown) {
      throw closed();
    }
  }

  private RejectedExecutionException closed() {
    return new RejectedExecutionException(
        "pool \"" + options.name() + "\" is closed; it accepts no further tasks");
  }

  /** Submits work, waiting or rejecting at the pool's limits. */
  void submit(Work work) {
    admission.admit(work.count(), work.inputs().bytes());
    submitAdmitted(work);
  }

  /** Submits work whose size the caller bounds. */
  void submitUnlimited(Work work) {
    admission.admitUnlimited(work.count(), work.inputs().bytes());
    submitAdmitted(work);
  }

  private void submitAdmitted(Work work) {
    submitting.incrementAndGet();
    try {
      if (shutdown) {
        admission.release(work.count(), work.inputs().bytes());
        throw closed();
      }
      work.accepted();
      engine.submit(work);
    } finally {
      endSubmitting();
    }
  }

  private void endSubmitting() {
    if (submitting.decrementAndGet() == 0 && shutdown) {
      engineShutdownIfDue();
    }
  }

  void cancel(Work work, boolean interrupt) {
    work.markCancelled();
    engine.cancel(work, interrupt);
  }

  /** Submits work once the delay is over. */
  Delayed submitLater(Work work, Duration delay) {
    admission.admit(work.count(), work.inputs().bytes());
    Delayed later = new Delayed(work);
    synchronized (this) {
      if (shutdown) {
        admission.release(work.count(), work.inputs().bytes());
        throw closed();
      }
      if (clock == null) {
        clock = new ScheduledThreadPoolExecutor(1, runnable -> {
          Thread thread = new Thread(runnable, options.name() + "-clock");
          thread.setDaemon(true);
          return thread;
        });
        clock.setRemoveOnCancelPolicy(true);
      }
      delayed.add(later);
      later.timer = clock.schedule(later, TaskResult.nanos(delay), TimeUnit.NANOSECONDS);
    }
    return later;
  }

  /** Work that waits for its time. */
  final class Delayed implements Runnable {
    private final Work work;
    private @Nullable ScheduledFuture<?> timer; // guarded by PoolCore.this

    Delayed(Work work) {
      this.work = work;
    }

    @Override
    public void run() {
      submitting.incrementAndGet();
      try {
        if (take(this)) {
          work.accepted();
          engine.submit(work);
        }
      } finally {
        endSubmitting();
      }
    }

    /** Cancels the work, whether its time has come or not. */
    void cancel(boolean interrupt) {
      if (take(this)) {
        synchronized (PoolCore.this) {
          delayedCancelled++;
        }
        work.markCancelled();
        work.report(ResultBlock.ofError(0, 1, NotRun.cancelled(options, work, 0)));
        engineShutdownIfDue();
      } else {
        PoolCore.this.cancel(work, interrupt);
      }
    }
  }

  /** Claims delayed work: true for the one caller that may submit or drop it. */
  private synchronized boolean take(Delayed later) {
    if (!delayed.remove(later)) {
      return false;
    }
    if (later.timer != null) {
      later.timer.cancel(false);
    }
    return true;
  }

  void addFeed(Imap.Feed feed) {
    feeds.add(feed);
    if (shutdown) {
      feed.poolClosed();
    }
  }

  void removeFeed(Imap.Feed feed) {
    feeds.remove(feed);
  }

  void shutdown() {
    synchronized (this) {
      shutdown = true;
    }
    admission.close();
    for (Imap.Feed feed : feeds) {
      feed.poolClosed();
    }
    engineShutdownIfDue();
  }

  private void engineShutdownIfDue() {
    synchronized (this) {
      if (!shutdown || !delayed.isEmpty() || submitting.get() > 0) {
        return;
      }
      if (clock != null) {
        clock.shutdown();
      }
    }
    engine.shutdown();
  }

  List<Runnable> shutdownNow() {
    shutdown();
    List<Work> never = new ArrayList<>(dropDelayed());
    never.addAll(engine.shutdownNow());
    engineShutdownIfDue();
    List<Runnable> tasks = new ArrayList<>();
    for (Work work : never) {
      tasks.add(() -> runHere(work));
    }
    return tasks;
  }

  /** Runs all items; then throws what the first of those that failed did, as {@link TaskPool#map} would. */
  private static void runHere(Work work) {
    MapCollector outcomes = new MapCollector(work.count(), ignored -> {});
    for (int i = 0; i < work.count(); i++) {
      ResultBlock outcome;
      try {
        outcome = ResultBlock.ofValue(i, work.inputs().call(i));
      } catch (Throwable thrown) {
        outcome = ResultBlock.ofError(i, 1, thrown);
        if (thrown instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
      }
      outcomes.accept(outcome);
    }
    Failures.valueOf(outcomes.outcome());
  }

  private List<Work> dropDelayed() {
    List<Work> dropped = new ArrayList<>();
    for (Delayed later : delayed) {
      if (take(later)) {
        synchronized (this) {
          delayedLost++;
        }
        dropped.add(later.work);
        later.work.report(ResultBlock.ofError(0, 1, NotRun.poolEnded(options, later.work, 0)));
      }
    }
    return dropped;
  }

  void terminate() {
    shutdown();
    dropDelayed();
    engineShutdownIfDue();
    engine.terminate();
    callbacks.close();
  }

  void resize(int min, int max) {
    PoolOptions.builder().workers(min, max); // checks them
    engine.resize(min, max);
    Flight.resized(options.name(), min, max);
  }

  /** What users do when it is done runs as a callback, not in a thread of the engine. */
  CompletableFuture<Void> refresh() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    engine
        .refresh()
        .whenCompleteAsync(
            (nothing, failure) -> {
              if (failure == null) {
                done.complete(null);
              } else {
                done.completeExceptionally(failure);
              }
            },
            callbacks);
    return done;
  }

  boolean isShutdown() {
    return shutdown;
  }

  boolean isTerminated() {
    return engine.isTerminated() && callbacks.isIdle();
  }

  boolean awaitTermination(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    if (!engine.awaitTermination(nanos)) {
      return false;
    }
    callbacks.close();
    return callbacks.awaitIdle(
        nanos < 0 ? Long.MAX_VALUE / 2 : Math.max(0, nanos - (System.nanoTime() - start)));
  }

  void close() {
    shutdown();
    boolean interrupted = false;
    while (true) {
      try {
        if (awaitTermination(-1)) {
          break;
        }
      } catch (InterruptedException e) {
        interrupted = true;
        shutdownNow();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  PoolStatistics statistics() {
    return withDelayed(engine.statistics());
  }

  Map<String, String> threadDumps(Duration timeout) throws InterruptedException {
    checkWait(timeout);
    return engine.threadDumps(timeout);
  }

  WorkerRecording startRecording(String worker, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    Objects.requireNonNull(worker, "worker");
    if (settings.isEmpty()) {
      throw new IllegalArgumentException("settings: \"\" (expected: a name such as default)");
    }
    checkWait(timeout);
    return engine.startRecording(worker, settings, timeout);
  }

  private static void checkWait(Duration timeout) {
    Duration longest = Duration.ofDays(36500);
    if (timeout.isNegative() || timeout.compareTo(longest) > 0) {
      throw new IllegalArgumentException(
          "timeout: " + timeout + " (expected: zero to " + longest.toDays() + " days)");
    }
  }

  PoolSnapshot snapshot() {
    Engine.View view = engine.view();
    PoolStatistics statistics = withDelayed(view.statistics());
    PoolSnapshot.State state = !shutdown
        ? PoolSnapshot.State.OPEN
        : engine.isTerminated() ? PoolSnapshot.State.TERMINATED : PoolSnapshot.State.CLOSING;
    return new PoolSnapshot(
        options.name(),
        options.backend(),
        view.when(),
        view.current(),
        state,
        statistics,
        admission.backPressure(statistics.pendingTasks() + statistics.activeTasks()),
        view.oldestWaitNanos() < 0
            ? Optional.empty()
            : Optional.of(Duration.ofNanos(view.oldestWaitNanos())),
        view.workers());
  }

  /** Adds what the engine has not been given yet. */
  private PoolStatistics withDelayed(PoolStatistics known) {
    synchronized (this) {
      return new PoolStatistics(
          known.workersStarting(),
          known.workersReady(),
          known.workersBusy(),
          known.pendingTasks() + delayed.size(),
          known.activeTasks(),
          known.completedTasks(),
          known.lostTasks() + delayedLost,
          known.cancelledTasks() + delayedCancelled,
          known.spawnedWorkers(),
          known.crashedWorkers(),
          known.retiredWorkers(),
          known.minWorkers(),
          known.maxWorkers(),
          known.readySpares(),
          known.recycledWorkers(),
          known.retriedAttempts());
    }
  }
}
