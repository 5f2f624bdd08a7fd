// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A task of one argument; what holds for {@link Task} holds here. Method references such as {@code Thumbnails::render}
 * fit as they are, checked exceptions included.
 *
 * @param <A> type of the argument
 * @param <R> type of the value
 */
@FunctionalInterface
public interface TaskFunction<A extends @Nullable Object, R extends @Nullable Object>
    extends Serializable {
  /**
   * Runs the task, in a worker.
   *
   * @param argument a copy of what the caller passed
   * @return the value, which must be serializable
   * @throws Exception whatever the task fails with
   */
  R apply(A argument) throws Exception;
}
