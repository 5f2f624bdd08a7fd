// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import java.time.Instant;
import java.util.List;

/**
 * Threads that wait for each other in a circle: each for a lock that the next one holds, the last for one that the first holds. A
 * thread that waits for itself is a circle of one. Immutable.
 *
 * @param cycle the threads, at least one
 */
public record Deadlock(List<Waiting> cycle) {
  /**
   * Makes a copy of the list.
   */
  public Deadlock {
    cycle = List.copyOf(cycle);
  }

  /**
   * One thread of a deadlock.
   *
   * @param pid its process
   * @param thread its name
   * @param waitsFor the lock, such as {@code ProcessLock "fork 1"}
   * @param since when it began to wait
   * @param stack where it waits, innermost frame first, such as {@code Table.eat(Table.java:42)}, without procpool's own frames
   */
  public record Waiting(
      long pid, String thread, String waitsFor, Instant since, List<String> stack) {
    /**
     * Makes a copy of the list.
     */
    public Waiting {
      stack = List.copyOf(stack);
    }

    @Override
    public String toString() {
      return "pid " + pid + ", thread \"" + thread + "\"";
    }
  }

  /** Says who waits for what, who holds it, since when and where, in several lines. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("deadlock of " + cycle.size()
        + (cycle.size() == 1 ? " thread, which waits for itself" : " threads"));
    for (int i = 0; i < cycle.size(); i++) {
      Waiting each = cycle.get(i);
      Waiting holder = cycle.get((i + 1) % cycle.size());
      text.append("\n  ").append(each).append("\n    waits since ").append(each.since());
      text.append(" for ").append(each.waitsFor()).append("\n    held by ").append(holder);
      each.stack().forEach(frame -> text.append("\n      at ").append(frame));
    }
    return text.toString();
  }
}
