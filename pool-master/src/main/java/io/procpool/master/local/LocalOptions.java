// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.PoolOptions;
import io.procpool.TaskOptions;
import io.procpool.WorkerStartException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Refuses options that only worker processes can honour. */
final class LocalOptions {
  private LocalOptions() {}

  static void check(PoolOptions options) {
    PoolOptions defaults = PoolOptions.builder().build();
    List<String> refused = new ArrayList<>();
    for (String limit : limits(options.taskDefaults())) {
      refused.add(limit.replace(" (", " of taskDefaults ("));
    }
    refuse(refused, !options.recycling().isNever(), "recycling (there is no process to replace)");
    refuse(refused, options.spares() != 0, "spares (there is no process to replace)");
    refuse(
        refused, options.memory() != defaults.memory(), "memory (the heap is this process's own)");
    if (options.backend().equals(PoolOptions.INLINE)) {
      refuse(
          refused,
          options.finalizer().isPresent(),
          "finalizer (there is no worker that could end)");
      refuse(
          refused,
          options.minWorkers() != options.workers(),
          "workers(min, max) (there is no worker but the caller)");
      refuse(
          refused,
          !options.idleTimeout().equals(defaults.idleTimeout()),
          "idleTimeout (there is no worker that could end)");
    }
    refuse(
        refused,
        !options.startTimeout().equals(defaults.startTimeout()),
        "startTimeout (an initializer in a thread cannot be killed)");
    refuse(
        refused,
        !options.gracePeriod().equals(defaults.gracePeriod()),
        "gracePeriod (a thread cannot be killed)");
    refuse(
        refused,
        options.maxPendingBytes() != defaults.maxPendingBytes(),
        "maxPendingBytes (nothing is encoded)");
    refuse(refused, options.prefetch() != defaults.prefetch(), "prefetch (nothing is sent ahead)");
    refuse(refused, options.maxHeapBytes() != 0, "maxHeapBytes (the heap is this process's own)");
    refuse(refused, !options.jvmArgs().isEmpty(), "jvmArgs (no JVM is started)");
    refuse(refused, !options.environment().isEmpty(), "environment (no process is started)");
    refuse(
        refused,
        options.workingDirectory().isPresent(),
        "workingDirectory (no process is started)");
    refuse(refused, !options.classPath().isEmpty(), "classPath (classes are this process's own)");
    refuse(refused, options.javaExecutable().isPresent(), "javaExecutable (no process is started)");
    refuse(
        refused,
        options.workerStdout() != defaults.workerStdout(),
        "workerStdout (the stream is this process's own)");
    refuse(
        refused,
        options.workerStderr() != defaults.workerStderr(),
        "workerStderr (the stream is this process's own)");
    refuse(refused, options.chaos().isPresent(), "chaos (it would kill this process)");
    refuse(
        refused,
        options.workerOutputFile().isPresent(),
        "workerOutputFile (the streams are this process's own)");
    refuse(
        refused,
        options.workerLogs() != defaults.workerLogs(),
        "workerLogs (what tasks log is this process's own)");
    refuse(
        refused,
        options.debugWorkers(),
        "debugWorkers (a debugger that holds a worker would hold this process)");
    refuse(
        refused,
        options.backend().equals(PoolOptions.INLINE)
            && options.overflow() == PoolOptions.Overflow.BLOCK,
        "overflow=BLOCK (a task that submits another would wait for its own end)");
    if (options.backend().equals(PoolOptions.INLINE)) {
      String reason = " of taskDefaults (each task runs at once, in the thread that submits it)";
      TaskOptions task = options.taskDefaults();
      refuse(refused, task.priority().orElse(0) != 0, "priority" + reason);
      refuse(refused, task.submitter().isPresent(), "submitter" + reason);
      refuse(refused, task.key().isPresent(), "key" + reason);
    }
    if (!refused.isEmpty()) {
      throw new IllegalArgumentException(
          "backend \"" + options.backend() + "\" cannot honour " + String.join(", ", refused)
              + "; use backend \"" + PoolOptions.PROCESSES + "\" or leave the option out");
    }
  }

  /** Limits can come with a single task, too. */
  static void check(String backend, TaskOptions task) {
    List<String> refused = limits(task);
    if (!refused.isEmpty()) {
      throw new IllegalArgumentException("backend \"" + backend + "\" cannot honour a task's "
          + String.join(", ", refused) + "; use backend \"" + PoolOptions.PROCESSES + "\"");
    }
    if (backend.equals(PoolOptions.INLINE)) {
      refuseOrder("a priority", task.priority().orElse(0) != 0);
      refuseOrder("a submitter", task.submitter().isPresent());
      refuseOrder("a key", task.key().isPresent());
    }
  }

  private static void refuseOrder(String option, boolean set) {
    if (set) {
      throw new IllegalArgumentException("backend \"" + PoolOptions.INLINE + "\" cannot honour "
          + option
          + " of a task (each task runs at once, in the thread that submits it); use backend \""
          + PoolOptions.PROCESSES + "\" or \"" + PoolOptions.THREADS + "\"");
    }
  }

  private static List<String> limits(TaskOptions task) {
    List<String> refused = new ArrayList<>();
    refuse(refused, isSet(task.timeout()), "timeout (a thread cannot be killed)");
    refuse(refused, isSet(task.timeoutGrace()), "timeoutGrace (a thread cannot be killed)");
    refuse(refused, isSet(task.stallTimeout()), "stallTimeout (a thread cannot be killed)");
    refuse(
        refused,
        task.maxRssBytes().orElse(0L) > 0,
        "maxRssBytes (the memory is this process's own)");
    refuse(
        refused,
        task.maxHeapBytes().orElse(0L) > 0,
        "maxHeapBytes (the heap is this process's own)");
    refuse(
        refused,
        task.retries().filter(policy -> policy.retries() > 0).isPresent(),
        "retries (there is no worker that could fail apart from this process)");
    return refused;
  }

  private static boolean isSet(Optional<Duration> time) {
    return !time.orElse(Duration.ZERO).isZero();
  }

  /** Describes starts that failed as often as they may. */
  static WorkerStartException startFailure(
      PoolOptions options, long taskId, boolean poolUsable, @Nullable Throwable failure) {
    WorkerStartException exception = new WorkerStartException(
        "no worker of pool \"" + options.name() + "\" could be started in "
            + options.maxStartAttempts()
            + " attempts; task " + taskId + " never started; the last attempt failed: " + failure
            + "; the next submission tries again",
        taskId,
        poolUsable,
        options.maxStartAttempts(),
        "");
    exception.initCause(failure);
    return exception;
  }

  private static void refuse(List<String> refused, boolean set, String option) {
    if (set) {
      refused.add(option);
    }
  }
}
