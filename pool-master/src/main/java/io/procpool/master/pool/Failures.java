// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Outcome;
import io.procpool.TaskFailedException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** How a task's failure leaves the methods that return a value directly. */
final class Failures {
  private Failures() {}

  /** Returns the value, or throws the failure: itself if unchecked, wrapped if checked. */
  static @Nullable Object valueOf(Outcome<?> outcome) {
    Throwable error = outcome.error();
    if (error != null) {
      throw unchecked(error);
    }
    return outcome.value();
  }

  /** Returns what to throw for the cause of this exception. */
  static RuntimeException unchecked(ExecutionException exception) {
    Throwable cause = exception.getCause();
    return unchecked(cause != null ? cause : exception);
  }

  private static RuntimeException unchecked(Throwable error) {
    if (error instanceof Error) {
      throw (Error) error;
    }
    return error instanceof RuntimeException
        ? (RuntimeException) error
        : new TaskFailedException(error);
  }
}
