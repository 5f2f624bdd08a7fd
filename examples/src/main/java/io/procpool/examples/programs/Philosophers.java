// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.Deadlock;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessLock;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.stream.IntStream;

/**
 * Y10: philosophers at a round table, each between two forks, of which each needs both to eat. If each takes the left one first, it can be that all
 * hold one and wait for the other, for ever; that can be found out, and is ended here by cancelling the tasks. If
 * each takes the fork with the lower number first, there can be no circle.
 *
 * <p>Safe for use by multiple threads.
 */
public final class Philosophers {
  private static final int PHILOSOPHERS = 3;
  private static final int MEALS = 20;

  private Philosophers() {}

  /**
   * What was seen.
   *
   * @param deadlocks what was found when each philosopher had taken the left fork first
   * @param meals how often each has eaten that took the forks in order
   */
  record Seen(List<Deadlock> deadlocks, List<Integer> meals) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    long meal = settings.millis(0.01);
    List<Integer> seats = IntStream.range(0, PHILOSOPHERS).boxed().toList();
    List<ProcessLock> forks =
        seats.stream().map(i -> ProcessLock.create("fork " + i)).toList();
    try (ProcessBarrier seated = ProcessBarrier.create(PHILOSOPHERS);
        Pool pool = settings.startedPool(PHILOSOPHERS)) {
      AsyncResult<List<Integer>> hungry = pool.mapAsync(
          i -> eatLeftFirst(forks.get(i), forks.get((i + 1) % PHILOSOPHERS), seated), seats, 1);
      List<Deadlock> deadlocks;
      try {
        deadlocks = Deadlocks.await();
        deadlocks.forEach(settings.out()::println);
      } finally {
        hungry.cancel(true);
      }

      List<Integer> meals = pool.map(
          i -> {
            int other = (i + 1) % PHILOSOPHERS;
            return eatInOrder(forks.get(Math.min(i, other)), forks.get(Math.max(i, other)), meal);
          },
          seats,
          1);
      settings.out().println("meals with the forks taken in order: " + meals);
      return new Seen(deadlocks, meals);
    } finally {
      forks.forEach(ProcessLock::close);
    }
  }

  private static int eatLeftFirst(ProcessLock left, ProcessLock right, ProcessBarrier seated)
      throws InterruptedException, BrokenBarrierException {
    left.lockInterruptibly();
    try {
      seated.await(); // now everybody has the left fork
      right.lockInterruptibly();
      right.unlock();
      return 1;
    } finally {
      left.unlock();
    }
  }

  private static int eatInOrder(ProcessLock first, ProcessLock second, long meal)
      throws InterruptedException {
    int meals = 0;
    while (meals < MEALS) {
      first.lockInterruptibly();
      try {
        second.lockInterruptibly();
        try {
          Thread.sleep(meal);
          meals++;
        } finally {
          second.unlock();
        }
      } finally {
        first.unlock();
      }
    }
    return meals;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
