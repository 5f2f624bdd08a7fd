// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;

/**
 * A task without arguments and without a value. {@link Pool#submit(RunnableTask)} is chosen over
 * {@link Pool#submit(Runnable)} for a plain lambda; what holds for {@link Task} holds here.
 */
@FunctionalInterface
public interface RunnableTask extends Runnable, Serializable {
  /** Runs the task, in a worker. */
  @Override
  void run();
}
