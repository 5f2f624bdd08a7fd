// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.TaskProgress;
import io.procpool.spi.DoneSignal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.NullUnmarked;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The result of one submission, single task or map. */
@NullUnmarked
final class TaskResult<T> extends StageResult<T> implements DoneSignal {
  /*
   * Completion. `arrived` completes with what the engine reported, still encoded; the first completion or cancellation
   * wins. Without callbacks that happens in the engine's thread. With callbacks a callback thread decodes, calls back and
   * then completes, so a callback has run before get() returns; `claimed` lets only one of them call back.
   * Waiting. Whoever waits looks for the result for a moment before it sleeps, because being woken takes longer than a short
   * task in a worker.
   * Memory. A result that is kept must not keep what the task was made of, so the control goes when it completes.
   */
  private static final long SPIN_NANOS = 40_000;
  private static final Logger LOG = LoggerFactory.getLogger(TaskResult.class);

  /** What a result asks of the work behind it. */
  interface Control {
    long taskId();

    void cancel(boolean interrupt);

    boolean isRunning();

    Optional<TaskProgress> progress();
  }

  /** The callbacks of a result. */
  record Callbacks<T>(Consumer<? super T> onValue, Consumer<? super Throwable> onError) {}

  private final CallbackExecutor executor;
  private final Callbacks<T> callbacks; // null if there are none
  private final AtomicBoolean claimed; // null if there are no callbacks
  private final CompletableFuture<Completion> arrived = new CompletableFuture<>();
  private volatile Control control; // null once it has completed
  private long taskId;
  private List<Runnable> waiters; // guarded by this; null if nobody has waited
  private volatile CompletableFuture<T> stage; // written under this

  TaskResult(CallbackExecutor executor, Callbacks<T> callbacks) {
    this.executor = executor;
    this.callbacks = callbacks;
    this.claimed = callbacks == null ? null : new AtomicBoolean();
  }

  /** Connects the result with its work; called before anybody else sees the result. */
  void control(Control control) {
    this.control = control;
    this.taskId = control.taskId();
  }

  /** Takes what the engine reported; any thread. Has no effect on a result that was cancelled. */
  void complete(Completion completion) {
    if (callbacks == null) {
      arrived.complete(completion);
      control = null;
    } else if (claimed.compareAndSet(false, true)) {
      control = null;
      executor.execute(() -> {
        try {
          callBack(completion.outcome());
        } finally {
          arrived.complete(completion);
        }
      });
    }
  }

  @SuppressWarnings("unchecked")
  private void callBack(Outcome<Object> outcome) {
    try {
      if (outcome.isSuccess()) {
        if (callbacks.onValue() != null) {
          callbacks.onValue().accept((T) outcome.value());
        }
      } else if (callbacks.onError() != null) {
        callbacks.onError().accept(outcome.error());
      }
    } catch (Throwable thrown) {
      LOG.error("a callback of task {} threw; the task's result is not affected", taskId, thrown);
    }
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    if (callbacks != null && !claimed.compareAndSet(false, true)) {
      return false;
    }
    if (arrived.isDone() || !arrived.cancel(false)) {
      return false;
    }
    if (callbacks != null) {
      Throwable reason = new CancellationException("task " + taskId() + " was cancelled");
      executor.execute(() -> callBack(new Outcome<>(0, null, reason)));
    }
    Control work = control;
    if (work != null) {
      work.cancel(mayInterruptIfRunning);
      control = null;
    }
    return true;
  }

  @Override
  public long taskId() {
    return taskId;
  }

  @Override
  public boolean isRunning() {
    Control work = control;
    return work != null && !arrived.isDone() && work.isRunning();
  }

  @Override
  public Optional<TaskProgress> progress() {
    Control work = control;
    return work == null || arrived.isDone() ? Optional.empty() : work.progress();
  }

