// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.RecyclePolicy;
import io.procpool.RunnableTask;
import io.procpool.Task;
import io.procpool.WorkerStartException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Workers come and go as the pool's options say, and no task notices. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class WorkerLifeTest {
  private static final Task<Long> PID = Faults::pid;
  private static final int MEBIBYTE = 1 << 20;

  // In workers: what tasks leave behind.
  private static final List<byte[]> KEPT = new ArrayList<>();

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static PoolOptions.Builder options() {
    return Faults.options("life").gracePeriod(LONG);
  }

  private static PoolStatistics awaitWorkers(Pool pool, int ready) {
    Faults.awaitLong(ready + " workers")
        .untilAsserted(() -> assertThat(pool.statistics())
            .matches(now ->
                now.workersReady() == ready && now.workersBusy() + now.workersStarting() == 0));
    return pool.statistics();
  }

  /** Returns the process ids of all workers, by tasks that wait for each other. */
  private Set<Long> pids(Pool pool, int workers) throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    List<AsyncResult<?>> results = new ArrayList<>();
    for (int i = 0; i < workers; i++) {
      results.add(pool.submit((RunnableTask) gate::pass));
    }
    List<String> entered = gate.entered().awaitLines(workers);
    gate.open();
    for (AsyncResult<?> result : results) {
      valueOf(result);
    }
    Set<Long> pids = new HashSet<>();
    entered.forEach(line -> pids.add(Long.parseLong(line)));
    return pids;
  }

  // Size.

  @Test
  void workersMinMax_workWaitsAndEnds_growsAndShrinks() throws Exception {
    try (Pool pool = Pool.open(options().workers(1, 3).idleTimeout(SHORT).build())) {
      PoolStatistics before = awaitWorkers(pool, 1);
      assertThat(before.minWorkers()).isEqualTo(1);
      assertThat(before.maxWorkers()).isEqualTo(3);
      assertThat(pids(pool, 3)).hasSize(3);
      PoolStatistics after = awaitWorkers(pool, 1);
      assertThat(after.spawnedWorkers()).isEqualTo(3);
      assertThat(after.retiredWorkers()).isEqualTo(2);
      assertThat(after.recycledWorkers()).isZero();
    }
  }

  /** Without work there is no process at all; the first task brings one. */
  @Test
  void workersMinZero_taskComesAndGoes_soDoesTheWorker() throws Exception {
    try (Pool pool = Pool.open(options().workers(0, 2).idleTimeout(SHORT).build())) {
      assertThat(pool.statistics().spawnedWorkers()).isZero();
      assertThat(pool.apply(PID)).isPositive();
      assertThat(awaitWorkers(pool, 0).retiredWorkers()).isEqualTo(1);
      assertThat(pool.apply(PID)).isPositive();
    }
  }

  /** What runs when the pool is made smaller ends where it runs; what waited behind it goes elsewhere. */
  @Test
  void resize_busyWorkers_endTheirTasks() throws Exception {
    try (Pool pool = Pool.open(options().workers(3).build())) {
      Faults.awaitFull(pool);
      Faults.Gate gate = Faults.Gate.in(directory);
      List<AsyncResult<?>> running = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        running.add(pool.submit((RunnableTask) gate::pass));
      }
      gate.entered().awaitLines(3);
      List<AsyncResult<Long>> waiting = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        waiting.add(pool.submit(PID));
      }
      pool.resize(1);
      assertThat(pool.statistics().maxWorkers()).isEqualTo(1);
      gate.open();
      for (AsyncResult<?> result : running) {
        valueOf(result);
      }
      Set<Long> later = new HashSet<>();
      for (AsyncResult<Long> result : waiting) {
        later.add(valueOf(result));
      }
      assertThat(later).hasSize(1);
      assertThat(awaitWorkers(pool, 1).crashedWorkers()).isZero();
      pool.resize(2);
      awaitWorkers(pool, 2);
      Faults.assertBalanced(pool, 23);
    }
  }

  /** Making a pool smaller and larger again and again, while its workers are busy, starts no further processes. */
  @Test
  void resize_thereAndBackWhileBusy_keepsTheWorkers() throws Exception {
    try (Pool pool = Pool.open(options().workers(2).build())) {
      Faults.awaitFull(pool);
      Faults.Gate gate = Faults.Gate.in(directory);
      AsyncResult<?> first = pool.submit((RunnableTask) gate::pass);
      AsyncResult<?> second = pool.submit((RunnableTask) gate::pass);
      gate.entered().awaitLines(2);
      for (int i = 0; i < 200; i++) {
        pool.resize(1);
        pool.resize(2);
      }
      assertThat(pool.statistics().spawnedWorkers()).isEqualTo(2);
      gate.open();
      valueOf(first);
      valueOf(second);
      Faults.awaitFull(pool);
      assertThat(pool.statistics().spawnedWorkers()).isEqualTo(2);
    }
  }

  @Test
  void resize_badOrTooMuch_isRefusedAndChangesNothing() throws Exception {
    Pool pool = Pool.open(options().workers(1).maxHeapBytes(1L << 30).build());
    try (pool) {
      assertThatThrownBy(() -> pool.resize(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("workers: 0 (expected: 1 to 512)");
      assertThatThrownBy(() -> pool.resize(2, 1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pool.resize(512))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("512 JVMs of 1.0 GiB", "544.0 GiB", "that are left");
      assertThat(pool.statistics().maxWorkers()).isEqualTo(1);
      assertThat(pool.apply(PID)).isPositive();
    }
    assertThatThrownBy(() -> pool.resize(1)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(pool::refresh).isInstanceOf(IllegalStateException.class);
  }

  // Recycling.

  @Test
  void recycling_byAge_replacesWithoutLosingTasks() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxAge(SHORT).ageJitter(0.5);
    try (Pool pool = Pool.open(options().recycling(policy).build())) {
      Set<Long> pids = new HashSet<>();
      Faults.awaitLong("six workers").until(() -> {
        pids.add(pool.apply(PID));
        return pids.size() >= 6;
      });
      PoolStatistics now = pool.statistics();
      assertThat(now.crashedWorkers() + now.lostTasks()).isZero();
      assertThat(now.recycledWorkers()).isPositive().isLessThanOrEqualTo(now.retiredWorkers());
    }
  }

  /** While one is replaced, there are never fewer that serve. */
  @Test
  void recycling_byAge_capacityStays() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxAge(SHORT);
    try (Pool pool = Pool.open(options().workers(1).recycling(policy).build())) {
      Faults.awaitFull(pool);
      while (pool.statistics().recycledWorkers() < 3) {
        PoolStatistics now = pool.statistics();
        assertThat(now.workersReady() + now.workersBusy()).as("%s", now).isPositive();
      }
    }
  }

  /** A worker that may run one task has its successor started while it runs that; never more than one task runs. */
  @Test
  void recycling_byTasks_successorIsReadyButWaits() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxTasks(1);
    try (Pool pool = Pool.open(options().workers(1).recycling(policy).build())) {
      Faults.Gate gate = Faults.Gate.in(directory);
      AsyncResult<?> first = pool.submit((RunnableTask) gate::pass);
      AsyncResult<Long> second = pool.submit(PID);
      long pid = gate.entered().awaitPid();
      Faults.awaitLong("successor").until(() -> pool.statistics().workersReady() == 1);
      assertThat(second.isDone()).isFalse();
      gate.open();
      valueOf(first);
      assertThat(valueOf(second)).isNotEqualTo(pid);
      assertThat(pool.statistics().spawnedWorkers()).isLessThanOrEqualTo(4);
    }
  }

  @Test
  void recycling_byRss_replacesTheOneThatGrew() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxRssBytes(200L * MEBIBYTE);
    try (Pool pool = Pool.open(options().workers(1).recycling(policy).build())) {
      long before = pool.apply(PID);
      long grown = pool.apply(() -> {
        KEPT.add(new byte[250 * MEBIBYTE]);
        return Faults.pid();
      });
      assertThat(grown).isEqualTo(before);
      Faults.awaitLong("another worker").until(() -> pool.apply(PID) != before);
      assertThat(awaitWorkers(pool, 1).crashedWorkers()).isZero();
    }
  }

  /** A limit that every JVM is above replaces a worker after each task, and does not replace those that have run none for ever. */
  @Test
  void recycling_byRss_newWorkersStay() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxRssBytes(16L * MEBIBYTE);
    try (Pool pool = Pool.open(options().workers(1).recycling(policy).build())) {
      valueOf(pool.submit(Faults::pid));
      Faults.awaitLong("end of the first").until(() -> pool.statistics().recycledWorkers() == 1);
      Faults.awaitLong("the second stays")
          .during(Duration.ofMillis(600)) // two looks, and a start
          .until(() -> pool.statistics().spawnedWorkers() == 2);
    }
  }

  /** Garbage does not count, what stays does. */
  @Test
  void recycling_byHeapAfterGc_countsWhatStays() throws Exception {
    RecyclePolicy policy = RecyclePolicy.never().maxHeapBytesAfterGc(24L * MEBIBYTE);
    PoolOptions options =
        options().workers(1).maxHeapBytes(64 * MEBIBYTE).recycling(policy).build();
    try (Pool pool = Pool.open(options)) {
      long before = pool.apply(PID);
      pool.apply(() -> garbage(1000));
      assertThat(pool.apply(PID)).isEqualTo(before);
      pool.apply(() -> {
        KEPT.add(new byte[32 * MEBIBYTE]);
        return garbage(200);
      });
      Faults.awaitLong("another worker").until(() -> pool.apply(PID) != before);
      Faults.awaitLong("end of the first").until(() -> pool.statistics().recycledWorkers() == 1);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  private static int garbage(int megabytes) {
    int sum = 0;
    for (int i = 0; i < megabytes; i++) {
      sum += new byte[MEBIBYTE].length;
    }
    return sum;
  }

  /** The task that hides an OutOfMemoryError has its value, and its worker runs nothing further, not even what it has already got. */
  @Test
  void outOfMemory_hiddenByTheTask_workerIsNotUsedAgain() throws Exception {
    PoolOptions options = options().workers(1).maxHeapBytes(64 * MEBIBYTE).build();
    try (Pool pool = Pool.open(options)) {
      AsyncResult<Long> hidden = pool.submit(() -> {
        try {
          KEPT.add(new byte[256 * MEBIBYTE]);
        } catch (OutOfMemoryError expected) {
          KEPT.clear();
        }
        return Faults.pid();
      });
      List<AsyncResult<Long>> behind = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        behind.add(pool.submit(PID));
      }
      long pid = valueOf(hidden);
      for (AsyncResult<Long> result : behind) {
        assertThat(valueOf(result)).isNotEqualTo(pid);
      }
      PoolStatistics now = awaitWorkers(pool, 1);
      assertThat(now.recycledWorkers()).isEqualTo(1);
      assertThat(now.lostTasks() + now.crashedWorkers()).isZero();
    }
  }

  // Finalizer.

  @Test
  void finalizer_workersEndAsPlanned_runsInEach() throws Exception {
    Faults.Journal ended = Faults.Journal.in(directory);
    RecyclePolicy policy = RecyclePolicy.never().maxTasks(3);
    Set<Long> used = new HashSet<>();
    PoolOptions options =
        options().recycling(policy).finalizer(() -> ended.add(Faults.pid())).build();
    try (Pool pool = Pool.open(options)) {
      for (int i = 0; i < 10; i++) {
        used.add(pool.apply(PID));
      }
      pool.resize(1);
    }
    assertThat(ended.lines()).doesNotHaveDuplicates();
    assertThat(ended.lines()).containsAll(used.stream().map(String::valueOf).toList());
  }

  /** One that throws is told; one that hangs is ended after the grace period, and told, too. */
  @Test
  void finalizer_throwsOrHangs_isToldAndPoolCloses() throws Exception {
    for (boolean hangs : new boolean[] {false, true}) {
      List<String> told = new CopyOnWriteArrayList<>();
      PoolListener listener = new PoolListener() {
        @Override
        public void workerFinalizerFailed(WorkerEvent worker, String reason) {
          told.add(reason);
        }
      };
      RunnableTask finalizer = () -> {
        while (hangs) {
          Thread.onSpinWait();
        }
        throw new IllegalStateException("cannot say goodbye");
      };
      PoolOptions options = options()
          .gracePeriod(hangs ? SHORT : LONG)
          .finalizer(finalizer)
          .listener(listener)
          .build();
      try (Pool pool = Pool.open(options)) {
        Faults.awaitFull(pool);
      }
      Faults.awaitLong("told").until(() -> told.size() == 2);
      assertThat(told)
          .allMatch(reason -> reason.contains(hangs ? "grace period" : "cannot say goodbye"));
    }
  }

  // Refresh.

  @Test
  void refresh_underLoad_replacesAllAndLosesNothing() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      Set<Long> before = pids(pool, 2);
      Faults.Bystanders bystanders = new Faults.Bystanders(pool);
      bystanders.submit(200);
      CompletableFuture<Void> refreshed = pool.refresh();
      while (!refreshed.isDone()) {
        bystanders.submit(1);
        bystanders.check();
      }
      refreshed.get();
      assertThat(before).noneMatch(Faults::isAlive);
      assertThat(pids(pool, 2)).doesNotContainAnyElementsOf(before);
      bystanders.check();
      PoolStatistics now = pool.statistics();
      assertThat(now.recycledWorkers()).isEqualTo(2);
      assertThat(now.crashedWorkers() + now.lostTasks()).isZero();
      Faults.assertBalanced(pool, 4 + bystanders.count());
    }
  }

  /** A start that fails ends the refresh, and the old workers go on; when the cause is gone, the next one works. */
  @Test
  void refresh_startFails_oldWorkersStay() throws Exception {
    Path obstacle = directory.resolve("obstacle");
    String name = obstacle.toString();
    RunnableTask initializer = () -> {
      if (Files.exists(Path.of(name))) {
        throw new IllegalStateException("there is an obstacle");
      }
    };
    try (Pool pool = Pool.open(options().initializer(initializer).build())) {
      Set<Long> before = pids(pool, 2);
      Files.createFile(obstacle);
      assertThatThrownBy(() -> pool.refresh().get(LONG.toMillis(), TimeUnit.MILLISECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasCauseInstanceOf(WorkerStartException.class)
          .hasMessageContainingAll("there is an obstacle", "2 of the old workers stay");
      assertThat(pids(pool, 2)).isEqualTo(before);
      Files.delete(obstacle);
      pool.refresh().get(LONG.toMillis(), TimeUnit.MILLISECONDS);
      assertThat(pids(pool, 2)).hasSize(2).doesNotContainAnyElementsOf(before);
    }
  }

  @Test
  void refresh_poolClosed_fails() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    CompletableFuture<Void> refreshed;
    try (Pool pool = Pool.open(options().workers(1).build())) {
      pool.submit((RunnableTask) gate::pass);
      gate.entered().awaitLines(1);
      refreshed = pool.refresh();
      pool.shutdown();
      gate.open();
    }
    assertThatThrownBy(() -> refreshed.get(LONG.toMillis(), TimeUnit.MILLISECONDS))
        .hasCauseInstanceOf(IllegalStateException.class);
  }

  // Starts.

  /** While starts fail and then succeed again, each submission either runs or is told why it does not; none is forgotten. */
  @Test
  void starts_causeGoesAway_noSubmissionIsLost() throws Exception {
    Path obstacle = Files.createFile(directory.resolve("obstacle"));
    String name = obstacle.toString();
    RunnableTask initializer = () -> {
      if (Files.exists(Path.of(name))) {
        throw new IllegalStateException("there is an obstacle");
      }
    };
    PoolOptions options =
        options().workers(1).maxStartAttempts(1).initializer(initializer).build();
    try (Pool pool = Pool.open(options)) {
      List<AsyncResult<Long>> results = new ArrayList<>();
      boolean told = false;
      while (!told) {
        AsyncResult<Long> result = pool.submit(PID);
        results.add(result);
        told = result.await(Duration.ofMillis(20))
            && Faults.failureOf(result) instanceof WorkerStartException;
      }
      Files.delete(obstacle);
      for (int i = 0; i < 50; i++) {
        results.add(pool.submit(PID));
      }
      int values = 0;
      for (AsyncResult<Long> result : results) {
        try {
          valueOf(result);
          values++;
        } catch (ExecutionException failed) {
          assertThat(failed).hasCauseInstanceOf(WorkerStartException.class);
        }
      }
      assertThat(values).isPositive();
      assertThat(pool.apply(PID)).isPositive();
    }
  }
}
