// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * F03: results are kept in a list while their tasks run, and read when the pool has closed. They are in the order of
 * submission, whichever task was done first.
 *
 * <p>Safe for use by multiple threads.
 */
public final class CollectResults {
  private static final int WORKERS = 4;
  private static final int TASKS = 10;

  private CollectResults() {}

  /** Runs the program and returns the values in the order in which they were read. */
  static List<String> run(ProgramSettings settings)
      throws InterruptedException, ExecutionException {
    List<AsyncResult<String>> results = new ArrayList<>();
    try (Pool pool = settings.pool(WORKERS)) {
      for (int i = 0; i < TASKS; i++) {
        results.add(pool.applyAsync(CollectResults::greet, i, settings.millis((TASKS - i) / 10.0)));
      }
    }
    List<String> values = new ArrayList<>();
    for (AsyncResult<String> result : results) {
      settings.out().println(result.get());
      values.add(result.get());
    }
    return values;
  }

  private static String greet(int number, long millis) throws InterruptedException {
    Thread.sleep(millis);
    return "hello " + number;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
