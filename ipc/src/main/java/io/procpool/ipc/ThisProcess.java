// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

/**
 * Who this process is: the root, unless who has started it says otherwise. Immutable; safe for use by multiple threads.
 *
 * @param name its name
 * @param isDaemon whether it is a daemon child or a worker
 * @param parentPid who has started it; 0 for the root
 * @param parentName the name of that one; empty for the root
 * @param depth how many processes lie between it and the root, and 1; 0 for the root
 * @param memoryBytes what it and the processes below it may take of the memory; 0 if nobody has said
 */
public record ThisProcess(
    String name, boolean isDaemon, long parentPid, String parentName, int depth, long memoryBytes) {
  private static volatile ThisProcess current = new ThisProcess("main", false, 0, "", 0, 0);

  /** Returns what is known of this process. */
  public static ThisProcess current() {
    return current;
  }

  /** Says who this process is, before user code runs. */
  public static void is(ThisProcess process) {
    current = process;
  }

  /** Tells whether procpool has not started this process. */
  public boolean isRoot() {
    return parentPid == 0;
  }
}
