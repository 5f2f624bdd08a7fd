// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.sync.ConditionContract.lockedRun;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What one process sees of what another one writes, and in which order: small programs of two sides, each in a process of its own, run
 * many times. Each test names the outcome that must not be.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class OrderingTest {
  private static final int ROUNDS = 20_000;
  private static final int ROUNDS_AT_A_TIME = 2_000;
  private static final int HANDOVERS = 2_000;
  private static final int LATCH_ROUNDS = 200;
  private static final int LOOKS_BEFORE_YIELD = 2_000;
  private static final int WORDS = 16;
  private static final int DELAYS = 12;

  private static Pool pool;

  @BeforeAll
  static void open() {
    pool = Pool.open(Faults.options("ordering").workers(2).build());
  }

  @AfterAll
  static void close() {
    pool.close();
    Faults.assertNothingLeft();
  }

  /** What one of two sides does in one round, as exactly at the same time as the other as can be; returns what it saw. */
  interface Side extends Serializable {
    int run(int round);
  }

  /** Runs both sides, round by round, and returns what each saw in each. */
  private static List<int[]> run(int rounds, Side one, Side other) throws Exception {
    try (SharedInt first = SharedInt.create(0);
        SharedInt second = SharedInt.create(0)) {
      AsyncResult<int[]> ones = pool.submit(() -> inStep(rounds, one, first, second, 1));
      AsyncResult<int[]> others = pool.submit(() -> inStep(rounds, other, second, first, DELAYS));
      return List.of(Faults.valueOf(ones), Faults.valueOf(others));
    }
  }

  private static int[] inStep(
      int rounds, Side side, SharedInt mine, SharedInt others, int roundsPerDelay) {
    int[] seen = new int[rounds];
    for (int round = 1; round <= rounds; round++) {
      mine.set(round);
      for (int looks = 0; others.get() < round; looks++) {
        if (looks > LOOKS_BEFORE_YIELD) {
          Thread.yield();
        }
      }
      for (int delay = round / roundsPerDelay % DELAYS; delay > 0; delay--) {
        Thread.onSpinWait(); // who saw the other first is ahead of it: try all distances
      }
      seen[round - 1] = side.run(round);
    }
    mine.set(rounds + 1);
    return seen;
  }

  /**
   * Message passing. One side writes data and then a number with {@code set}; the other one gets the number and then reads the data. Forbidden:
   * the number of this round and older data.
   */
  @Test
  void set_thenGet_showsWhatWasWrittenBefore() throws Exception {
    try (SharedIntArray data = SharedIntArray.create(WORDS);
        SharedInt number = SharedInt.create(0)) {
      Side writer = round -> {
        for (int i = 0; i < WORDS; i++) {
          data.setPlain(i, round);
        }
        number.set(round);
        return round;
      };
      Side reader = round -> {
        int seen = number.get();
        for (int i = 0; i < WORDS; i++) {
          if (data.getPlain(WORDS - 1 - i) < seen) {
            return -1;
          }
        }
        return seen;
      };
      assertThat(run(ROUNDS, writer, reader).get(1)).doesNotContain(-1);
    }
  }

  /** Store buffering (Dekker). Each side sets its own number and then gets that of the other. Forbidden: neither sees the other. */
  @Test
  void set_thenGetOfAnother_oneOfTwoSidesSees() throws Exception {
    try (SharedInt one = SharedInt.create(0);
        SharedInt other = SharedInt.create(0)) {
      List<int[]> seen = run(
          ROUNDS,
          round -> {
            one.set(round);
            return other.get();
          },
          round -> {
            other.set(round);
            return one.get();
          });
      assertThat(blindRounds(seen)).isZero();
    }
  }

  /** The same with plain access, which promises nothing: here the forbidden outcome shows, so the test can see it. */
  @Test
  void setPlain_thenGetOfAnother_bothSidesMissTheOther() throws Exception {
    assumeThat(Runtime.getRuntime().availableProcessors()).isGreaterThan(1);
    long deadline = System.nanoTime() + 2 * Faults.LONG.toNanos();
    try (SharedInt one = SharedInt.create(0);
        SharedInt other = SharedInt.create(0)) {
      int blind = 0;
      while (blind == 0) {
        assertThat(System.nanoTime()).as("no luck so far").isLessThan(deadline);
        one.set(0);
        other.set(0);
        blind = blindRounds(run(
            ROUNDS_AT_A_TIME,
            round -> {
              one.setPlain(round);
              return other.getPlain();
            },
            round -> {
              other.setPlain(round);
              return one.getPlain();
            }));
      }
    }
  }

  private static int blindRounds(List<int[]> seen) {
    int blind = 0;
    for (int round = 1; round <= seen.get(0).length; round++) {
      if (seen.get(0)[round - 1] < round && seen.get(1)[round - 1] < round) {
        blind++;
      }
    }
    return blind;
  }

  /** Ways to say to another process that it is its turn; each is said to show what was written before. */
  enum Handover {
    LOCK {
      @Override
      Baton make() {
        ProcessLock lock = ProcessLock.create();
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) -> inTurn(side, turn, lock::lock, lock::unlock, work);
      }
    },
    REENTRANT_LOCK {
      @Override
      Baton make() {
        ProcessLock lock = ProcessLock.reentrant();
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) ->
            inTurn(side, turn, lock::lockInterruptibly, lock::unlock, work);
      }
    },
    WRITE_LOCK {
      @Override
      Baton make() {
        ProcessLock lock = ProcessReadWriteLock.create().writeLock();
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) -> inTurn(side, turn, lock::lock, lock::unlock, work);
      }
    },
    BOUNDED_SEMAPHORE {
      @Override
      Baton make() {
        ProcessSemaphore semaphore = ProcessSemaphore.bounded(1);
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) ->
            inTurn(side, turn, () -> semaphore.acquire(), () -> semaphore.release(), work);
      }
    },
    RECOVERING_SEMAPHORE {
      @Override
      Baton make() {
        ProcessSemaphore semaphore = ProcessSemaphore.recovering(1);
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) ->
            inTurn(side, turn, () -> semaphore.acquire(), () -> semaphore.release(), work);
      }
    },
    SEMAPHORES {
      @Override
      Baton make() {
        List<ProcessSemaphore> turns =
            List.of(ProcessSemaphore.create(1), ProcessSemaphore.create(0));
        return (side, round, work) -> {
          turns.get(side).acquire();
          work.run();
          turns.get(1 - side).release();
        };
      }
    },
    EVENTS {
      @Override
      Baton make() {
        List<ProcessEvent> turns = List.of(ProcessEvent.create(), ProcessEvent.create());
        turns.get(0).set();
        return (side, round, work) -> {
          turns.get(side).await();
          turns.get(side).clear();
          work.run();
          turns.get(1 - side).set();
        };
      }
    },
    BARRIER {
      @Override
      Baton make() {
        ProcessBarrier barrier = ProcessBarrier.create(2);
        return (side, round, work) -> {
          if (side == 0) {
            work.run();
            barrier.await();
          } else {
            barrier.await();
            work.run();
          }
          barrier.await();
        };
      }
    },
    LATCHES {
      @Override
      Baton make() {
        List<ProcessCountDownLatch> turns = new ArrayList<>();
        for (int i = 0; i <= 2 * LATCH_ROUNDS; i++) {
          turns.add(ProcessCountDownLatch.create(1));
        }
        turns.get(0).countDown();
        return (side, round, work) -> {
          if (round < LATCH_ROUNDS) {
            turns.get(2 * round + side).await();
            work.run();
            turns.get(2 * round + side + 1).countDown();
          }
        };
      }
    },
    CONDITIONS {
      @Override
      Baton make() {
        ProcessLock lock = ProcessLock.create();
        List<ProcessCondition> conditions = List.of(lock.newCondition(), lock.newCondition());
        SharedInt turn = SharedInt.create(0);
        return (side, round, work) -> lockedRun(lock, () -> {
          conditions.get(side).awaitTrue(() -> turn.getPlain() == side);
          work.run();
          turn.setPlain(1 - side);
          conditions.get(1 - side).signal();
        });
      }
    };

    abstract Baton make();

    /** Takes something again and again until it is one's turn, which is told by plain access while one has it. */
    static void inTurn(int side, SharedInt turn, Action take, Action give, Action work)
        throws Exception {
      while (true) {
        take.run();
        try {
          if (turn.getPlain() == side) {
            work.run();
            turn.setPlain(1 - side);
            return;
          }
        } finally {
          give.run();
        }
        Thread.yield();
      }
    }
  }

  /** Lets two sides work in turns. */
  interface Baton extends Serializable {
    /** Does the work when it is the side's turn. */
    void pass(int side, int round, Action work) throws Exception;
  }

  /**
   * Two sides change data by plain access, in turns. Forbidden: a word that is not what the other side has written in its last turn.
   */
  @ParameterizedTest
  @EnumSource
  void plainWrites_handedOver_areSeen(Handover how) throws Exception {
    Baton baton = how.make();
    try (SharedIntArray data = SharedIntArray.create(WORDS)) {
      AsyncResult<Integer> one = pool.submit(() -> changeInTurns(baton, 0, data));
      AsyncResult<Integer> other = pool.submit(() -> changeInTurns(baton, 1, data));
      int rounds = how == Handover.LATCHES ? LATCH_ROUNDS : HANDOVERS;
      assertThat(Faults.valueOf(one)).isEqualTo(rounds);
      assertThat(Faults.valueOf(other)).isEqualTo(rounds);
      assertThat(data.stream().distinct().toArray()).containsExactly(2 * rounds);
    }
  }

  private static int changeInTurns(Baton baton, int side, SharedIntArray data) throws Exception {
    int[] turns = new int[1];
    for (int round = 0; round < HANDOVERS; round++) {
      int expected = 2 * round + side;
      baton.pass(side, round, () -> {
        for (int i = 0; i < WORDS; i++) {
          int seen = data.getPlain(i);
          if (seen != expected) {
            throw new AssertionError("word " + i + " is " + seen + " (expected: " + expected + ")");
          }
          data.setPlain(i, expected + 1);
        }
        turns[0]++;
      });
    }
    return turns[0];
  }
}
