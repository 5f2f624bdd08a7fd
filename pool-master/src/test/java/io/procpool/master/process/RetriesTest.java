// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LongForm;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.ResultIterator;
import io.procpool.RetryPolicy;
import io.procpool.RetryPolicy.BackOff;
import io.procpool.RetryPolicy.Cause;
import io.procpool.Task;
import io.procpool.TaskContext;
import io.procpool.TaskFunction;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import io.procpool.ipc.FaultPoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tasks whose worker fails are run again as often as they may, one attempt at a time, and all that concerns them holds meanwhile. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class RetriesTest {
  private static final BackOff AT_ONCE = BackOff.fixed(Duration.ZERO);
  private static final BackOff NEVER = BackOff.fixed(Duration.ofHours(1));

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static Pool open(String name, int workers) {
    return Pool.open(Faults.options("retry-" + name).workers(workers).build());
  }

  private static TaskOptions retries(int count, BackOff backOff) {
    return TaskOptions.defaults().retries(RetryPolicy.of(count).backOff(backOff));
  }

  private static int attempt() {
    return TaskContext.current().attempt();
  }

  private static void spin() {
    while (true) {
      Thread.onSpinWait();
    }
  }

  private static void awaitRetries(Pool pool, long count) {
    Faults.awaitLong(count + " retries").until(() -> pool.statistics().retriedAttempts() == count);
  }

  /** The task knows which attempt it is; the last one's value is its value, and nothing is lost. */
  @Test
  void crash_untilThirdAttempt_hasItsValue() throws Exception {
    BlockingQueue<String> told = new LinkedBlockingQueue<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void taskRetried(
          TaskEvent task, InfrastructureException failure, int nextAttempt, Duration delay) {
        told.add(nextAttempt + " " + task.name() + " " + failure.getMessage());
      }

      @Override
      public void taskLost(TaskEvent task, InfrastructureException failure) {
        told.add("lost");
      }
    };
    PoolOptions options =
        Faults.options("retry-third").workers(1).listener(listener).build();
    try (Pool pool = Pool.open(options)) {
      Pool retrying = pool.with(retries(3, AT_ONCE).name("stubborn"));
      AsyncResult<Integer> result = retrying.submit(() -> {
        if (attempt() < 3) {
          Runtime.getRuntime().halt(9);
        }
        return attempt();
      });
      assertThat(valueOf(result)).isEqualTo(3);
      awaitRetries(pool, 2);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 1);
      assertThat(pool.statistics().lostTasks()).isZero();
      assertThat(pool.statistics().crashedWorkers()).isEqualTo(2);
      assertThat(told.poll(LONG.toMillis(), TimeUnit.MILLISECONDS))
          .startsWith("2 stubborn worker-1 (pid ")
          .contains("exited with 9", "is run again in 0.000 s, attempt 2");
      assertThat(told.poll(LONG.toMillis(), TimeUnit.MILLISECONDS)).startsWith("3 stubborn ");
      assertThat(told).isEmpty();
    }
  }

  /** A task that kills each worker fails when its attempts are used up, and names them all. */
  @Test
  void crash_always_namesItsAttempts() throws Exception {
    try (Pool pool = open("always", 1)) {
      AsyncResult<?> result = pool.with(retries(2, AT_ONCE)).submit(() -> {
        Runtime.getRuntime().halt(40 + attempt());
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.reason()).isEqualTo(Reason.EXIT);
        assertThat(crash.report().attempt()).isEqualTo(3);
        assertThat(crash.report().exitValue()).isEqualTo(43);
        assertThat(crash.getMessage())
            .contains(", attempt 3")
            .contains("failed in attempt 3 as before, and is not run again; the pool is usable")
            .containsPattern(
                "attempt 1 failed at [0-9:.]+: worker-1 \\(pid [0-9]+\\) exited with 41 after")
            .containsPattern(
                "attempt 2 failed at [0-9:.]+: worker-2 \\(pid [0-9]+\\) exited with 42 after");
      });
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 1);
      assertThat(pool.statistics().lostTasks()).isEqualTo(1);
    }
  }

  /** Only the causes that were chosen count; what a task throws is none of them. */
  @Test
  void causes_thatDoNotCount_areNotRetried() throws Exception {
    try (Pool pool = open("causes", 1)) {
      RetryPolicy policy = RetryPolicy.of(3).backOff(AT_ONCE);
      TaskOptions options = TaskOptions.defaults().timeout(SHORT);
      Pool noTimeouts = pool.with(options.retries(policy.except(Cause.TIMEOUT)));
      AsyncResult<?> hung = noTimeouts.submit(RetriesTest::spin);
      assertThat(failureOf(hung)).isInstanceOf(TaskTimeoutException.class);
      Pool crashesOnly = pool.with(TaskOptions.defaults().retries(policy.on(Cause.CRASH)));
      AsyncResult<?> full =
          crashesOnly.submit(() -> new Thread(null, () -> {}, "t", 1L << 46).start());
      assertThat(failureOf(full))
          .isInstanceOfSatisfying(
              WorkerCrashedException.class,
              crash -> assertThat(crash.reason()).isEqualTo(Reason.OUT_OF_THREADS));
      AsyncResult<?> thrown = crashesOnly.submit(() -> {
        throw new IllegalStateException("own");
      });
      assertThat(failureOf(thrown)).isExactlyInstanceOf(IllegalStateException.class);
      assertThat(pool.statistics().retriedAttempts()).isZero();
    }
  }

  /** Ends, and leaves its worker at the place between that and the sending of its value. */
  private record EndsOnly(String path, Faults.Journal pids)
      implements TaskFunction<Integer, Integer> {
    @Override
    public Integer apply(Integer lastLost) {
      pids.add(Faults.pid());
      if (attempt() <= lastLost) {
        FaultPoint.stopAt("unit.ended", Path.of(path + attempt()));
      }
      return attempt();
    }

    void killAfter(int attempt) throws Exception {
      Faults.awaitLong("end of the task").until(() -> Files.exists(Path.of(path + attempt)));
      List<String> all = pids.lines();
      Faults.signal("KILL", Long.parseLong(all.get(all.size() - 1)));
    }
  }

  private EndsOnly endsOnly() throws IOException {
    Path own = Files.createTempDirectory(directory, "ends");
    return new EndsOnly(own.resolve("ended").toString(), Faults.Journal.in(own));
  }

  /** A worker dies between the end of its task and its value: that is a cause of its own, and only this one. What a batch has ended is not lost that way. */
  @Test
  void resultLost_isACauseOfItsOwn() throws Exception {
    RetryPolicy policy = RetryPolicy.of(2).backOff(AT_ONCE);
    PoolOptions options = Faults.options("retry-lost")
        .workers(1)
        .jvmArgs(List.of("-Dprocpool.faultPoints=true"))
        .build();
    try (Pool pool = Pool.open(options)) {
      Pool others = pool.with(TaskOptions.defaults().retries(policy.except(Cause.RESULT_LOST)));
      EndsOnly once = endsOnly();
      AsyncResult<Integer> lost = others.applyAsync(once, 1);
      once.killAfter(1);
      assertThat(failureOf(lost)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.certainty()).isEqualTo(Certainty.RESULT_LOST);
        assertThat(crash.reason()).isEqualTo(Reason.SIGNAL);
        assertThat(crash).hasMessageContaining("\n  the task had ended; its result was lost\n");
        assertThat(crash.report().attempt()).isEqualTo(1);
      });
      assertThat(once.pids().lines()).hasSize(1);
      assertThat(pool.statistics().retriedAttempts()).isZero();

      Pool retrying = pool.with(TaskOptions.defaults().retries(policy.on(Cause.RESULT_LOST)));
      AsyncResult<?> crashed = retrying.submit(() -> Runtime.getRuntime().halt(9));
      assertThat(failureOf(crashed))
          .isInstanceOfSatisfying(
              WorkerCrashedException.class,
              crash -> assertThat(crash.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN));
      assertThat(pool.statistics().retriedAttempts()).isZero();

      EndsOnly twice = endsOnly();
      AsyncResult<Integer> again = retrying.applyAsync(twice, 1);
      twice.killAfter(1);
      assertThat(valueOf(again)).isEqualTo(2);
      assertThat(twice.pids().lines()).hasSize(2).doesNotHaveDuplicates();
      assertThat(pool.statistics().retriedAttempts()).isEqualTo(1);

      EndsOnly batch = endsOnly();
      AsyncResult<List<Integer>> values = retrying.mapAsync(batch, List.of(0, 1), 2);
      batch.killAfter(1);
      assertThat(valueOf(values)).containsExactly(1, 1);
      assertThat(batch.pids().lines()).hasSize(2);
      assertThat(pool.statistics().retriedAttempts()).isEqualTo(1);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 5);
      assertThat(pool.statistics().lostTasks()).isEqualTo(2);
    }
  }

  /** A timeout is run again when it was killed, and when it was interrupted and its worker lives on. */
  @Test
  void timeout_killedOrInterrupted_isRunAgain() throws Exception {
    try (Pool pool = open("timeout", 1)) {
      long pid = valueOf(pool.submit(Faults::pid));
      TaskOptions soft = retries(1, AT_ONCE).timeout(SHORT).timeoutGrace(LONG);
      AsyncResult<Long> interrupted = pool.with(soft).submit(() -> {
        if (attempt() == 1) {
          Thread.sleep(LONG.toMillis() * 10);
        }
        return Faults.pid();
      });
      assertThat(valueOf(interrupted)).as("the same worker").isEqualTo(pid);
      AsyncResult<Long> killed = pool.with(retries(1, AT_ONCE).timeout(SHORT.multipliedBy(6)))
          .submit(() -> {
            if (attempt() == 1) {
              spin();
            }
            return Faults.pid();
          });
      assertThat(valueOf(killed)).as("another worker").isNotEqualTo(pid);
      assertThat(pool.statistics().retriedAttempts()).isEqualTo(2);
      Faults.assertBalanced(pool, 3);
      AsyncResult<?> always = pool.with(soft).submit(() -> {
        Thread.sleep(LONG.toMillis() * 10);
        return null;
      });
      assertThat(failureOf(always)).isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
        assertThat(timeout).hasCauseInstanceOf(InterruptedException.class);
        assertThat(timeout.report().attempt()).isEqualTo(2);
        assertThat(timeout).hasMessageContaining("attempt 1 failed at ");
      });
    }
  }

  /** Of a map only the inputs that died are run again; values stand in their places. */
  @Test
  void map_someInputsDie_onlyTheseRunAgain() throws Exception {
    Faults.Journal runs = Faults.Journal.in(directory);
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      inputs.add(i);
    }
    try (Pool pool = open("map", 2)) {
      Pool retrying = pool.with(retries(2, AT_ONCE));
      List<Integer> values = retrying.map(
          n -> {
            runs.add(n + ":" + attempt());
            if (n % 13 == 5 && attempt() <= 1 + n / 20) {
              Runtime.getRuntime().halt(1);
            }
            return n * n;
          },
          inputs);
      for (int i = 0; i < 40; i++) {
        assertThat(values.get(i)).isEqualTo(i * i);
      }
      // Inputs 5 and 18 die once, 31 twice.
      assertThat(runs.lines()).hasSize(44).doesNotHaveDuplicates();
      assertThat(runs.lines()).contains("5:2", "18:2", "31:2", "31:3");
      assertThat(pool.statistics().retriedAttempts()).isEqualTo(4);
      ResultIterator<Integer> lazily = retrying.imap(
          n -> {
            if (n == 3 && attempt() == 1) {
              Runtime.getRuntime().halt(1);
            }
            return n;
          },
          inputs,
          10);
      for (int i = 0; i < 40; i++) {
        Outcome<Integer> outcome = lazily.nextOutcome();
        assertThat(outcome.value()).isEqualTo(i);
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 80);
    }
  }

  /** While a task with a key waits to be run again, so does what comes after it with the same key; other keys do not. */
  @Test
  void key_firstOneDies_orderIsKept() throws Exception {
    Faults.Journal runs = Faults.Journal.in(directory);
    try (Pool pool = open("key", 2)) {
      Pool keyed = pool.with(retries(3, BackOff.fixed(SHORT)).key("k"));
      List<AsyncResult<?>> results = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        int number = i;
        results.add(keyed.submit(() -> {
          if (number % 4 == 1 && attempt() == 1) {
            Runtime.getRuntime().halt(1);
          }
          runs.add(number);
        }));
      }
      awaitRetries(pool, 1);
      assertThat(valueOf(pool.with(TaskOptions.defaults().key("other")).submit(() -> 3)))
          .isEqualTo(3);
      for (AsyncResult<?> result : results) {
        valueOf(result);
      }
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        expected.add(String.valueOf(i));
      }
      assertThat(runs.lines()).isEqualTo(expected);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 7);
    }
  }

  /** The same with a worker that lives on, which could have the next task already. */
  @Test
  void key_firstOneIsInterrupted_orderIsKept() throws Exception {
    Faults.Journal runs = Faults.Journal.in(directory);
    try (Pool pool = open("key-soft", 1)) {
      TaskOptions soft = retries(3, BackOff.fixed(SHORT)).timeout(SHORT).timeoutGrace(LONG);
      List<AsyncResult<?>> results = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        int number = i;
        results.add(pool.with(soft.key("k")).submit(() -> {
          if (number == 1 && attempt() == 1) {
            Thread.sleep(LONG.toMillis() * 10);
          }
          runs.add(number);
          return null;
        }));
      }
      for (AsyncResult<?> result : results) {
        valueOf(result);
      }
      assertThat(runs.lines()).containsExactly("0", "1", "2", "3");
    }
  }

  /** A task that waits to be run again can be cancelled, is pending, does not run, and holds up no key. */
  @Test
  void backOff_cancelled_isCancelled() throws Exception {
    try (Pool pool = open("cancel", 1)) {
      Pool keyed = pool.with(retries(1, NEVER).key("k"));
      AsyncResult<?> dies = keyed.submit(() -> Runtime.getRuntime().halt(1));
      AsyncResult<Integer> behind = keyed.submit(() -> 4);
      awaitRetries(pool, 1);
      assertThat(dies.isDone()).isFalse();
      assertThat(dies.isRunning()).isFalse();
      assertThat(pool.statistics().pendingTasks()).isEqualTo(2);
      assertThat(dies.cancel(false)).isTrue();
      assertThat(failureOf(dies)).isInstanceOf(CancellationException.class);
      assertThat(valueOf(behind)).isEqualTo(4);
      Faults.assertBalanced(pool, 2);
      assertThat(pool.statistics().cancelledTasks()).isEqualTo(1);
    }
  }

  /** close() waits for tasks that wait to be run again; shutdownNow() fails them as they failed, and does not return them as never started. */
  @Test
  void end_duringBackOff_isOrderly() throws Exception {
    Pool closing = open("close", 1);
    AsyncResult<Integer> value = closing.with(retries(1, BackOff.fixed(SHORT))).submit(() -> {
      if (attempt() == 1) {
        Runtime.getRuntime().halt(1);
      }
      return 5;
    });
    awaitRetries(closing, 1);
    closing.close();
    assertThat(value.isDone()).isTrue();
    assertThat(valueOf(value)).isEqualTo(5);

    try (Pool pool = open("now", 1)) {
      Pool keyed = pool.with(retries(1, NEVER).key("k"));
      AsyncResult<?> dies = keyed.submit(() -> Runtime.getRuntime().halt(17));
      AsyncResult<Integer> behind = keyed.submit(() -> 4);
      awaitRetries(pool, 1);
      assertThat(pool.shutdownNow()).as("never started").hasSize(1);
      assertThat(failureOf(dies)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.report().exitValue()).isEqualTo(17);
        assertThat(crash)
            .hasMessageContaining("was to be run again, but the pool was ended")
            .hasMessageNotContaining("never started");
      });
      assertThat(behind.isDone()).isTrue();
      Faults.assertBalanced(pool, 2);
    }

    Pool terminated = open("terminate", 1);
    AsyncResult<?> dies =
        terminated.with(retries(1, NEVER)).submit(() -> Runtime.getRuntime().halt(17));
    awaitRetries(terminated, 1);
    terminated.terminate();
    assertThat(failureOf(dies)).isInstanceOf(WorkerCrashedException.class);
    Faults.assertBalanced(terminated, 1);
  }

  /** A queue timeout is over when a task has begun for the first time, however long it then waits to be run again. */
  @Test
  void queueTimeout_duringBackOff_doesNotCount() throws Exception {
    try (Pool pool = open("queue", 1)) {
      TaskOptions options = retries(1, BackOff.fixed(SHORT.multipliedBy(3)));
      AsyncResult<Integer> result = pool.with(options.queueTimeout(LONG)).submit(() -> {
        if (attempt() == 1) {
          Runtime.getRuntime().halt(1);
        }
        return attempt();
      });
      assertThat(valueOf(result)).isEqualTo(2);
      valueOf(pool.submit(() -> 1));
      AsyncResult<Integer> shorter = pool.with(options.queueTimeout(SHORT)).submit(() -> {
        if (attempt() == 1) {
          Runtime.getRuntime().halt(1);
        }
        return attempt();
      });
      assertThat(valueOf(shorter)).isEqualTo(2);
      Faults.assertBalanced(pool, 3);
    }
  }

  /** What a broadcast's worker has begun and died of is not run again: it was for that worker. */
  @Test
  void broadcast_workerDies_isNotRunAgain() throws Exception {
    try (Pool pool = open("broadcast", 1)) {
      valueOf(pool.submit(() -> 1));
      assertThat(pool.with(retries(3, AT_ONCE))
              .broadcast(() -> {
                Runtime.getRuntime().halt(3);
                return null;
              })
              .get(0)
              .error())
          .isInstanceOf(WorkerCrashedException.class);
      assertThat(pool.statistics().retriedAttempts()).isZero();
    }
  }

  /** Many tasks die by a plan, of which each attempt keeps a journal: they run as often as the plan says, never two attempts of one at once, and end as it says. */
  @Test
  void storm_byPlan_attemptsAndOutcomesMatch() throws Exception {
    int tasks = Integer.getInteger("procpool.test.retryTasks", LongForm.choose(200, 10));
    long seed = Long.getLong("procpool.test.seed", 20_261_122);
    Random random = new Random(seed);
    Faults.Journal journal = Faults.Journal.in(directory);
    RetryPolicy policy =
        RetryPolicy.of(2).backOff(new BackOff(Duration.ofMillis(1), 2, Duration.ofMillis(20), 0.5));
    Map<Integer, Integer> deaths = new HashMap<>();
    List<AsyncResult<Integer>> results = new ArrayList<>();
    int fatal = 0;
    int retried = 0;
    try (Pool pool = open("storm", 3)) {
      TaskOptions options = TaskOptions.defaults().retries(policy);
      for (int i = 0; i < tasks; i++) {
        int dies = random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0;
        Strike how = random.nextBoolean() ? Strike.HALT : Strike.SIGKILL;
        deaths.put(i, dies);
        fatal += dies == 3 ? 1 : 0;
        retried += Math.min(dies, 2);
        TaskOptions own = random.nextInt(4) == 0 ? options.key("k" + i % 3) : options;
        results.add(
            pool.with(own.priority(random.nextInt(2))).submit(new Dies(i, dies, how, journal)));
      }
      for (int i = 0; i < tasks; i++) {
        if (deaths.get(i) == 3) {
          assertThat(failureOf(results.get(i)))
              .as("task %d, seed %d", i, seed)
              .isInstanceOfSatisfying(
                  WorkerCrashedException.class,
                  crash -> assertThat(crash.report().attempt()).isEqualTo(3));
        } else {
          assertThat(valueOf(results.get(i)))
              .as("task %d, seed %d", i, seed)
              .isEqualTo(deaths.get(i) + 1);
        }
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, tasks);
      assertThat(pool.statistics().retriedAttempts()).isEqualTo(retried);
      assertThat(pool.statistics().lostTasks()).isEqualTo(fatal);
      assertThat(pool.statistics().crashedWorkers()).isEqualTo(retried + fatal);
    }
    Map<Integer, Integer> seen = new HashMap<>();
    for (String line : journal.lines()) {
      String[] fields = line.split(":");
      int number = Integer.parseInt(fields[0]);
      assertThat(Integer.parseInt(fields[1])).isEqualTo(seen.merge(number, 1, Integer::sum));
    }
    deaths.forEach((number, dies) ->
        assertThat(seen.get(number)).as("attempts of %d", number).isEqualTo(Math.min(3, dies + 1)));
  }

  /** Dies in its first attempts. */
  private record Dies(int number, int deaths, Strike how, Faults.Journal journal)
      implements Task<Integer> {
    @Override
    public Integer call() {
      int attempt = TaskContext.current().attempt();
      journal.add(number + ":" + attempt);
      if (attempt <= deaths) {
        how.strike();
      }
      return attempt;
    }
  }
}
