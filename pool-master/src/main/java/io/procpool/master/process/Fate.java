// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

/**
 * What becomes of a task after an attempt has failed.
 *
 * @param poolUsable whether the pool takes further tasks
 * @param text what is said of it
 */
record Fate(boolean poolUsable, String text) {
  /** The task has failed with its worker. */
  static Fate failed(long taskId, boolean poolUsable) {
    return new Fate(
        poolUsable,
        "task " + taskId + " failed and is not retried; "
            + (poolUsable ? "the pool is usable, the worker is replaced" : "the pool is closed"));
  }

  /** The task has failed, and its worker lives on. */
  static Fate failedAlone(long taskId, boolean poolUsable) {
    return new Fate(
        poolUsable,
        "task " + taskId + " failed and is not retried; the pool is "
            + (poolUsable ? "usable" : "closed"));
  }
}
