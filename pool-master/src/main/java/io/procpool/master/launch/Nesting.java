// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.NestingLimitException;
import io.procpool.ipc.ThisProcess;

/** How deep processes that start processes may lie below each other: a task that opens a pool for itself would go on until the machine stands still. */
public final class Nesting {
  static final String PROPERTY = "procpool.maxDepth";

  private static final int DEFAULT_LIMIT = 5;
  private static final int LARGEST_LIMIT = 100;

  private Nesting() {}

  /**
   * Makes sure that this process may start others.
   *
   * @param what that is to be started, for the message
   * @throws NestingLimitException if it lies too deep
   * @throws IllegalArgumentException if the limit is none
   */
  public static void check(String what) {
    int limit = limit();
    ThisProcess process = ThisProcess.current();
    if (process.depth() >= limit) {
      throw new NestingLimitException(
          what + " cannot be started: this process (" + process.name() + ", started by "
              + process.parentName() + ") lies " + process.depth()
              + " processes below the root, and the limit is " + limit
              + "; does a task start what runs the same task again? If it is meant so, start the root with -D"
              + PROPERTY + "=" + (process.depth() + 1) + " or more",
          process.depth(),
          limit);
    }
  }

  /** Returns how deep what this process starts lies below the root. */
  public static int depthBelow() {
    return ThisProcess.current().depth() + 1;
  }

  private static int limit() {
    String text = System.getProperty(PROPERTY);
    if (text == null) {
      return DEFAULT_LIMIT;
    }
    try {
      int limit = Integer.parseInt(text);
      if (limit >= 1 && limit <= LARGEST_LIMIT) {
        return limit;
      }
    } catch (NumberFormatException notANumber) {
      // As one that is out of range.
    }
    throw new IllegalArgumentException(
        "system property " + PROPERTY + ": " + text + " (expected: 1 to " + LARGEST_LIMIT + ")");
  }
}
