// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * F02: twenty tasks on four workers with {@code applyAsync}, which does not wait; then no more work is taken, and the
 * program waits for the end. At most four tasks run at once.
 *
 * <p>In Python, {@code join} before {@code close} is an error. In Java it is not: as with every {@code ExecutorService},
 * {@code awaitTermination} before {@code shutdown} waits for something that will not happen and returns false when its time
 * is over. {@code close} does both in the right order.
 *
 * <p>Safe for use by multiple threads.
 */
public final class SubmitThenWait {
  private static final int WORKERS = 4;
  private static final int TASKS = 20;

  private SubmitThenWait() {}

  /**
   * What was seen.
   *
   * @param spans where and when each task ran
   * @param endedBeforeShutdown what {@code awaitTermination} returned before {@code shutdown}
   * @param refusal what a submission after {@code shutdown} was told
   * @param endedAfterShutdown what {@code awaitTermination} returned after {@code shutdown}
   */
  record Seen(
      List<Span> spans, boolean endedBeforeShutdown, String refusal, boolean endedAfterShutdown) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException, ExecutionException {
    List<AsyncResult<Span>> results = new ArrayList<>();
    Pool pool = settings.pool(WORKERS);
    try (pool) {
      for (int i = 0; i < TASKS; i++) {
        results.add(pool.applyAsync(Span::sleep, i, settings.millis(0.5)));
      }
      settings.out().println("submitted " + TASKS + " tasks");
      boolean before = pool.awaitTermination(settings.millis(0.1), TimeUnit.MILLISECONDS);

      pool.shutdown();
      String refusal = "none";
      try {
        pool.applyAsync(Span::sleep, TASKS, 0L);
      } catch (RejectedExecutionException e) {
        refusal = String.valueOf(e.getMessage());
      }
      settings.out().println("one more after shutdown: " + refusal);
      boolean after = pool.awaitTermination(settings.millis(600), TimeUnit.MILLISECONDS);

      List<Span> spans = new ArrayList<>();
      for (AsyncResult<Span> result : results) {
        spans.add(result.get());
      }
      settings.out().println("all done, at most " + Span.mostAtOnce(spans) + " at once");
      return new Seen(spans, before, refusal, after);
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
