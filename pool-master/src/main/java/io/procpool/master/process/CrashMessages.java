// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolOptions;
import io.procpool.PoolTerminatedException;
import io.procpool.RetryPolicy;
import io.procpool.TaskReport;
import io.procpool.WorkerCrashedException;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.Locale;
import java.util.StringJoiner;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Says what happened to a task whose worker is gone. */
final class CrashMessages {
  private final PoolOptions options;
  private final Autopsy autopsy;

  CrashMessages(PoolOptions options, Autopsy autopsy) {
    this.options = options;
    this.autopsy = autopsy;
  }

  /** Returns the failure of an item whose worker was killed because somebody wanted it to end; null if that was not so. */
  @Nullable
  Throwable wanted(Worker worker, Work work, int item, Duration runTime, Certainty certainty) {
    long taskId = work.taskId(item);
    String task = "task " + taskId + " (" + work.name() + ")";
    if (worker.kill == Worker.Kill.CANCELLED) {
      return new CancellationException(task + " was cancelled and its worker killed");
    }
    if (worker.kill == Worker.Kill.TERMINATED) {
      return new PoolTerminatedException(
          task + " was ended after " + seconds(runTime) + ": pool \"" + options.name()
              + "\" was terminated",
          taskId,
          certainty);
    }
    return null;
  }

  /** Says how an item has failed that its worker had begun, or had ended without sending its value. */
  LostAttempt lost(Worker worker, Unit unit, int item, Duration runTime, Certainty certainty) {
    Vital vital = Vital.of(worker, unit, item - unit.from);
    Autopsy.Finding finding = autopsy.of(worker);
    TaskReport report = report(worker, unit, runTime, vital, finding);
    if (LimitFailures.explains(worker)) {
      return LimitFailures.killed(worker, unit.work, unit.work.taskId(item), report);
    }
    return new Crash(
        unit.work.taskId(item),
        certainty,
        finding,
        report,
        LimitFailures.remark(worker, unit.work, item));
  }

  /** A worker has ended while it was at an item. */
  private record Crash(
      long taskId, Certainty certainty, Autopsy.Finding finding, TaskReport report, String remark)
      implements LostAttempt {
    @Override
    public RetryPolicy.Cause retryCause() {
      if (certainty == Certainty.RESULT_LOST) {
        return RetryPolicy.Cause.RESULT_LOST;
      }
      return finding.reason().isOutOfMemory()
          ? RetryPolicy.Cause.OUT_OF_MEMORY
          : RetryPolicy.Cause.CRASH;
    }

    @Override
    public boolean endedWorker() {
      return true;
    }

    @Override
    public String summary() {
      return report.worker() + " (pid " + report.pid() + ") " + finding.ending() + " after "
          + seconds(report.runTime());
    }

    @Override
    public WorkerCrashedException exception(Fate fate) {
      StringBuilder message = new StringBuilder(summary())
          .append(" of task ")
          .append(taskId)
          .append(" (")
          .append(report.task())
          .append(')')
          .append(report.attempt() > 1 ? ", attempt " + report.attempt() : "")
          .append(remark);
      if (!finding.cause().isEmpty()) {
        message.append("\n  ").append(finding.cause());
      }
      if (certainty == Certainty.RESULT_LOST) {
        message.append("\n  the task had ended; its result was lost");
      }
      message.append("\n  ").append(fate.text());
      Vital vital = new Vital(report.rssBytes(), report.heapBytes(), report.stack());
      vital.appendMemory(message);
      if (!finding.reason().isOutOfMemory()) { // else the trace says it
        vital.appendStack(message);
      }
      appendTail(message, report.stderrTail());
      appendReport(message, report);
      return new WorkerCrashedException(
          message.toString(), taskId, certainty, fate.poolUsable(), finding.reason(), report);
    }
  }

  /** Returns the failure of a task that several workers in a row did not live to begin. */
  WorkerCrashedException neverBegun(Unit unit, int item, int workers, boolean usable) {
    Worker worker = unit.worker;
    Work work = unit.work;
    long taskId = work.taskId(item);
    Autopsy.Finding finding = autopsy.of(worker);
    TaskReport report = report(worker, unit, Duration.ZERO, Vital.NONE, finding);
    StringBuilder message = new StringBuilder("task " + taskId + " (" + work.name()
        + ") never started: " + workers + " workers ended when it was next, the last of them, "
        + worker.name + " (pid " + worker.pid + "), " + finding.ending()
        + "\n  its arguments take " + unit.bytes
        + " bytes; if that is much for the workers' heap, raise maxHeapBytes or send the name of a file\n  "
        + Fate.failed(taskId, usable).text());
    appendTail(message, report.stderrTail());
    return new WorkerCrashedException(
        message.toString(), taskId, Certainty.NEVER_STARTED, usable, finding.reason(), report);
  }

  private static TaskReport report(
      Worker worker, Unit unit, Duration runTime, Vital vital, Autopsy.Finding finding) {
    CrashReport crashReport = finding.report();
    return new TaskReport(
        unit.work.name(),
        unit.attempt,
        worker.name,
        worker.pid,
        worker.exitValue,
        runTime,
        vital.rssBytes(),
        vital.heapBytes(),
        worker.stderr.text(),
        crashReport == null ? "" : crashReport.path().toString(),
        crashReport == null ? "" : crashReport.head(),
        vital.stack().isEmpty() ? frames(worker.outOfMemoryTrace) : vital.stack());
  }

  /** Returns the frames of a printed trace, up to those that are not the task's. */
  private static String frames(@Nullable String trace) {
    StringJoiner frames = new StringJoiner("\n");
    if (trace != null) {
      for (String line : trace.split("\n")) {
        String frame = line.strip();
        if (frame.startsWith("at io.procpool.worker.UnitRunner")) {
          break;
        }
        if (frame.startsWith("at ")) {
          frames.add(frame.substring(3));
        }
      }
    }
    return frames.toString();
  }

  private static void appendReport(StringBuilder message, TaskReport report) {
    message
        .append("\n  JVM crash report: ")
        .append(report.crashReport().isEmpty() ? "none" : report.crashReport());
    report.crashReportHead().lines().forEach(line -> message.append("\n    ").append(line));
  }

  static void appendTail(StringBuilder message, String tail) {
    if (tail.isBlank()) {
      message.append("\n  worker stderr: (empty)");
      return;
    }
    String[] lines = tail.stripTrailing().split("\n");
    int shown = Math.min(lines.length, 10);
    message
        .append("\n  worker stderr, last ")
        .append(shown)
        .append(" of ")
        .append(lines.length)
        .append(" lines:");
    for (int i = lines.length - shown; i < lines.length; i++) {
      message.append("\n    ").append(lines[i]);
    }
  }

  static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.3f s", duration.toNanos() / 1e9);
  }
}
