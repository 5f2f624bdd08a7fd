// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LongForm;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.ResultIterator;
import io.procpool.TaskFunction;
import io.procpool.WorkerCrashedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A random worker that is ready is killed from outside again and again while tasks rush by. Forbidden: a future without an outcome, a wrong
 * value, a task that ran twice, a task that ran and is reported as never started, a pool that is not whole afterwards.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class KillStormTest {
  private static final int FEW = LongForm.choose(400, 150);
  private static final int MANY = 10_000;
  private static final long RARE_KILLS_MILLIS =
      200; // for the short form: starting workers costs its time
  private static final long KILLS_MILLIS = 50;
  private static final long TASK_MICROS = 500;
  private static final long SHORT_TASK_MICROS =
      50; // for the long form: a worker that lives 50 ms does not get far

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void submit_workersKilled_eachTaskHasOneOutcome() throws Exception {
    submit(FEW, TASK_MICROS, RARE_KILLS_MILLIS, seed());
  }

  @Test
  @Tag("stress")
  void submit_workersKilledForLong_eachTaskHasOneOutcome() throws Exception {
    submit(MANY, SHORT_TASK_MICROS, KILLS_MILLIS, seed());
  }

  @Test
  void imap_workersKilled_eachItemHasOneOutcome() throws Exception {
    imap(FEW, TASK_MICROS, RARE_KILLS_MILLIS, seed(), 0);
  }

  @Test
  @Tag("stress")
  void imap_workersKilledForLong_eachItemHasOneOutcome() throws Exception {
    imap(MANY, SHORT_TASK_MICROS, KILLS_MILLIS, seed(), 0);
    imap(MANY, SHORT_TASK_MICROS, KILLS_MILLIS, seed(), 64);
  }

  private static long seed() {
    return Long.getLong("procpool.test.seed", System.nanoTime());
  }

  private static TaskFunction<Integer, Integer> noting(Faults.Journal journal, long micros) {
    return n -> {
      journal.add(n);
      long end = System.nanoTime() + TimeUnit.MICROSECONDS.toNanos(micros);
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
      return 3 * n + 1;
    };
  }

  private void submit(int tasks, long taskMicros, long killMillis, long seed) throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    List<Outcome<Integer>> outcomes = new ArrayList<>();
    Targets targets = new Targets();
    try (Pool pool =
        Pool.open(Faults.options("storm").workers(3).listener(targets).build())) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      try (Killer killer = new Killer(targets, killMillis, seed)) {
        for (int i = 0; i < tasks; i++) {
          results.add(pool.applyAsync(noting(journal, taskMicros), i));
        }
        for (int i = 0; i < tasks; i++) {
          outcomes.add(outcomeOf(i, results.get(i), seed));
        }
        assertThat(killer.kills).as("seed %d", seed).isPositive();
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, tasks);
    }
    check(outcomes, journal, seed);
  }

  private static Outcome<Integer> outcomeOf(int index, AsyncResult<Integer> result, long seed)
      throws Exception {
    try {
      return new Outcome<>(index, result.get(LONG.toMillis(), TimeUnit.MILLISECONDS), null);
    } catch (ExecutionException e) {
      return new Outcome<>(index, null, e.getCause());
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError("task " + index + " has no outcome; seed " + seed, e);
    }
  }

  private void imap(int items, long taskMicros, long killMillis, long seed, int chunk)
      throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < items; i++) {
      inputs.add(i);
    }
    List<Outcome<Integer>> outcomes = new ArrayList<>();
    Targets targets = new Targets();
    try (Pool pool =
        Pool.open(Faults.options("storm-map").workers(3).listener(targets).build())) {
      try (Killer killer = new Killer(targets, killMillis, seed);
          ResultIterator<Integer> results = chunk == 0
              ? pool.imap(noting(journal, taskMicros), inputs)
              : pool.imap(noting(journal, taskMicros), inputs, chunk)) {
        for (int i = 0; i < items; i++) {
          outcomes.add(results.nextOutcome());
          assertThat(outcomes.get(i).index()).isEqualTo(i);
        }
        assertThat(killer.kills).as("seed %d", seed).isPositive();
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, items);
    }
    check(outcomes, journal, seed);
  }

  private static void check(List<Outcome<Integer>> outcomes, Faults.Journal journal, long seed) {
    Map<Integer, Integer> runs = new HashMap<>();
    for (String line : journal.lines()) {
      runs.merge(Integer.valueOf(line), 1, Integer::sum);
    }
    int lost = 0;
    for (Outcome<Integer> outcome : outcomes) {
      int id = (int) outcome.index();
      int ran = runs.getOrDefault(id, 0);
      String which = "task " + id + ", seed " + seed;
      assertThat(ran).as("runs of %s", which).isLessThanOrEqualTo(1);
      if (outcome.isSuccess()) {
        assertThat(outcome.value()).as(which).isEqualTo(3 * id + 1);
        assertThat(ran).as("runs of %s", which).isEqualTo(1);
      } else {
        assertThat(outcome.error()).as(which).isInstanceOf(WorkerCrashedException.class);
        if (((InfrastructureException) outcome.error()).certainty() == Certainty.NEVER_STARTED) {
          assertThat(ran).as("runs of %s, never started", which).isZero();
        }
        lost++;
      }
    }
    System.out.printf("%d tasks, %d lost, seed %d%n", outcomes.size(), lost, seed);
  }

  /** The workers that are ready. */
  private static final class Targets implements PoolListener {
    private final List<Long> pids = new ArrayList<>(); // guarded by this

    @Override
    public synchronized void workerStarted(WorkerEvent worker) {
      pids.add(worker.pid());
    }

    @Override
    public synchronized void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
      pids.remove(worker.pid());
    }

    /** Returns one of them, or -1 if there is none. */
    synchronized long take(Random random) {
      return pids.isEmpty() ? -1 : pids.remove(random.nextInt(pids.size()));
    }
  }

  /** Kills a random worker at intervals. */
  private static final class Killer implements AutoCloseable {
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final Targets targets;
    private final Random random;
    private volatile int kills;

    Killer(Targets targets, long millis, long seed) {
      this.targets = targets;
      random = new Random(seed);
      clock.scheduleAtFixedRate(this::kill, millis, millis, TimeUnit.MILLISECONDS);
    }

    private void kill() {
      long pid = targets.take(random);
      if (pid > 0) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        kills++;
      }
    }

    @Override
    public void close() throws InterruptedException {
      clock.shutdown();
      assertThat(clock.awaitTermination(LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    }
  }
}