  @Override
  public void addWaiter(Runnable waiter) {
    boolean first;
    synchronized (this) {
      if (arrived.isDone()) {
        first = false;
      } else {
        first = waiters == null;
        if (first) {
          waiters = new ArrayList<>(1);
        }
        waiters.add(waiter);
        waiter = null;
      }
    }
    if (waiter != null) {
      waiter.run();
    } else if (first) {
      arrived.whenComplete((completion, error) -> tellWaiters());
    }
  }

  @Override
  public synchronized void removeWaiter(Runnable waiter) {
    if (waiters != null) {
      waiters.remove(waiter);
    }
  }

  private void tellWaiters() {
    List<Runnable> told;
    synchronized (this) {
      told = waiters;
      waiters = null;
    }
    told.forEach(Runnable::run);
  }

  @Override
  public boolean isDone() {
    return arrived.isDone();
  }

  @Override
  public boolean isCancelled() {
    return arrived.isCancelled();
  }

  @Override
  public boolean successful() {
    if (!arrived.isDone()) {
      throw new IllegalStateException("task " + taskId() + " has not completed; wait for it first");
    }
    return !arrived.isCancelled() && arrived.join().outcome().isSuccess();
  }

  private Completion arrival() throws InterruptedException, ExecutionException {
    spin(SPIN_NANOS);
    return arrived.get();
  }

  private Completion arrival(long timeoutNanos)
      throws InterruptedException, ExecutionException, TimeoutException {
    long start = System.nanoTime();
    spin(Math.min(SPIN_NANOS, timeoutNanos));
    return arrived.get(timeoutNanos - (System.nanoTime() - start), TimeUnit.NANOSECONDS);
  }

  private void spin(long nanos) {
    if (nanos > 0 && !arrived.isDone()) {
      long start = System.nanoTime();
      do {
        Thread.yield();
      } while (!arrived.isDone() && System.nanoTime() - start < nanos);
    }
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    try {
      arrival(nanos(timeout));
    } catch (TimeoutException e) {
      return arrived.isDone();
    } catch (ExecutionException | CancellationException e) {
      return true;
    }
    return true;
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    return value(arrival());
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    try {
      return value(arrival(unit.toNanos(timeout)));
    } catch (TimeoutException e) {
      throw new TimeoutException("task " + taskId() + " has not completed within " + timeout + " "
          + unit.toString().toLowerCase(java.util.Locale.ROOT) + "; it goes on");
    }
  }

  @Override
  public Optional<Throwable> failure() throws InterruptedException {
    try {
      return Optional.ofNullable(arrival().outcome().error());
    } catch (CancellationException cancelled) {
      return Optional.of(cancelled);
    } catch (ExecutionException impossible) {
      throw new AssertionError(impossible);
    }
  }

  @SuppressWarnings("unchecked")
  private T value(Completion completion) throws ExecutionException {
    Outcome<Object> outcome = completion.outcome();
    if (!outcome.isSuccess()) {
      throw new ExecutionException(outcome.error());
    }
    return (T) outcome.value();
  }

  @Override
  CompletableFuture<T> stage() {
    CompletableFuture<T> known = stage;
    if (known == null) {
      synchronized (this) {
        known = stage;
        if (known == null) {
          known = new CompletableFuture<>();
          stage = known;
        } else {
          return known;
        }
      }
      CompletableFuture<T> made = known;
      if (arrived.isDone()) {
        completeStage(made);
      } else {
        arrived.whenComplete((completion, error) -> executor.execute(() -> completeStage(made)));
      }
    }
    return known;
  }

  private void completeStage(CompletableFuture<T> made) {
    try {
      made.complete(value(arrived.join()));
    } catch (CancellationException e) {
      made.completeExceptionally(new CancellationException("task " + taskId() + " was cancelled"));
    } catch (ExecutionException e) {
      made.completeExceptionally(e.getCause());
    }
  }

  static long nanos(Duration timeout) {
    return timeout.compareTo(Duration.ofDays(36500)) >= 0 ? Long.MAX_VALUE / 2 : timeout.toNanos();
  }

  @Override
  public String toString() {
    return "AsyncResult[task " + taskId()
        + (isDone() ? ", done]" : isRunning() ? ", running]" : ", pending]");
  }
}
