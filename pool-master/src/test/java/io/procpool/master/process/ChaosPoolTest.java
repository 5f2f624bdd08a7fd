// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.Chaos;
import io.procpool.Chaos.Strike;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.ResultIterator;
import io.procpool.WorkerCrashedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A pool with {@link Chaos} strikes exactly the tasks that the seed says, and keeps its promises to all of them. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class ChaosPoolTest {
  private static final int TASKS = 60;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static PoolOptions.Builder options(Chaos chaos) {
    return Faults.options("chaos").chaos(chaos);
  }

  /** One at a time and as a batch: who is to die dies, nobody else, before the task's code or after it. */
  @Test
  void kills_bySeed_hitThoseTasksOnly() throws Exception {
    Chaos chaos = Chaos.ofSeed(11).killBefore(0.1).killAfter(0.1);
    Faults.Journal journal = Faults.Journal.in(directory);
    List<String> expected = new ArrayList<>();
    try (Pool pool = Pool.open(options(chaos).build())) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      for (int i = 1; i <= TASKS; i++) {
        int number = i;
        results.add(pool.submit(() -> {
          journal.add(number);
          return number;
        }));
      }
      for (int i = 1; i <= TASKS; i++) {
        Strike strike = chaos.strike(i, 1);
        AsyncResult<Integer> result = results.get(i - 1);
        assertThat(result.taskId()).isEqualTo(i);
        if (strike == Strike.NONE) {
          assertThat(Faults.valueOf(result)).isEqualTo(i);
        } else {
          WorkerCrashedException crash = (WorkerCrashedException) Faults.failureOf(result);
          assertThat(crash.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
          assertThat(crash.report().exitValue()).isEqualTo(137);
          assertThat(crash.report().stderrTail())
              .contains("chaos: " + (strike == Strike.KILL_BEFORE ? "kill before" : "kill after")
                  + ", task " + i + ",");
        }
        if (strike != Strike.KILL_BEFORE) {
          expected.add("" + i);
        }
      }
      assertThat(journal.lines()).containsExactlyInAnyOrderElementsOf(expected);
      Faults.assertBalanced(pool, TASKS);
      assertBatchStruck(pool, chaos);
    }
  }

  private static void assertBatchStruck(Pool pool, Chaos chaos) {
    List<Integer> inputs = IntStream.range(0, TASKS).boxed().toList();
    try (ResultIterator<Integer> outcomes = pool.imap(n -> -n, inputs, 10)) {
      for (int i = 0; i < TASKS; i++) {
        Outcome<Integer> outcome = outcomes.nextOutcome();
        boolean struck = chaos.strike(TASKS + 1L + i, 1) != Strike.NONE;
        assertThat(outcome.isSuccess()).as("input %d", i).isEqualTo(!struck);
      }
    }
  }

  /** A worker that is stopped goes on afterwards; a task that is slow has its value, too. */
  @Test
  void stopsAndSlowTasks_costTimeOnly() throws Exception {
    Duration time = Duration.ofMillis(300);
    Chaos chaos = Chaos.ofSeed(3).stop(0.5, time).slow(0.5, time);
    try (Pool pool = Pool.open(options(chaos).workers(1).build())) {
      for (int i = 1; i <= 6; i++) {
        long start = System.nanoTime();
        assertThat(pool.submit(() -> 9).get()).isEqualTo(9);
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(time.toNanos());
      }
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  /** A task that runs for longer than the moment dies then; one that has ended before lives. */
  @Test
  void killDuring_longTaskDies_shortOneLives() throws Exception {
    Chaos chaos = Chaos.ofSeed(5).killDuring(1, Duration.ofMillis(200));
    long shortOne = 1;
    while (chaos.moment(shortOne, 1).toMillis() < 150) {
      shortOne++;
    }
    try (Pool pool = Pool.open(options(chaos).workers(1).build())) {
      for (int i = 1; i < shortOne; i++) {
        AsyncResult<?> endless = pool.submit(() -> {
          Thread.sleep(60_000);
          return 0;
        });
        assertThat(Faults.failureOf(endless)).isInstanceOf(WorkerCrashedException.class);
      }
      assertThat(Faults.valueOf(pool.submit(() -> 4))).isEqualTo(4);
    }
  }

  @Test
  void open_otherBackends_refuseIt() {
    for (String backend : List.of(PoolOptions.THREADS, PoolOptions.INLINE)) {
      PoolOptions options = PoolOptions.builder()
          .backend(backend)
          .workers(1)
          .chaos(Chaos.ofSeed(1))
          .build();
      assertThatThrownBy(() -> Pool.open(options))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll(backend, "chaos");
    }
  }
}
