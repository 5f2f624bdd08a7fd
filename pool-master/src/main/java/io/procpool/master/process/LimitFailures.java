// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.LimitStage;
import io.procpool.MemoryLimitException;
import io.procpool.MemoryLimitException.Kind;
import io.procpool.TaskAbortedException;
import io.procpool.TaskProgress;
import io.procpool.TaskReport;
import io.procpool.TaskStalledException;
import io.procpool.TaskTimeoutException;
import io.procpool.master.pool.Limits;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Says which limit a task was over, and what became of it. */
final class LimitFailures {
  private LimitFailures() {}

  /** Tells whether a worker was killed because its task was over a limit. */
  static boolean explains(Worker worker) {
    return worker.overrun != null && worker.kill == worker.overrun.kill();
  }

  /** Returns the failure of a task whose worker was killed because of a limit. */
  static TaskAbortedException killed(
      Worker worker, Work work, long taskId, boolean usable, TaskReport report) {
    Overrun overrun = Objects.requireNonNull(worker.overrun);
    long grace = overrun.memory() == null ? work.limits().graceNanos() : 0;
    String interrupt = grace == 0
        ? ""
        : "it was interrupted, and went on for the grace of " + seconds(grace) + "; ";
    String end = interrupt + who(worker) + " was killed, with the processes that it had started";
    return failure(overrun, work, taskId, usable, LimitStage.KILLED, end, report, null);
  }

  /** Returns the failure of a task that was interrupted because of a limit, and ended with an exception. */
  static TaskAbortedException interrupted(
      Overrun overrun, Work work, long taskId, boolean usable, @Nullable Throwable cause) {
    Worker worker = overrun.unit().worker;
    TaskReport report = new TaskReport(
        work.name(), 1, worker.name, worker.pid, -1, runTime(overrun), -1, -1, "", "", "", "");
    String end = "it was interrupted and ended with an exception; " + who(worker) + " lives on";
    return failure(overrun, work, taskId, usable, LimitStage.INTERRUPTED, end, report, cause);
  }

  /** Returns what is to be said of a task whose worker died by itself; nothing if the task was over no limit. */
  static String remark(Worker worker, Work work, int item) {
    Overrun overrun = worker.overrun;
    if (overrun == null || overrun.unit().work != work || !overrun.isItem(overrun.unit(), item)) {
      return "";
    }
    return "\n  before that it was interrupted, because it was over its "
        + (overrun.kill() == Worker.Kill.STALLED
            ? "stall timeout of " + seconds(work.limits().stallNanos())
            : "timeout of " + seconds(work.limits().runNanos()));
  }

  private static Duration runTime(Overrun overrun) {
    return Duration.ofNanos(overrun.ranNanos() + System.nanoTime() - overrun.sinceNanos());
  }

  private static TaskAbortedException failure(
      Overrun overrun,
      Work work,
      long taskId,
      boolean usable,
      LimitStage stage,
      String end,
      TaskReport report,
      @Nullable Throwable cause) {
    Limits limits = work.limits();
    String task = "task " + taskId + " (" + work.name() + ")";
    String rest = "; " + end + "\n  " + CrashMessages.consequence(taskId, usable, stage);
    Kind memory = overrun.memory();
    TaskAbortedException failure;
    if (memory != null) {
      long limit = memory == Kind.RSS ? limits.rssBytes() : limits.heapBytes();
      failure = new MemoryLimitException(
          task + " was over its memory limit after " + seconds(report.runTime().toNanos()) + ": "
              + (memory == Kind.RSS ? "resident memory of " : "heap in use of ")
              + mebibytes(overrun.seenBytes()) + ", limit " + mebibytes(limit) + rest,
          taskId,
          usable,
          memory,
          limit,
          overrun.seenBytes(),
          report);
    } else if (overrun.kill() == Worker.Kill.STALLED) {
      TaskProgress said = overrun.said();
      failure = new TaskStalledException(
          task + " reported no progress for " + seconds(overrun.silentNanos())
              + ", longer than its stall timeout of " + seconds(limits.stallNanos()) + "; "
              + (said == null
                  ? "it had not reported any in " + seconds(overrun.ranNanos())
                  : "its last word was " + percent(said) + ", "
                      + seconds(overrun.ranNanos() - overrun.silentNanos()) + " after its start")
              + rest,
          taskId,
          usable,
          Duration.ofNanos(limits.stallNanos()),
          Duration.ofNanos(overrun.silentNanos()),
          said,
          stage,
          report);
    } else {
      failure = new TaskTimeoutException(
          task + " ran for " + seconds(report.runTime().toNanos()) + ", longer than its timeout of "
              + seconds(limits.runNanos()) + rest,
          taskId,
          usable,
          Duration.ofNanos(limits.runNanos()),
          stage,
          report);
    }
    if (cause != null) {
      failure.initCause(cause);
    }
    return failure;
  }

  private static String who(Worker worker) {
    return worker.name + " (pid " + worker.pid + ")";
  }

  private static String percent(TaskProgress said) {
    return String.format(Locale.ROOT, "%.1f %%", said.fraction() * 100)
        + (said.message().isEmpty() ? "" : " (" + said.message() + ")");
  }

  private static String seconds(long nanos) {
    return CrashMessages.seconds(Duration.ofNanos(nanos));
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
  }
}
