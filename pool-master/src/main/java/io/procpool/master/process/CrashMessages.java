// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LimitStage;
import io.procpool.MemoryLimitException.Kind;
import io.procpool.PoolOptions;
import io.procpool.PoolTerminatedException;
import io.procpool.TaskReport;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import io.procpool.master.pool.Work;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/** Says what happened to a task whose worker is gone. */
final class CrashMessages {
  private static final int SIGNAL_BASE = 128;
  private static final int OUT_OF_MEMORY_EXIT = 3;
  private static final int[] SIGNAL_NUMBERS = {1, 2, 3, 4, 6, 7, 8, 9, 11, 13, 15, 24, 25, 31};
  private static final String[] SIGNAL_NAMES = {
    "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGSEGV",
    "SIGPIPE", "SIGTERM", "SIGXCPU", "SIGXFSZ", "SIGSYS"
  };

  private final PoolOptions options;

  CrashMessages(PoolOptions options) {
    this.options = options;
  }

  /** Returns the failure of an item that its worker had begun, or had ended without sending its value. */
  Throwable failureOf(
      Worker worker, Work work, int item, Duration runTime, Certainty certainty, boolean usable) {
    long taskId = work.taskId(item);
    String task = "task " + taskId + " (" + work.name() + ")";
    Worker.Kill kill = worker.kill;
    if (kill == Worker.Kill.CANCELLED) {
      return new CancellationException(task + " was cancelled and its worker killed");
    }
    if (kill == Worker.Kill.TERMINATED) {
      return new PoolTerminatedException(
          task + " was ended after " + seconds(runTime) + ": pool \"" + options.name()
              + "\" was terminated",
          taskId,
          certainty);
    }
    if (LimitFailures.explains(worker)) {
      return LimitFailures.killed(worker, work, taskId, usable, report(worker, work, runTime));
    }
    return crash(
        worker,
        work,
        taskId,
        task + LimitFailures.remark(worker, work, item),
        runTime,
        certainty,
        usable);
  }

  private InfrastructureException crash(
      Worker worker,
      Work work,
      long taskId,
      String task,
      Duration runTime,
      Certainty certainty,
      boolean usable) {
    TaskReport report = report(worker, work, runTime);
    StringBuilder message = new StringBuilder(worker.name + " (pid " + worker.pid + ") "
        + ending(worker) + " after " + seconds(runTime) + " of " + task);
    String cause = likelyCause(worker);
    if (cause != null) {
      message.append("\n  ").append(cause);
    }
    if (certainty == Certainty.RESULT_LOST) {
      message.append("\n  the task had ended; its result was lost");
    }
    message.append("\n  ").append(consequence(taskId, usable));
    appendTail(message, report.stderrTail());
    message
        .append("\n  JVM crash report: ")
        .append(report.crashReport().isEmpty() ? "none" : report.crashReport());
    return new WorkerCrashedException(
        message.toString(), taskId, certainty, usable, reason(worker), report);
  }

  /** Returns the failure of a task that several workers in a row did not live to begin. */
  WorkerCrashedException neverBegun(
      Worker worker, Work work, long taskId, int workers, long bytes, boolean usable) {
    TaskReport report = report(worker, work, Duration.ZERO);
    StringBuilder message = new StringBuilder("task " + taskId + " (" + work.name()
        + ") never started: " + workers + " workers ended when it was next, the last of them, "
        + worker.name + " (pid " + worker.pid + "), " + ending(worker)
        + "\n  its arguments take " + bytes
        + " bytes; if that is much for the workers' heap, raise maxHeapBytes or send the name of a file\n  "
        + consequence(taskId, usable));
    appendTail(message, report.stderrTail());
    return new WorkerCrashedException(
        message.toString(), taskId, Certainty.NEVER_STARTED, usable, reason(worker), report);
  }

  private TaskReport report(Worker worker, Work work, Duration runTime) {
    String crashReport = crashReport(worker.pid);
    return new TaskReport(
        work.name(),
        1,
        worker.name,
        worker.pid,
        worker.exitValue,
        runTime,
        measured(worker, Kind.RSS),
        measured(worker, Kind.HEAP),
        worker.stderr.text(),
        crashReport == null ? "" : crashReport,
        "",
        "");
  }

  private static long measured(Worker worker, Kind kind) {
    Overrun overrun = worker.overrun;
    return overrun != null && overrun.memory() == kind ? overrun.seenBytes() : -1;
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

  static String consequence(long taskId, boolean usable, LimitStage stage) {
    return stage == LimitStage.KILLED
        ? consequence(taskId, usable)
        : "task " + taskId + " failed and is not retried; the pool is "
            + (usable ? "usable" : "closed");
  }

  private static String consequence(long taskId, boolean usable) {
    return "task " + taskId + " failed and is not retried; "
        + (usable ? "the pool is usable, the worker is replaced" : "the pool is closed");
  }

  private static Reason reason(Worker worker) {
    if (worker.kill == Worker.Kill.PROTOCOL) {
      return Reason.PROTOCOL;
    }
    if (worker.outOfMemoryTrace != null) {
      return Reason.OUT_OF_MEMORY;
    }
    return worker.exitValue > SIGNAL_BASE ? Reason.SIGNAL : Reason.EXIT;
  }

  private static @Nullable String likelyCause(Worker worker) {
    if (worker.kill == Worker.Kill.PROTOCOL) {
      return "it was killed because it broke the protocol: " + worker.problem;
    }
    String trace = worker.outOfMemoryTrace;
    if (trace != null) {
      return "the task ran out of memory: " + trace.strip().replace("\n", "\n  ");
    }
    if (worker.exitValue == OUT_OF_MEMORY_EXIT) {
      return "possible cause: the JVM ran out of memory (it exits with 3 then, and so does System.exit(3))";
    }
    if (worker.exitValue == SIGNAL_BASE + 9) {
      return "possible cause: kill -9 from outside, or the kernel's out-of-memory killer";
    }
    return worker.exitValue > SIGNAL_BASE
        ? null
        : "possible cause: System.exit or Runtime.halt in the task";
  }

  /** Describes an exit value, such as {@code exited with 137 (usually SIGKILL)}. */
  static String ending(Worker worker) {
    String text = "exited with " + worker.exitValue;
    int signal = worker.exitValue - SIGNAL_BASE;
    for (int i = 0; i < SIGNAL_NUMBERS.length; i++) {
      if (SIGNAL_NUMBERS[i] == signal) {
        return text + " (usually " + SIGNAL_NAMES[i] + ")";
      }
    }
    return text;
  }

  private @Nullable String crashReport(long pid) {
    Path directory = options.workingDirectory().orElse(Path.of("")).toAbsolutePath();
    Path report = directory.resolve("hs_err_pid" + pid + ".log");
    for (String arg : options.jvmArgs()) {
      if (arg.startsWith("-XX:ErrorFile=")) {
        report = directory.resolve(
            arg.substring("-XX:ErrorFile=".length()).replace("%p", Long.toString(pid)));
      }
    }
    return Files.exists(report) ? report.toString() : null;
  }

  static String seconds(Duration duration) {
    return String.format(Locale.ROOT, "%.3f s", duration.toNanos() / 1e9);
  }
}
