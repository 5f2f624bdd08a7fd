// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Pool;
import io.procpool.RetryPolicy;
import io.procpool.RetryPolicy.BackOff;
import io.procpool.Task;
import io.procpool.TaskContext;
import io.procpool.TaskOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerStartException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A task waits to be run again, and meanwhile no worker can be started: it is told why in the end, or runs when one can. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "shell scripts")
final class RetryStartFaultTest {
  private static final int ATTEMPTS = 2;

  @TempDir
  Path directory;

  private FakeJava java;
  private Faults.Journal runs;

  @BeforeEach
  void prepare() throws Exception {
    java = FakeJava.in(directory);
    runs = Faults.Journal.in(directory);
  }

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private Pool openFull(int workers) {
    Pool pool = Pool.open(Faults.options("retry-start")
        .workers(workers)
        .javaExecutable(java.path())
        .maxStartAttempts(ATTEMPTS)
        .build());
    Faults.awaitFull(pool);
    return pool;
  }

  private void breakStarts() throws Exception {
    java.shell("echo 'no luck today' >&2; exit 9");
  }

  /** Submits a task that ends its worker in its first attempt. */
  private AsyncResult<Integer> submit(Pool pool, Duration backOff) {
    RetryPolicy policy = RetryPolicy.of(3).backOff(BackOff.fixed(backOff));
    Faults.Journal journal = runs;
    Task<Integer> task = () -> {
      int attempt = TaskContext.current().attempt();
      journal.add(attempt);
      if (attempt == 1) {
        Runtime.getRuntime().halt(17);
      }
      return attempt;
    };
    return pool.with(TaskOptions.defaults().retries(policy)).submit(task);
  }

  private static void checkToldBoth(AsyncResult<?> result, boolean usable) throws Exception {
    assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
      assertThat(crash.report().exitValue()).isEqualTo(17);
      assertThat(crash.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
      assertThat(crash.poolUsable()).isEqualTo(usable);
      assertThat(crash).hasMessageContaining("was to be run again, but no worker could be started");
      assertThat(crash.getSuppressed())
          .singleElement()
          .isInstanceOfSatisfying(WorkerStartException.class, start -> {
            assertThat(start.attempts()).isEqualTo(ATTEMPTS);
            assertThat(start).hasMessageContaining("no luck today");
          });
    });
  }

  /** What never started is told so; what had begun fails as it did then, and says what hindered it, also when the pool is closed meanwhile. */
  @Test
  void backOff_noWorkerStarts_taskIsToldWhatHappenedAndWhy() throws Exception {
    try (Pool pool = openFull(1)) {
      breakStarts();
      AsyncResult<?> dies = submit(pool, SHORT);
      runs.awaitLines(1);
      AsyncResult<Integer> fresh = pool.submit(() -> 1);
      assertThat(failureOf(fresh))
          .isInstanceOfSatisfying(
              WorkerStartException.class,
              start -> assertThat(start.certainty()).isEqualTo(Certainty.NEVER_STARTED));
      checkToldBoth(dies, true);
      assertThat(java.starts()).isBetween(1 + ATTEMPTS, 1 + 2 * ATTEMPTS);
      java.real();
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 3);

      breakStarts();
      AsyncResult<?> closed = submit(pool, SHORT);
      Faults.awaitLong("retries").until(() -> pool.statistics().retriedAttempts() == 2);
      pool.close();
      assertThat(closed.isDone()).isTrue();
      checkToldBoth(closed, false);
      Faults.assertBalanced(pool, 4);
      assertThat(runs.lines()).containsExactly("1", "1");
    }
  }

  /** The pool has given up starting workers before the time of the retry has come: then it tries again. */
  @Test
  void backOff_startsSucceedAgain_taskRuns() throws Exception {
    try (Pool pool = openFull(1)) {
      breakStarts();
      AsyncResult<Integer> dies = submit(pool, SHORT.multipliedBy(6));
      runs.awaitLines(1);
      assertThat(failureOf(pool.submit(() -> 1))).isInstanceOf(WorkerStartException.class);
      assertThat(dies.isDone()).isFalse();
      assertThat(pool.statistics().pendingTasks()).isEqualTo(1);
      java.real();
      assertThat(valueOf(dies)).isEqualTo(2);
      assertThat(runs.lines()).containsExactly("1", "2");
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2);
    }
  }

  /** As long as another worker serves, that one runs it. */
  @Test
  void backOff_anotherWorkerServes_taskRunsThere() throws Exception {
    try (Pool pool = openFull(2)) {
      breakStarts();
      assertThat(valueOf(submit(pool, Duration.ZERO))).isEqualTo(2);
      assertThat(runs.lines()).containsExactly("1", "2");
      java.real();
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 1);
    }
  }
}
