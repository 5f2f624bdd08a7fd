// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Pool#broadcast broadcast} ended on one worker. Immutable.
 *
 * @param <T> type of the value
 * @param worker name of the worker, such as {@code worker-3}
 * @param value the value; null when it failed, and also when the task returned null
 * @param error what it failed with; null when it succeeded
 */
public record WorkerOutcome<T extends @Nullable Object>(
    String worker, @Nullable T value, @Nullable Throwable error) implements Serializable {
  /** Tells whether the task has a value there. */
  public boolean isSuccess() {
    return error == null;
  }
}
