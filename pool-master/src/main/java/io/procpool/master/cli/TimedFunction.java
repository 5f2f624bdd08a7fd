// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.TaskContext;
import io.procpool.TaskFunction;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** Measures a function where it runs, for the job log. Safe for use by multiple threads. */
final class TimedFunction implements TaskFunction<Object, @Nullable Object> {
  private static final long serialVersionUID = 1;

  private final TaskFunction<Object, @Nullable Object> function;

  TimedFunction(TaskFunction<Object, @Nullable Object> function) {
    this.function = function;
  }

  /**
   * A value, and how it came about.
   *
   * @param value the value
   * @param startMillis when it was begun, in milliseconds since 1970
   * @param nanos how long it took
   * @param pid the process that computed it
   * @param attempt which attempt it was
   */
  record Timed(@Nullable Object value, long startMillis, long nanos, long pid, int attempt)
      implements Serializable {}

  @Override
  public Timed apply(Object input) throws Exception {
    long startMillis = System.currentTimeMillis();
    long start = System.nanoTime();
    Object value = function.apply(input);
    return new Timed(
        value,
        startMillis,
        System.nanoTime() - start,
        ProcessHandle.current().pid(),
        TaskContext.current().attempt());
  }
}
