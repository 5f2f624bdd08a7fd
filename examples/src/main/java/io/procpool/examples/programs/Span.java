// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import java.io.Serializable;
import java.time.Instant;
import java.util.Collection;

/**
 * Where and when a task ran. Immutable; safe for use by multiple threads.
 *
 * @param number the task's argument
 * @param pid the process it ran in
 * @param start when it began, by the clock that all processes of a machine share
 * @param end when it was done
 */
record Span(int number, long pid, Instant start, Instant end) implements Serializable {
  /** A task: does its work, which is to sleep, and says where and when. */
  static Span sleep(int number, long millis) throws InterruptedException {
    Instant start = Instant.now();
    Thread.sleep(millis);
    return new Span(number, ProcessHandle.current().pid(), start, Instant.now());
  }

  /** Returns how many of the tasks were running at the same time, at most. */
  static int mostAtOnce(Collection<Span> spans) {
    int most = 0;
    for (Span one : spans) {
      int running = 0;
      for (Span other : spans) {
        running += !other.start.isAfter(one.start) && one.start.isBefore(other.end) ? 1 : 0;
      }
      most = Math.max(most, running);
    }
    return most;
  }
}
