// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.Deadlock;
import io.procpool.sync.ProcessLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Y01: a lock that its owner acquires again. A re-entrant lock counts, and is free when it has been released as often. With a plain lock the
 * owner waits for itself: until its timeout, or for ever, which can be found out from any process.
 *
 * <p>Safe for use by multiple threads.
 */
public final class LockTwice {
  private static final long FOR_EVER = Long.MAX_VALUE;

  private LockTwice() {}

  /**
   * What was seen.
   *
   * @param holds how often the owner held the re-entrant lock, after each of its two acquisitions and two releases
   * @param freeAgain whether somebody else could have the re-entrant lock then
   * @param plainTwice whether the owner of the plain lock got it again in time
   * @param deadlocks what was found while the owner of the plain lock waited for ever
   */
  record Seen(
      List<Integer> holds, boolean freeAgain, boolean plainTwice, List<Deadlock> deadlocks) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    long patience = settings.millis(1);
    try (ProcessLock reentrant = ProcessLock.reentrant();
        ProcessLock plain = ProcessLock.create("plain");
        Pool pool = settings.startedPool(1)) {
      List<Integer> holds = pool.apply(() -> holds(reentrant));
      settings.out().println("re-entrant, held " + holds + " times");
      boolean freeAgain = reentrant.tryLock();
      if (freeAgain) {
        reentrant.unlock();
      }

      boolean plainTwice = pool.apply(() -> lockTwice(plain, patience));
      settings.out().println("plain, again within " + patience + " ms: " + plainTwice);

      AsyncResult<Boolean> waiting = pool.submit(() -> lockTwice(plain, FOR_EVER));
      try {
        List<Deadlock> deadlocks = Deadlocks.await();
        deadlocks.forEach(settings.out()::println);
        return new Seen(holds, freeAgain, plainTwice, deadlocks);
      } finally {
        waiting.cancel(true);
      }
    }
  }

  private static List<Integer> holds(ProcessLock lock) {
    List<Integer> holds = new ArrayList<>();
    lock.lock();
    holds.add(lock.holdCount());
    lock.lock();
    holds.add(lock.holdCount());
    lock.unlock();
    holds.add(lock.holdCount());
    lock.unlock();
    holds.add(lock.holdCount());
    return holds;
  }

  private static boolean lockTwice(ProcessLock lock, long patience) throws InterruptedException {
    lock.lock();
    try {
      boolean again = lock.tryLock(patience, TimeUnit.MILLISECONDS);
      if (again) {
        lock.unlock();
      }
      return again;
    } finally {
      lock.unlock();
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
