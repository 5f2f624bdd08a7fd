// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessSemaphore;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Y02: a semaphore lets five of twenty children in at a time. It is a bounded one: to release a permit that nobody has acquired is an
 * error, not a sixth permit.
 *
 * <p>Safe for use by multiple threads.
 */
public final class FiveAtATime {
  private static final int PERMITS = 5;
  private static final int WORKERS = 8;
  private static final int CHILDREN = 20;

  private FiveAtATime() {}

  /**
   * What was seen.
   *
   * @param inside how many children were inside, as each of them found when it had come in
   * @param refusal what came of a release too many
   * @param permits how many permits there were at the end
   */
  record Seen(List<Integer> inside, String refusal, int permits) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    long stay = settings.millis(1);
    List<Integer> children = IntStream.range(0, CHILDREN).boxed().toList();
    try (ProcessSemaphore semaphore = ProcessSemaphore.bounded(PERMITS);
        SharedInt inside = SharedInt.create(0);
        Pool pool = settings.startedPool(WORKERS)) {
      List<Integer> seen = pool.map(child -> visit(semaphore, inside, stay), children, 1);
      settings.out().println("children inside: " + seen);

      String refusal = releaseTooMany(semaphore);
      settings.out().println("a release too many: " + refusal);
      return new Seen(seen, refusal, semaphore.availablePermits());
    }
  }

  private static int visit(ProcessSemaphore semaphore, SharedInt inside, long stay)
      throws InterruptedException {
    semaphore.acquire();
    try {
      int now = inside.incrementAndGet();
      Thread.sleep(stay);
      inside.decrementAndGet();
      return now;
    } finally {
      semaphore.release();
    }
  }

  private static String releaseTooMany(ProcessSemaphore semaphore) {
    try {
      semaphore.release();
      return "none";
    } catch (IllegalStateException e) {
      return e.toString();
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
