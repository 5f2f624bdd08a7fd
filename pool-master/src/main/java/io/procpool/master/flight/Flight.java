// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import io.procpool.PoolListener.WorkerEvent;
import io.procpool.TaskAbortedException;
import io.procpool.TaskReport;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Tells JDK Flight Recorder what happens in pools. Without a recorder each call is one look at a variable. Safe for use by multiple threads.
 */
public final class Flight {
  /*
   * An event class that is loaded before there is a recorder starts it, which takes a JVM tens of milliseconds; so none is touched until there is one. Where the module is missing nothing of it is
   * touched at all.
   */
  private static final boolean AVAILABLE =
      ModuleLayer.boot().findModule("jdk.jfr").isPresent();

  private Flight() {}

  /** Tells whether there is a recorder, so that somebody may want to know. */
  public static boolean isOn() {
    return AVAILABLE && FlightRecorder.isInitialized();
  }

  /** A task is given to a worker: returns what {@link #taskEnded} is to be told; null if nobody wants to know. */
  public static @Nullable Object taskBegins() {
    return isOn() ? TaskRun.begun() : null;
  }

  /** What a task was. */
  public record Task(
      long taskId, String name, int inputs, int priority, String submitter, long acceptedNanos) {}

  /**
   * A task, or inputs of a map that travelled together, have ended.
   *
   * @param begun what {@link #taskBegins} has returned
   * @param failed how many of them failed
   * @param runNanos how long the worker was at them
   */
  public static void taskEnded(
      Object begun, Task task, WorkerEvent worker, int failed, long runNanos) {
    TaskRun.commit((TaskRun) begun, task, worker, failed, runNanos);
  }

  /** A task has an outcome that is no worker's. */
  public static void taskLost(String pool, long taskId, String name, Throwable failure) {
    if (isOn()) {
      TaskReport report = failure instanceof TaskAbortedException aborted ? aborted.report() : null;
      TaskLost.commit(pool, taskId, name, failure, report);
    }
  }

  /**
   * An attempt of a task that has failed, and is followed by another.
   *
   * @param attempt the one that failed, from 1
   * @param cause why, as retry policies name it
   * @param message what happened, in a line
   */
  public record Retry(
      long taskId, String name, int attempt, String cause, String message, long delayNanos) {}

  /** A task is run again. The caller has looked whether {@link #isOn}. */
  public static void taskRetried(Retry retry, WorkerEvent worker) {
    TaskRetried.commit(retry, worker);
  }

  /** A worker is ready for its first task. */
  public static void workerStarted(WorkerEvent worker, long startNanos) {
    if (isOn()) {
      WorkerStart.commit(worker, startNanos);
    }
  }

  /**
   * A worker is gone.
   *
   * @param how {@code RETIRED}, {@code CRASHED} or {@code NOT_STARTED}
   * @param reason why, if it was not planned
   */
  public static void workerEnded(
      WorkerEvent worker, String how, String reason, int exitValue, long ageNanos, long tasks) {
    if (isOn()) {
      WorkerEnd.commit(worker, how, reason, exitValue, ageNanos, tasks);
    }
  }

  /** A pool has other bounds. */
  public static void resized(String pool, int minWorkers, int maxWorkers) {
    if (isOn()) {
      PoolResize.commit(pool, minWorkers, maxWorkers);
    }
  }
}
