// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.util.Map;
import java.util.Optional;

/** The worker process ended while it was running the task: any end counts, exit code 0 too. */
public final class WorkerCrashedException extends TaskAbortedException {
  private static final long serialVersionUID = 1;

  /** Why a worker ended, as far as that is a fact; guesses are in the message, and marked there. */
  public enum Reason {
    /** It exited by itself: {@code System.exit}, {@code Runtime.halt}, or a JVM that gave up without saying why. */
    EXIT,
    /** A signal ended it, such as SIGKILL from outside; {@link WorkerCrashedException#signal()} names it. */
    SIGNAL,
    /** Its JVM crashed, in native code or by a fault of its own, and wrote a crash report: {@link TaskReport#crashReportHead()}. */
    JVM_CRASH,
    /** An OutOfMemoryError that the task did not catch: its heap was full. */
    OUT_OF_HEAP,
    /** An OutOfMemoryError that the task did not catch: there was no room for further classes, {@code -XX:MaxMetaspaceSize}. */
    OUT_OF_METASPACE,
    /** An OutOfMemoryError that the task did not catch: there was no room for direct buffers, {@code -XX:MaxDirectMemorySize}. */
    OUT_OF_DIRECT_MEMORY,
    /** An OutOfMemoryError that the task did not catch: the system would not start another thread. */
    OUT_OF_THREADS,
    /** It ran out of memory in another way: an array that no heap could hold, or the system refused memory to its JVM. */
    OUT_OF_MEMORY,
    /** It got a SIGKILL and the kernel counts a process of its control group more that its out-of-memory killer has killed. */
    KERNEL_OUT_OF_MEMORY,
    /** It broke the protocol and was killed by the master. */
    PROTOCOL;

    /** Tells whether it was memory, or threads, that ran out. */
    public boolean isOutOfMemory() {
      return switch (this) {
        case OUT_OF_HEAP,
            OUT_OF_METASPACE,
            OUT_OF_DIRECT_MEMORY,
            OUT_OF_THREADS,
            OUT_OF_MEMORY,
            KERNEL_OUT_OF_MEMORY -> true;
        case EXIT, SIGNAL, JVM_CRASH, PROTOCOL -> false;
      };
    }
  }

  private static final int SIGNAL_BASE = 128;
  private static final Map<Integer, String> SIGNALS = Map.ofEntries(
      Map.entry(1, "SIGHUP"),
      Map.entry(2, "SIGINT"),
      Map.entry(3, "SIGQUIT"),
      Map.entry(4, "SIGILL"),
      Map.entry(5, "SIGTRAP"),
      Map.entry(6, "SIGABRT"),
      Map.entry(7, "SIGBUS"),
      Map.entry(8, "SIGFPE"),
      Map.entry(9, "SIGKILL"),
      Map.entry(11, "SIGSEGV"),
      Map.entry(13, "SIGPIPE"),
      Map.entry(15, "SIGTERM"),
      Map.entry(24, "SIGXCPU"),
      Map.entry(25, "SIGXFSZ"),
      Map.entry(31, "SIGSYS"));

  private final Reason reason;

  /** Describes a crash. */
  public WorkerCrashedException(
      String message,
      long taskId,
      Certainty certainty,
      boolean poolUsable,
      Reason reason,
      TaskReport report) {
    super(message, taskId, certainty, poolUsable, report);
    this.reason = reason;
  }

  /** Returns why the worker ended. */
  public Reason reason() {
    return reason;
  }

  /** Returns the name of the signal that ended the worker, such as {@code SIGKILL}; nothing if it was none, or one without a name here. */
  public Optional<String> signal() {
    return reason == Reason.EXIT ? Optional.empty() : signalOf(report().exitValue());
  }

  /** Returns the name of the signal that an exit value usually stands for, such as {@code SIGKILL} for 137; nothing if it is none. */
  public static Optional<String> signalOf(int exitValue) {
    return Optional.ofNullable(SIGNALS.get(exitValue - SIGNAL_BASE));
  }
}
