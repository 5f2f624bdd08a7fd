// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The worker process ended while it was running the task: any end counts, exit code 0 too. */
public final class WorkerCrashedException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  /** Why a worker ended. */
  public enum Reason {
    /** It called {@code System.exit} or {@code Runtime.halt}, or its JVM gave up. */
    EXIT,
    /** A signal ended it: SIGKILL from outside, a segmentation fault in native code, and so on. */
    SIGNAL,
    /** It ran out of memory. */
    OUT_OF_MEMORY,
    /** It broke the protocol and was killed by the master. */
    PROTOCOL
  }

  /**
   * The facts of a crash.
   *
   * @param worker name of the worker, such as {@code worker-3}
   * @param pid its process id
   * @param exitValue its exit value; 128 + the signal's number after a signal
   * @param reason why it ended
   * @param runTime how long the task had been running
   * @param stderrTail the last of what it wrote to standard error, at most 16 KiB
   * @param crashReport path of the JVM's crash report, or null if there is none
   */
  public record Details(
      String worker,
      long pid,
      int exitValue,
      Reason reason,
      Duration runTime,
      String stderrTail,
      @Nullable String crashReport)
      implements Serializable {}

  private final Details details;

  /** Describes a crash. */
  public WorkerCrashedException(
      String message, long taskId, Certainty certainty, boolean poolUsable, Details details) {
    super(message, taskId, certainty, poolUsable);
    this.details = details;
  }

  /** Returns the name of the worker, such as {@code worker-3}. */
  public String worker() {
    return details.worker();
  }

  /** Returns the process id the worker had. */
  public long pid() {
    return details.pid();
  }

  /** Returns the worker's exit value; 128 + the signal's number after a signal. */
  public int exitValue() {
    return details.exitValue();
  }

  /** Returns why the worker ended. */
  public Reason reason() {
    return details.reason();
  }

  /** Returns how long the task had been running. */
  public Duration runTime() {
    return details.runTime();
  }

  /** Returns the last of what the worker wrote to standard error, at most 16 KiB; empty if nothing. */
  public String stderrTail() {
    return details.stderrTail();
  }

  /** Returns the path of the JVM's crash report, if it wrote one. */
  public Optional<Path> crashReport() {
    return Optional.ofNullable(details.crashReport()).map(Path::of);
  }
}
