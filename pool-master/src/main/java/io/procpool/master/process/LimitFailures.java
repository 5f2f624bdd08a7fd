// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.LimitStage;
import io.procpool.MemoryLimitException;
import io.procpool.MemoryLimitException.Kind;
import io.procpool.RetryPolicy;
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

  /** Says how an item has failed whose worker was killed because of a limit. */
  static LostAttempt killed(Worker worker, Work work, long taskId, TaskReport report) {
    Overrun overrun = Objects.requireNonNull(worker.overrun);
    long grace = overrun.memory() == null ? work.limits().graceNanos() : 0;
    String interrupt = grace == 0
        ? ""
        : "it was interrupted, and went on for the grace of " + seconds(grace) + "; ";
    String end = interrupt + who(report) + " was killed, with the processes that it had started";
    TaskReport measured = overrun.memory() == null
        ? report
        : withMemory(report, overrun.memory(), overrun.seenBytes());
    return new OverLimit(
        Excess.of(overrun), work.limits(), taskId, LimitStage.KILLED, end, measured, null);
  }

  /** Says how an item has failed that was interrupted because of a limit, and ended with an exception. */
  static LostAttempt interrupted(Overrun overrun, Work work, int item, @Nullable Throwable cause) {
    Worker worker = overrun.unit().worker;
    Vital vital = overrun.vital();
    TaskReport report = new TaskReport(
        work.name(),
        overrun.unit().attempt,
        worker.name,
        worker.pid,
        -1,
        Duration.ofNanos(overrun.ranNanos() + System.nanoTime() - overrun.sinceNanos()),
        vital.rssBytes(),
        vital.heapBytes(),
        "",
        "",
        "",
        vital.stack());
    String end = "it was interrupted and ended with an exception; " + who(report) + " lives on";
    return new OverLimit(
        Excess.of(overrun),
        work.limits(),
        work.taskId(item),
        LimitStage.INTERRUPTED,
        end,
        report,
        cause);
  }

  private static TaskReport withMemory(TaskReport report, Kind memory, long bytes) {
    return new TaskReport(
        report.task(),
        report.attempt(),
        report.worker(),
        report.pid(),
        report.exitValue(),
        report.runTime(),
        memory == Kind.RSS ? bytes : report.rssBytes(),
        memory == Kind.HEAP ? bytes : report.heapBytes(),
        report.stderrTail(),
        report.crashReport(),
        report.crashReportHead(),
        report.stack());
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

  /** By how much which limit was exceeded: what is told of an overrun, without the worker. */
  private record Excess(
      Worker.Kill kill,
      long ranNanos,
      long silentNanos,
      @Nullable TaskProgress said,
      @Nullable Kind memory,
      long seenBytes) {
    static Excess of(Overrun overrun) {
      return new Excess(
          overrun.kill(),
          overrun.ranNanos(),
          overrun.silentNanos(),
          overrun.said(),
          overrun.memory(),
          overrun.seenBytes());
    }
  }

  /** An item was over a limit. */
  private record OverLimit(
      Excess excess,
      Limits limits,
      long taskId,
      LimitStage stage,
      String end,
      TaskReport report,
      @Nullable Throwable cause)
      implements LostAttempt {
    @Override
    public RetryPolicy.Cause retryCause() {
      if (excess.memory() != null) {
        return RetryPolicy.Cause.MEMORY_LIMIT;
      }
      return excess.kill() == Worker.Kill.STALLED
          ? RetryPolicy.Cause.STALL
          : RetryPolicy.Cause.TIMEOUT;
    }

    @Override
    public boolean endedWorker() {
      return stage == LimitStage.KILLED;
    }

    @Override
    public String summary() {
      return what() + " in " + who(report);
    }

    private String what() {
      Kind memory = excess.memory();
      if (memory != null) {
        long limit = memory == Kind.RSS ? limits.rssBytes() : limits.heapBytes();
        return "was over its memory limit after " + seconds(report.runTime().toNanos()) + ": "
            + (memory == Kind.RSS ? "resident memory of " : "heap in use of ")
            + Vital.mebibytes(excess.seenBytes()) + ", limit " + Vital.mebibytes(limit);
      }
      if (excess.kill() == Worker.Kill.STALLED) {
        return "reported no progress for " + seconds(excess.silentNanos())
            + ", longer than its stall timeout of " + seconds(limits.stallNanos());
      }
      return "ran for " + seconds(report.runTime().toNanos()) + ", longer than its timeout of "
          + seconds(limits.runNanos());
    }

    private String lastProgress() {
      TaskProgress said = excess.said();
      if (excess.kill() != Worker.Kill.STALLED) {
        return "";
      }
      return "; "
          + (said == null
              ? "it had not reported any in " + seconds(excess.ranNanos())
              : "its last word was " + percent(said) + ", "
                  + seconds(excess.ranNanos() - excess.silentNanos()) + " after its start");
    }

    @Override
    public TaskAbortedException exception(Fate fate) {
      StringBuilder message = new StringBuilder("task " + taskId + " (" + report.task() + ") ")
          .append(what())
          .append(report.attempt() > 1 ? ", in attempt " + report.attempt() : "")
          .append(lastProgress())
          .append("; ")
          .append(end)
          .append("\n  ")
          .append(fate.text());
      Vital vital = new Vital(report.rssBytes(), report.heapBytes(), report.stack());
      vital.appendMemory(message);
      vital.appendStack(message);
      TaskAbortedException failure = exception(message.toString(), fate.poolUsable());
      if (cause != null) {
        failure.initCause(cause);
      }
      return failure;
    }

    private TaskAbortedException exception(String message, boolean usable) {
      Kind memory = excess.memory();
      if (memory != null) {
        long limit = memory == Kind.RSS ? limits.rssBytes() : limits.heapBytes();
        return new MemoryLimitException(
            message, taskId, usable, memory, limit, excess.seenBytes(), report);
      }
      if (excess.kill() == Worker.Kill.STALLED) {
        return new TaskStalledException(
            message,
            taskId,
            usable,
            Duration.ofNanos(limits.stallNanos()),
            Duration.ofNanos(excess.silentNanos()),
            excess.said(),
            stage,
            report);
      }
      return new TaskTimeoutException(
          message, taskId, usable, Duration.ofNanos(limits.runNanos()), stage, report);
    }
  }

  private static String who(TaskReport report) {
    return report.worker() + " (pid " + report.pid() + ")";
  }

  private static String percent(TaskProgress said) {
    return String.format(Locale.ROOT, "%.1f %%", said.fraction() * 100)
        + (said.message().isEmpty() ? "" : " (" + said.message() + ")");
  }

  private static String seconds(long nanos) {
    return CrashMessages.seconds(Duration.ofNanos(nanos));
  }
}
