// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * A process cannot start others, because it lies too deep below the root: the process that procpool has not started. Workers, children and the servers of managers lie one below the process that has started them. The limit is 5, or what
 * the system property {@code procpool.maxDepth} (1 to 100) says in the root, which hands it down. Nothing was started, and all that runs goes on.
 */
public final class NestingLimitException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  private final int depth;
  private final int limit;

  /** Describes what was not started. */
  public NestingLimitException(String message, int depth, int limit) {
    super(message);
    this.depth = depth;
    this.limit = limit;
  }

  /** Returns how deep the process lies below the root: 1 for what the root has started. */
  public int depth() {
    return depth;
  }

  /** Returns how deep a process may lie. */
  public int limit() {
    return limit;
  }
}
