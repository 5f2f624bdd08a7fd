// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.Task;
import io.procpool.WorkerCrashedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A worker that somebody stops while it is idle must not keep the tasks that are handed to it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SilentWorkerTest {
  private static final Task<Long> PID = () -> ProcessHandle.current().pid();

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void submit_idleWorkerStopped_othersRunItsTasks() throws Exception {
    try (Pool pool = Pool.open(Faults.options("silent").build())) {
      List<Long> workers = bothWorkers(pool);
      long stopped = workers.get(0);
      suspend(stopped);
      assertThat(pidsOf(pool, 20)).containsOnly(workers.get(1));
      assertThat(pool.map(n -> n + 1, List.of(1, 2, 3))).containsExactly(2, 3, 4);
      Faults.signal("CONT", stopped);
      Faults.awaitLong("the worker gets tasks again")
          .until(() -> pidsOf(pool, 2).contains(stopped));
      assertThat(pool.statistics().crashedWorkers()).isZero();
      assertThat(pool.statistics().lostTasks()).isZero();
    }
  }

  @Test
  void submit_silentWorkerKilled_costsNoTask() throws Exception {
    try (Pool pool = Pool.open(Faults.options("silent-killed").build())) {
      List<Long> workers = bothWorkers(pool);
      suspend(workers.get(0));
      assertThat(pidsOf(pool, 5)).containsOnly(workers.get(1));
      Faults.signal("KILL", workers.get(0));
      Faults.awaitLong("a replacement").until(() -> pool.statistics().spawnedWorkers() == 3);
      Faults.awaitFull(pool);
      assertThat(bothWorkers(pool)).doesNotContain(workers.get(0));
      assertThat(pool.statistics().lostTasks()).isZero();
    }
  }

  @Test
  void submit_busyWorkerStopped_onlyItsTaskWaits() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("silent-busy").build())) {
      AsyncResult<Long> held = pool.submit(() -> {
        gate.pass();
        return ProcessHandle.current().pid();
      });
      long stopped = gate.entered().awaitPid();
      suspend(stopped);
      gate.open();
      assertThat(pidsOf(pool, 20)).doesNotContain(stopped);
      assertThat(held.isDone()).isFalse();
      Faults.signal("CONT", stopped);
      assertThat(valueOf(held)).isEqualTo(stopped);
    }
  }

  @Test
  void submit_allWorkersStopped_waitsForThem() throws Exception {
    try (Pool pool = Pool.open(Faults.options("silent-all").workers(1).build())) {
      long stopped = valueOf(pool.submit(PID));
      suspend(stopped);
      AsyncResult<Long> result = pool.submit(PID);
      Faults.awaitLong("the task is taken back").until(() -> pool.statistics().pendingTasks() == 1);
      Faults.signal("CONT", stopped);
      assertThat(valueOf(result)).isEqualTo(stopped);
      suspend(stopped);
      AsyncResult<Long> killed = pool.submit(() -> {
        Runtime.getRuntime().halt(7);
        return 0L;
      });
      Faults.signal("CONT", stopped);
      assertThat(failureOf(killed)).isInstanceOf(WorkerCrashedException.class);
    }
  }

  private List<Long> bothWorkers(Pool pool) throws Exception {
    Faults.awaitFull(pool);
    Set<Long> pids = new HashSet<>();
    Faults.awaitLong("both workers").until(() -> {
      pids.addAll(pidsOf(pool, 2));
      return pids.size() == 2;
    });
    return List.copyOf(pids);
  }

  private static void suspend(long pid) throws Exception {
    Faults.signal("STOP", pid);
    Faults.awaitLong("all threads of the worker suspended").until(() -> Faults.isSuspended(pid));
  }

  private static Set<Long> pidsOf(Pool pool, int tasks) throws Exception {
    List<AsyncResult<Long>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      results.add(pool.submit(PID));
    }
    Set<Long> pids = new HashSet<>();
    for (AsyncResult<Long> result : results) {
      pids.add(valueOf(result));
    }
    return pids;
  }
}
