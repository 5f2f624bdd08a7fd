// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.RetryPolicy;
import io.procpool.TaskAbortedException;

/** How an attempt of a task ended that had begun and has no outcome of its own. Keeps nothing of the worker. */
interface LostAttempt {
  /** Says in a few words what happened, and where. */
  String summary();

  /** Returns why, as far as that matters for a retry. */
  RetryPolicy.Cause retryCause();

  /** Tells whether its worker has ended with it. */
  boolean endedWorker();

  /** Makes the failure of the task. */
  TaskAbortedException exception(Fate fate);
}
