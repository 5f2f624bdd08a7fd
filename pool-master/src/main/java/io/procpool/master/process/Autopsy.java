// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import io.procpool.ipc.WorkerSegment.LastWord;
import io.procpool.master.launch.KillLedger;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Finds out why a worker's process has ended. Event loop only. */
final class Autopsy {
  /*
   * Order. What the worker has said itself comes first, then what its JVM has written, then how the process ended. The last word in the segment needs no memory to be said; of an exit
   *        it tells that hooks were run, so that it was System.exit, or a signal that lets the JVM exit.
   */
  private static final int SIGKILL_EXIT = 137;
  private static final int OUT_OF_MEMORY_EXIT = 3;
  private static final int SIGNAL_BASE = 128;

  private final PoolOptions options;
  private final Vitals vitals;

  Autopsy(PoolOptions options, Vitals vitals) {
    this.options = options;
    this.vitals = vitals;
  }

  /**
   * What was found.
   *
   * @param ending how the process ended, such as {@code exited with 137 (usually SIGKILL)}
   * @param cause what else is known or may be, in lines; empty for nothing
   * @param report what its JVM has written; null for nothing
   */
  record Finding(
      Reason reason, String ending, String cause, @Nullable CrashReport report) {}

  /** Returns why a worker ended whose process is gone; the same each time it is asked. */
  Finding of(Worker worker) {
    Finding known = worker.finding;
    if (known == null) {
      known = find(worker);
      worker.finding = known;
    }
    return known;
  }

  private Finding find(Worker worker) {
    CrashReport report = CrashReport.of(worker, options);
    LastWord word = worker.segment().lastWord();
    if (worker.kill == Worker.Kill.PROTOCOL) {
      return new Finding(
          Reason.PROTOCOL,
          ending(worker),
          "it was killed because it broke the protocol: " + worker.problem,
          report);
    }
    if (worker.outOfMemoryTrace != null || isOutOfMemory(word)) {
      return outOfMemory(worker, word, report);
    }
    if (report != null) {
      Reason reason = report.isOutOfMemory() ? Reason.OUT_OF_MEMORY : Reason.JVM_CRASH;
      return new Finding(
          reason,
          ending(worker, reason == Reason.JVM_CRASH ? "the JVM crashed" : "the JVM got no memory"),
          report.what(),
          report);
    }
    return ofExitValue(worker, word == LastWord.EXITS);
  }

  private static boolean isOutOfMemory(LastWord word) {
    return word != LastWord.NONE && word != LastWord.EXITS;
  }

  private static Finding outOfMemory(Worker worker, LastWord word, @Nullable CrashReport report) {
    Reason reason = switch (word) {
      case HEAP -> Reason.OUT_OF_HEAP;
      case METASPACE -> Reason.OUT_OF_METASPACE;
      case DIRECT_MEMORY -> Reason.OUT_OF_DIRECT_MEMORY;
      case THREADS -> Reason.OUT_OF_THREADS;
      case OTHER_MEMORY, NONE, EXITS -> Reason.OUT_OF_MEMORY;
    };
    String what = switch (reason) {
      case OUT_OF_HEAP -> "its heap was full";
      case OUT_OF_METASPACE -> "no room for classes";
      case OUT_OF_DIRECT_MEMORY -> "no room for direct buffers";
      case OUT_OF_THREADS -> "no further thread";
      default -> "out of memory";
    };
    String trace = worker.outOfMemoryTrace;
    String cause = trace == null
        ? "it ran out of memory, and had none left to say where"
        : "the task ran out of memory: " + trace.strip().replace("\n", "\n  ");
    return new Finding(reason, ending(worker, what), cause, report);
  }

  private Finding ofExitValue(Worker worker, boolean hooksRun) {
    int value = worker.exitValue;
    Optional<String> signal = WorkerCrashedException.signalOf(value);
    boolean bySignal = value > SIGNAL_BASE
        && (!hooksRun || signal.filter(Autopsy::letsHooksRun).isPresent());
    if (!bySignal) {
      return new Finding(Reason.EXIT, ending(worker), causeOfExit(worker, hooksRun), null);
    }
    if (value != SIGKILL_EXIT) {
      return new Finding(Reason.SIGNAL, ending(worker), "", null);
    }
    KillLedger.Verdict kernel = vitals.kernel(worker);
    if (kernel.certain()) {
      return new Finding(
          Reason.KERNEL_OUT_OF_MEMORY, ending(worker), "killed by " + kernel.text(), null);
    }
    return new Finding(
        Reason.SIGNAL,
        ending(worker),
        "possible cause: "
            + (kernel.text().isEmpty()
                ? "kill -9 from outside, or the kernel's out-of-memory killer"
                : kernel.text()),
        null);
  }

  private static boolean letsHooksRun(String signal) {
    return signal.equals("SIGTERM") || signal.equals("SIGINT") || signal.equals("SIGHUP");
  }

  private static String causeOfExit(Worker worker, boolean hooksRun) {
    if (hooksRun) {
      return "System.exit was called";
    }
    if (worker.exitValue == OUT_OF_MEMORY_EXIT) {
      return "possible cause: the JVM ran out of memory (it exits with 3 then, and so does Runtime.halt(3))";
    }
    return "possible cause: Runtime.halt in the task, an exit in native code, or a JVM that gave up";
  }

  /** Describes an exit value, such as {@code exited with 137 (usually SIGKILL)}. */
  static String ending(Worker worker) {
    return WorkerCrashedException.signalOf(worker.exitValue)
        .map(signal -> ending(worker, "usually " + signal))
        .orElse("exited with " + worker.exitValue);
  }

  private static String ending(Worker worker, String remark) {
    return "exited with " + worker.exitValue + " (" + remark + ")";
  }
}
