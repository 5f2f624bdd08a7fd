// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.WorkerStartException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps starts of workers that fail from following each other without end. Event loop only. */
final class StartBackOff {
  /*
   * A round is all starts between two failures; failures of the same round count once, and each makes the next round wait longer. A worker that becomes ready ends the series. Once the attempts are
   * used up, and nobody serves, the pool gives up: waiting tasks are failed, and the next submission begins anew.
   */
  private static final Logger LOG = LoggerFactory.getLogger(StartBackOff.class);
  private static final long FIRST_MILLIS = 100;
  private static final long MAX_MILLIS = 5_000;

  private final PoolOptions options;
  private final EventLoop loop;
  private final Runnable proceed;
  private int round;
  private int failedRounds;
  private @Nullable Future<?> timer; // until it has run nothing is spawned
  private @Nullable Failure last;
  private boolean suspended;

  private record Failure(
      String reason, String tail, @Nullable Throwable cause) {}

  StartBackOff(PoolOptions options, EventLoop loop, Runnable proceed) {
    this.options = options;
    this.loop = loop;
    this.proceed = proceed;
  }

  /** Returns the number of the round that a start belongs to. */
  int round() {
    return round;
  }

  /** Notes that a start has failed; the worker is null if there was not even one. */
  void failed(@Nullable Worker worker, String reason, @Nullable Throwable cause) {
    LOG.warn(
        "{}: {} could not start: {}",
        options.name(),
        worker == null ? "a worker" : worker.name,
        reason);
    last = new Failure(reason, worker == null ? "" : worker.stderr.text(), cause);
    if (worker != null && worker.round != round) {
      return; // another one of the same round has been counted
    }
    round++;
    failedRounds++;
    cancel();
    timer = loop.schedule(
        () -> {
          timer = null;
          proceed.run();
        },
        Math.min(MAX_MILLIS, FIRST_MILLIS << Math.min(10, failedRounds - 1)),
        TimeUnit.MILLISECONDS);
  }

  /** Notes that a start has succeeded. */
  void succeeded() {
    failedRounds = 0;
  }

  /** Begins anew, after the pool has given up, because there is something to do. */
  void resume() {
    if (suspended) {
      suspended = false;
      failedRounds = 0;
    }
  }

  /** Tells whether something may be started now, as far as its time is concerned. */
  boolean isDue() {
    return !suspended && timer == null;
  }

  /** Tells whether something waits for its time to be started. */
  boolean isWaiting() {
    return timer != null;
  }

  /** Tells whether so many attempts have failed that nothing more is started unless a worker serves. */
  boolean isOutOfAttempts() {
    return last != null && failedRounds >= options.maxStartAttempts();
  }

  /** Starts nothing more until {@link #resume}. */
  void suspend() {
    suspended = true;
    cancel();
  }

  private void cancel() {
    if (timer != null) {
      timer.cancel(false);
      timer = null;
    }
  }

  /** Describes the failures so far to a task that was never started for them. */
  WorkerStartException failureOf(long taskId, boolean poolUsable) {
    return exception(
        taskId,
        poolUsable,
        "no worker of pool \"" + options.name() + "\" could be started in " + failedRounds
            + " attempts; task " + taskId + " never started",
        "the next submission tries again");
  }

  /** Describes the last failure to who wanted other workers. */
  WorkerStartException failureOfRefresh(int left) {
    return exception(
        0,
        true,
        "the refresh of pool \"" + options.name()
            + "\" has ended because a new worker could not be started; " + left
            + " of the old workers stay",
        "refresh() begins anew");
  }

  private WorkerStartException exception(
      long taskId, boolean poolUsable, String what, String remedy) {
    Failure failure = last == null ? new Failure("unknown", "", null) : last;
    StringBuilder message = new StringBuilder(what)
        .append("\n  last attempt: ")
        .append(failure.reason())
        .append("\n  ")
        .append(remedy);
    CrashMessages.appendTail(message, failure.tail());
    WorkerStartException exception = new WorkerStartException(
        message.toString(), taskId, poolUsable, failedRounds, failure.tail());
    if (failure.cause() != null) {
      exception.initCause(failure.cause());
    }
    return exception;
  }
}
