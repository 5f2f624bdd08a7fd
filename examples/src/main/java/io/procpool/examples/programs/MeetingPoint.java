// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.ProcessBarrier;
import java.io.Serializable;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.stream.IntStream;

/**
 * Y08: children come to a barrier at different times and leave it together; exactly one of them is told the number 0, and could do what
 * is to be done once. When one child is missing and the master aborts the barrier, it breaks for all who wait.
 *
 * <p>Safe for use by multiple threads.
 */
public final class MeetingPoint {
  private static final int PARTIES = 4;

  private MeetingPoint() {}

  /**
   * How a child has passed the barrier.
   *
   * @param number what the barrier told it
   * @param came when it came
   * @param left when it left
   */
  record Passage(int number, Instant came, Instant left) implements Serializable {}

  /**
   * What was seen.
   *
   * @param passages how all parties have passed
   * @param failures what came of those who waited when the barrier was aborted
   * @param late what came of one who came after that
   */
  record Seen(List<Passage> passages, List<Throwable> failures, Throwable late) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    long apart = settings.millis(0.3);
    List<Integer> children = IntStream.range(0, PARTIES).boxed().toList();
    try (ProcessBarrier barrier = ProcessBarrier.create(PARTIES);
        Pool pool = settings.startedPool(PARTIES)) {
      List<Passage> passages = pool.map(child -> pass(barrier, child * apart), children, 1);
      for (Passage passage : passages) {
        settings
            .out()
            .println("came at " + passage.came() + ", left at " + passage.left() + ", was told "
                + passage.number());
      }

      List<AsyncResult<Passage>> waiting = new ArrayList<>();
      for (int i = 1; i < PARTIES; i++) {
        waiting.add(pool.submit(() -> pass(barrier, 0)));
      }
      while (barrier.waiting() < waiting.size()) {
        Thread.sleep(1);
      }
      barrier.abort();
      List<Throwable> failures = new ArrayList<>();
      for (AsyncResult<Passage> each : waiting) {
        failures.add(failure(each));
      }
      Throwable late = failure(pool.submit(() -> pass(barrier, 0)));
      failures.forEach(failure -> settings.out().println("aborted: " + failure));
      settings.out().println("after that: " + late);
      return new Seen(passages, failures, late);
    }
  }

  private static Passage pass(ProcessBarrier barrier, long millisOnTheWay)
      throws InterruptedException, BrokenBarrierException {
    Thread.sleep(millisOnTheWay);
    Instant came = Instant.now();
    int number = barrier.await();
    return new Passage(number, came, Instant.now());
  }

  private static Throwable failure(AsyncResult<?> result) throws InterruptedException {
    return result.failure().orElseGet(() -> new AssertionError("has passed"));
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
