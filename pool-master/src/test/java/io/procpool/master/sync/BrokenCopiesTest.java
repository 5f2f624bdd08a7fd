// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The checks of {@link SyncStressTest} find mistakes: each is shown a copy that has one, and must tell of a violation. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class BrokenCopiesTest {
  private static final int WORKERS = 2;
  private static final int THREADS = 2;
  private static final int ALL = WORKERS * THREADS;
  private static final int STEPS = 20_000;
  private static final int LATCHES = 500;
  private static final int ATTEMPTS = 50;
  private static final Checks.Patience PATIENCE = new Checks.Patience(300);

  private static Pool pool;

  @BeforeAll
  static void open() {
    pool = Pool.open(Faults.options("broken").workers(WORKERS).build());
  }

  @AfterAll
  static void close() {
    pool.close();
    Faults.assertNothingLeft();
  }

  private static void assertCaught(boolean meeting, Supplier<Check> broken) throws Exception {
    assertCaught(meeting, STEPS, broken);
  }

  private static void assertCaught(boolean meeting, int steps, Supplier<Check> broken)
      throws Exception {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (isCaught(meeting, steps, broken.get())) {
        return;
      }
    }
    throw new AssertionError("no violation was found in " + ATTEMPTS + " attempts");
  }

  private static boolean isCaught(boolean meeting, int steps, Check check) throws Exception {
    List<Check> it = List.of(check);
    boolean caught = false;
    try (SharedInt stop = SharedInt.create(0)) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      for (int worker = 0; worker < WORKERS; worker++) {
        results.add(pool.submit(new StressRun(
            meeting ? List.of() : it,
            meeting ? it : List.of(),
            steps,
            1,
            System.nanoTime(),
            stop,
            worker * THREADS,
            THREADS,
            PATIENCE)));
      }
      for (AsyncResult<Integer> result : results) {
        assertThat(result.await(Faults.LONG)).isTrue();
        caught |= result.failure().orElse(null) instanceof AssertionError;
        assertThat(caught || result.successful()).as("%s", result).isTrue();
      }
    }
    try {
      check.finish();
    } catch (AssertionError found) {
      caught = true;
    }
    return caught;
  }

  @Test
  void exclusion_twoStepLock_isCaught() throws Exception {
    assertCaught(
        false,
        () -> Checks.Exclusion.of(new BrokenCopies.TwoStepLock(SharedInt.create(0)), PATIENCE));
  }

  @Test
  void readersAndWriters_readersDoNotLock_isCaught() throws Exception {
    assertCaught(
        false,
        () -> Checks.ReadersAndWriters.of(
            new BrokenCopies.LaxReadWriteLock(ProcessReadWriteLock.create()), PATIENCE));
  }

  @Test
  void permits_twoStepSemaphore_isCaught() throws Exception {
    assertCaught(
        false,
        () ->
            Checks.Permits.of(new BrokenCopies.TwoStepSemaphore(SharedInt.create(2)), 2, PATIENCE));
  }

  @Test
  void turns_conditionThatRemembersLate_isCaught() throws Exception {
    assertCaught(true, () -> {
      ProcessLock lock = ProcessLock.create();
      return Checks.Turns.of(
          lock, List.of(new BrokenCopies.LateCondition(lock, SharedInt.create(0))), ALL, PATIENCE);
    });
  }

  @Test
  void turns_conditionThatForgets_isCaught() throws Exception {
    assertCaught(true, () -> {
      ProcessLock lock = ProcessLock.create();
      List<ProcessCondition> conditions = new ArrayList<>();
      for (int i = 0; i < ALL; i++) {
        conditions.add(
            new BrokenCopies.ForgetfulCondition(lock.newCondition(), SharedInt.create(0)));
      }
      return Checks.Turns.of(lock, conditions, ALL, PATIENCE);
    });
  }

  @Test
  void exchange_conditionThatForgets_isCaught() throws Exception {
    assertCaught(false, () -> {
      ProcessLock lock = ProcessLock.create();
      return Checks.Exchange.of(
          lock,
          new BrokenCopies.ForgetfulCondition(lock.newCondition(), SharedInt.create(0)),
          1,
          true,
          PATIENCE);
    });
  }

  @Test
  void pingPong_deafEvent_isCaught() throws Exception {
    assertCaught(
        true,
        () -> new Checks.PingPong(
            new BrokenCopies.DeafEvent(SharedInt.create(0), SharedInt.create(0)),
            new BrokenCopies.DeafEvent(SharedInt.create(0), SharedInt.create(0)),
            PATIENCE));
  }

  @Test
  void countDown_twoStepLatch_isCaught() throws Exception {
    assertCaught(true, LATCHES, () -> {
      List<ProcessCountDownLatch> latches = new ArrayList<>();
      for (int i = 0; i < LATCHES; i++) {
        latches.add(new BrokenCopies.TwoStepLatch(SharedInt.create(ALL)));
      }
      return Checks.CountDown.of(latches, ALL, PATIENCE);
    });
  }

  @Test
  void inStep_barrierWithoutGenerations_isCaught() throws Exception {
    assertCaught(
        true,
        () -> Checks.InStep.of(
            new BrokenCopies.EndlessBarrier(ALL, SharedInt.create(0)), ALL, PATIENCE));
  }
}
