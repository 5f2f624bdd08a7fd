// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.util.ArrayList;
import java.util.List;

/**
 * F01: twenty tasks on four workers with {@code apply}, which waits for each value. However many workers there are, the
 * tasks run strictly one after the other.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ApplyInTurn {
  private static final int WORKERS = 4;
  private static final int TASKS = 20;

  private ApplyInTurn() {}

  /** Runs the program and returns where and when each task ran. */
  static List<Span> run(ProgramSettings settings) throws InterruptedException {
    List<Span> spans = new ArrayList<>();
    try (Pool pool = settings.pool(WORKERS)) {
      for (int i = 0; i < TASKS; i++) {
        Span span = pool.apply(Span::sleep, i, settings.millis(0.5));
        settings.out().println("task " + i + " ran in process " + span.pid());
        spans.add(span);
      }
    }
    return spans;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
