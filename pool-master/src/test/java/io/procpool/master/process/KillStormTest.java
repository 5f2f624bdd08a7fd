// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.ResultIterator;
import io.procpool.WorkerCrashedException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Workers are killed at random while tasks run. Every task completes, with its right value or with the crash of its worker;
 * what has a value ran once; nothing ran twice; what is said never to have started did not.
 */
class KillStormTest {
  private static final long SHORT_INTERVAL_MILLIS = 200;
  private static final long STRESS_INTERVAL_MILLIS = 50;
  private static final long TASK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int WORKERS = 4;

  @TempDir
  Path directory;

  private final Set<Long> pids = ConcurrentHashMap.newKeySet();
  private final PoolListener pidKeeper = new PoolListener() {
    @Override
    public void workerStarted(WorkerEvent worker) {
      pids.add(worker.pid());
    }

    @Override
    public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
      pids.remove(worker.pid());
    }
  };

  @Test
  void submit_workersKilled_everyTaskCompletesOnce() throws Exception {
    single(1_500, SHORT_INTERVAL_MILLIS, System.nanoTime());
  }

  @Test
  @Tag("stress")
  void submit_workersKilled_everyTaskCompletesOnce_long() throws Exception {
    single(10_000, STRESS_INTERVAL_MILLIS, System.nanoTime());
  }

  @Test
  void imap_workersKilled_onlyTheItemThatRanFails() throws Exception {
    batches(2_000, SHORT_INTERVAL_MILLIS, System.nanoTime());
  }

  @Test
  @Tag("stress")
  void imap_workersKilled_onlyTheItemThatRanFails_long() throws Exception {
    batches(20_000, STRESS_INTERVAL_MILLIS, System.nanoTime());
  }

  private Pool open() {
    return Pool.open(PoolOptions.builder()
        .workers(WORKERS)
        .listener(pidKeeper)
        .jvmArgs(List.of("-Xmx64m"))
        .build());
  }

  private void single(int tasks, long intervalMillis, long seed) throws Exception {
    String journal = directory.resolve("journal").toString();
    int crashes = 0;
    try (Pool pool = open();
        Killer killer = new Killer(intervalMillis, seed)) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      for (int i = 0; i < tasks; i++) {
        results.add(pool.applyAsync(KillStormTest::work, i, journal));
      }
      Map<Integer, Optional<Throwable>> ended = new HashMap<>();
      for (int i = 0; i < tasks; i++) {
        ended.put(i, results.get(i).failure());
        if (ended.get(i).isEmpty()) {
          assertThat(results.get(i).get()).isEqualTo(2 * i);
        } else {
          crashes++;
        }
      }
      killer.close();
      check(ended, runs(journal), seed);
      assertThat(killer.kills).as("kills, seed %s", seed).isPositive();
      assertThat(crashes).as("failed tasks, seed %s", seed).isLessThanOrEqualTo(killer.kills);
      check(pool, tasks, seed);
    }
  }

  private void batches(int items, long intervalMillis, long seed) throws Exception {
    String journal = directory.resolve("journal").toString();
    Map<Integer, Optional<Throwable>> ended = new HashMap<>();
    try (Pool pool = open();
        Killer killer = new Killer(intervalMillis, seed);
        ResultIterator<Integer> results =
            pool.imapUnordered(i -> work(i, journal), IntStream.range(0, items)::iterator, 20)) {
      int crashes = 0;
      while (results.hasNext()) {
        Outcome<Integer> outcome = results.nextOutcome();
        int item = (int) outcome.index();
        assertThat(ended.put(item, Optional.ofNullable(outcome.error())))
            .as("earlier outcome of item %s, seed %s", item, seed)
            .isNull();
        if (outcome.isSuccess()) {
          assertThat(outcome.value()).isEqualTo(2 * item);
        } else {
          crashes++;
        }
      }
      killer.close();
      assertThat(ended).as("seed %s", seed).hasSize(items);
      check(ended, runs(journal), seed);
      assertThat(killer.kills).as("kills, seed %s", seed).isPositive();
      assertThat(crashes).as("failed items, seed %s", seed).isLessThanOrEqualTo(killer.kills);
      check(pool, items, seed);
    }
  }

  private static void check(
      Map<Integer, Optional<Throwable>> ended, Map<Integer, Integer> runs, long seed) {
    ended.forEach((task, failure) -> {
      int times = runs.getOrDefault(task, 0);
      if (failure.isEmpty()) {
        assertThat(times)
            .as("runs of task %s with a value, seed %s", task, seed)
            .isEqualTo(1);
      } else {
        assertThat(failure.get())
            .as("task %s, seed %s", task, seed)
            .isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
              assertThat(crash.exitValue()).isEqualTo(137);
              assertThat(crash.certainty()).isNotEqualTo(Certainty.NEVER_STARTED);
            });
        assertThat(times)
            .as("runs of task %s that crashed, seed %s", task, seed)
            .isLessThanOrEqualTo(1);
      }
    });
  }

  private static void check(Pool pool, int accepted, long seed) {
    PoolStatistics end = pool.statistics();
    assertThat(end.completedTasks() + end.lostTasks())
        .as("%s, seed %s", end, seed)
        .isEqualTo(accepted);
    assertThat(end.pendingTasks() + end.activeTasks())
        .as("%s, seed %s", end, seed)
        .isZero();
  }

  /** Notes that the task runs, then takes a millisecond of its worker's time. */
  private static int work(int task, String journal) {
    long end = System.nanoTime() + TASK_NANOS;
    try {
      // One write of four bytes to a file opened for appending is atomic.
      Files.write(
          Path.of(journal),
          ByteBuffer.allocate(4).putInt(task).array(),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    return 2 * task;
  }

  private static Map<Integer, Integer> runs(String journal) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(journal)));
    Map<Integer, Integer> runs = new HashMap<>();
    while (bytes.hasRemaining()) {
      runs.merge(bytes.getInt(), 1, Integer::sum);
    }
    return runs;
  }

  /** Kills a random worker at intervals. */
  private final class Killer extends Thread implements AutoCloseable {
    private final long intervalNanos;
    private final Random random;
    private volatile boolean stopped;
    private volatile int kills;

    Killer(long intervalMillis, long seed) {
      intervalNanos = TimeUnit.MILLISECONDS.toNanos(intervalMillis);
      random = new Random(seed);
      start();
    }

    @Override
    public void run() {
      while (!stopped) {
        LockSupport.parkNanos(intervalNanos);
        List<Long> alive = new ArrayList<>(pids);
        if (!alive.isEmpty() && !stopped) {
          long pid = alive.get(random.nextInt(alive.size()));
          // The event may lag behind a pid's end, but a pid is not used again so soon.
          if (ProcessHandle.of(pid).map(ProcessHandle::destroyForcibly).orElse(false)) {
            kills++;
          }
        }
      }
    }

    @Override
    public void close() throws InterruptedException {
      stopped = true;
      join();
    }
  }
}
