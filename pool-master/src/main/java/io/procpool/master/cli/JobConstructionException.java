// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

/** A worker could not construct the job, which no input can help. */
final class JobConstructionException extends RuntimeException {
  private static final long serialVersionUID = 1;

  JobConstructionException(String jobClass, Throwable cause) {
    super(
        "job class " + jobClass + " cannot be constructed in a worker: " + Texts.failure(cause),
        cause);
  }

  /** Says it to the user. */
  static CommandException inWorkers(Throwable failure) {
    return CommandException.notLoaded(
        Texts.oneLine(String.valueOf(failure.getMessage()))
            + "; each worker constructs a job of its own, which must not rely on what is in the master only",
        failure);
  }
}
