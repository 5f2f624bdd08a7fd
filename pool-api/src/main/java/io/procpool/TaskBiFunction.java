// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * A task of two arguments; what holds for {@link Task} holds here.
 *
 * @param <A> type of the first argument
 * @param <B> type of the second argument
 * @param <R> type of the value
 */
@FunctionalInterface
public interface TaskBiFunction<
        A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
    extends Serializable {
  /**
   * Runs the task, in a worker.
   *
   * @param first a copy of the first argument
   * @param second a copy of the second argument
   * @return the value, which must be serializable
   * @throws Exception whatever the task fails with
   */
  R apply(A first, B second) throws Exception;
}
