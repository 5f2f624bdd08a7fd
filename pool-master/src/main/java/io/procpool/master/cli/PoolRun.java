// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.WorkerStartException;
import java.io.UncheckedIOException;

/** Opens the pool for an execution, runs it, and sees to its end, also at Ctrl-C. */
final class PoolRun {
  private PoolRun() {}

  /** What follows the last outcome, unless the command was interrupted. */
  interface Finish {
    void run() throws CommandException;
  }

  static int run(Console console, Execution execution, PoolOptions options, Finish finish)
      throws CommandException {
    try (Interruption ignored = new Interruption(console, execution);
        StateOnDemand state = new StateOnDemand(console, execution::state, execution::threads)) {
      Recordings recordings = execution.recordings();
      if (recordings == null) {
        runAll(execution, options);
      } else {
        try (recordings) {
          recordings.open();
          runAll(execution, options);
        }
      }
      try {
        if (!execution.isInterrupted() && !console.outIsClosed() && !execution.isFatal()) {
          finish.run();
        }
      } finally {
        execution.conclude();
      }
      return execution.status();
    }
  }

  private static void runAll(Execution execution, PoolOptions options) throws CommandException {
    try (Pool pool = open(options)) {
      execution.run(pool);
    }
  }

  /**
   * Says that no worker can be started.
   *
   * @param ownJvmFlags whether the workers have flags or a heap that the user has set
   */
  static CommandException cannotStart(WorkerStartException failure, boolean ownJvmFlags) {
    String whole = String.valueOf(failure.getMessage());
    int output = whole.indexOf("worker stderr"); // many lines; those of a trace say little on one
    String message = Texts.oneLine(output > 0 ? whole.substring(0, output) : whole)
        + (failure.stderrTail().isBlank()
            ? ""
            : "; worker stderr: " + Texts.brief(failure.stderrTail()));
    return ownJvmFlags
        ? CommandException.usage(message + "; check --jvm-arg and --heap", failure)
        : CommandException.notLoaded(
            message + "; pool-master doctor says what is missing", failure);
  }

  /** Puts the options of a pool that a message advises to change into those of the command. */
  private static String inFlags(String message) {
    return message
        .replace(
            "lower workers, spares or maxHeapBytes, close other pools, or set memory to UNBUDGETED",
            "lower --workers, --spares or --heap")
        .replace("maxHeapBytes of a task: ", "--max-heap: ")
        .replace("raise maxHeapBytes of the pool", "give more with --heap");
  }

  private static Pool open(PoolOptions options) throws CommandException {
    try {
      return Pool.open(options);
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(inFlags(Texts.oneLine(String.valueOf(e.getMessage()))), e);
    } catch (UncheckedIOException e) {
      throw CommandException.usage(Texts.oneLine(String.valueOf(e.getMessage())), e);
    } catch (WorkerStartException e) {
      throw CommandException.notLoaded(Texts.oneLine(String.valueOf(e.getMessage())), e);
    }
  }
}
