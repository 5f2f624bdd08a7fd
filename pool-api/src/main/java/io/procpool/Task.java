// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/**
 * A task without arguments that returns a value. A lambda written where a {@code Task} is expected is serializable, and
 * {@link Pool#submit(Task)} is chosen over {@link Pool#submit(Callable)} for a plain lambda, so ordinary code works as
 * written.
 *
 * <p>Everything the task captures must be serializable, and the compiled class that contains a lambda must be on the
 * workers' class path. A lambda inside an instance method that uses a field captures {@code this}.
 *
 * @param <T> type of the value
 */
@FunctionalInterface
public interface Task<T extends @Nullable Object> extends Callable<T>, Serializable {
  /**
   * Runs the task, in a worker.
   *
   * @return the value, which must be serializable
   * @throws Exception whatever the task fails with; it reaches the caller with the worker's trace
   */
  @Override
  T call() throws Exception;
}
