// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Processes;
import io.procpool.sync.Deadlock;
import java.time.Duration;
import java.util.List;

/** Waits for deadlocks. Safe for use by multiple threads. */
final class Deadlocks {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final long POLL_MILLIS = 10;

  private Deadlocks() {}

  /** Returns the deadlocks there are, as soon as there are some; none if there are none for a long time. */
  static List<Deadlock> await() throws InterruptedException {
    long start = System.nanoTime();
    List<Deadlock> found = Processes.deadlocks();
    while (found.isEmpty() && System.nanoTime() - start < PATIENCE.toNanos()) {
      Thread.sleep(POLL_MILLIS);
      found = Processes.deadlocks();
    }
    return found;
  }
}
