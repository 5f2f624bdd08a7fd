// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;

/**
 * Y07: ten children wait for a condition. The master lets three of them go on, and later the rest. A second condition of the same lock
 * tells the master of each that has come and each that has gone on.
 *
 * <p>Safe for use by multiple threads.
 */
public final class NotifySome {
  private static final int CHILDREN = 10;
  private static final int SOME = 3;

  private NotifySome() {}

  /**
   * What was seen.
   *
   * @param waitingAtFirst how many children waited at first
   * @param signalled how many the first signal was for
   * @param released how many had gone on a while after that
   * @param waitingThen how many still waited then
   * @param releasedAtLast how many had gone on after the signal to all
   * @param waitingAtLast how many waited after that
   */
  record Seen(
      int waitingAtFirst,
      int signalled,
      int released,
      int waitingThen,
      int releasedAtLast,
      int waitingAtLast) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException, ExecutionException {
    Duration aWhile = Duration.ofMillis(settings.millis(1));
    List<Integer> children = IntStream.range(0, CHILDREN).boxed().toList();
    try (ProcessLock lock = ProcessLock.create();
        ProcessCondition go = lock.newCondition();
        ProcessCondition changed = lock.newCondition();
        SharedInt arrived = SharedInt.create(0);
        SharedInt released = SharedInt.create(0);
        Pool pool = settings.startedPool(CHILDREN)) {
      AsyncResult<List<Integer>> places =
          pool.mapAsync(child -> waitToGo(lock, go, changed, arrived, released), children, 1);
      Seen seen;
      lock.lock();
      try {
        changed.awaitTrue(() -> arrived.getPlain() == CHILDREN);
        int waitingAtFirst = go.waiting();

        int signalled = go.signal(SOME);
        changed.awaitTrue(() -> released.getPlain() >= SOME);
        changed.awaitTrue(() -> released.getPlain() > SOME, aWhile); // in vain
        int releasedThen = released.getPlain();
        int waitingThen = go.waiting();

        go.signalAll();
        changed.awaitTrue(() -> released.getPlain() == CHILDREN);
        seen = new Seen(
            waitingAtFirst,
            signalled,
            releasedThen,
            waitingThen,
            released.getPlain(),
            go.waiting());
      } finally {
        lock.unlock();
      }
      settings.out().println(seen.waitingAtFirst() + " waited");
      settings
          .out()
          .println("signal(" + SOME + "): " + seen.released() + " went on, " + seen.waitingThen()
              + " waited");
      settings
          .out()
          .println("signalAll(): " + seen.releasedAtLast() + " had gone on, " + seen.waitingAtLast()
              + " waited; in this order: " + places.get());
      return seen;
    }
  }

  private static int waitToGo(
      ProcessLock lock,
      ProcessCondition go,
      ProcessCondition changed,
      SharedInt arrived,
      SharedInt released)
      throws InterruptedException {
    lock.lock();
    try {
      arrived.setPlain(arrived.getPlain() + 1);
      changed.signal();
      go.await();
      released.setPlain(released.getPlain() + 1);
      changed.signal();
      return released.getPlain();
    } finally {
      lock.unlock();
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
