// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import io.procpool.RetryPolicy;
import io.procpool.TaskContext;
import io.procpool.TaskOptions;
import io.procpool.WorkerSnapshot;
import io.procpool.master.pool.TaskPool;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pool tells what it does however badly it or its workers fare. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SnapshotFaultTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** An event loop that has no time for the question does not hold up who asks; what was known before is told as such. */
  @Test
  void snapshot_eventLoopBusy_isWhatWasKnown() throws Exception {
    PoolOptions options = Faults.options("snapshot-busy").build();
    ProcessEngine engine = ProcessEngine.open(options);
    CountDownLatch release = new CountDownLatch(1);
    try (Pool pool = TaskPool.on(engine, options)) {
      Faults.awaitFull(pool);
      PoolSnapshot before = pool.snapshot();
      CountDownLatch held = new CountDownLatch(1);
      engine.inLoop(() -> {
        held.countDown();
        awaitUninterruptibly(release);
      });
      held.await();
      long start = System.nanoTime();
      PoolSnapshot during = pool.snapshot();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Faults.LONG.dividedBy(2));
      assertThat(during.current()).isFalse();
      assertThat(during.when()).isEqualTo(before.when());
      assertThat(during.workers()).hasSize(2);
      assertThat(during.toString()).contains("what was known then, because it does not answer now");
      release.countDown();
      PoolSnapshot after = pool.snapshot();
      assertThat(after.current()).isTrue();
      assertThat(after.when()).isAfter(before.when());
    } finally {
      release.countDown();
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What a worker does is read from memory, and so known though the worker itself cannot say anything. */
  @Test
  void snapshot_busyWorkerStopped_tellsItsTask() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("snapshot-stopped").build())) {
      AsyncResult<Long> held = pool.submit(() -> {
        gate.pass();
        return ProcessHandle.current().pid();
      });
      long pid = gate.entered().awaitPid();
      Faults.signal("STOP", pid);
      try {
        WorkerSnapshot stopped = worker(pool.snapshot(), pid);
        assertThat(stopped.state()).isEqualTo(WorkerSnapshot.State.BUSY);
        assertThat(stopped.task().orElseThrow().taskId()).isEqualTo(held.taskId());
        assertThat(stopped.rssBytes()).isPositive();
      } finally {
        Faults.signal("CONT", pid);
      }
      gate.open();
      assertThat(Faults.valueOf(held)).isEqualTo(pid);
    }
  }

  private static WorkerSnapshot worker(PoolSnapshot snapshot, long pid) {
    return snapshot.workers().stream()
        .filter(worker -> worker.pid() == pid)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no worker " + pid + " in " + snapshot));
  }

  /** The dead are soon left out, and their task is nowhere twice. */
  @Test
  void snapshot_workerKilled_showsItsSuccessor() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("snapshot-killed").build())) {
      AsyncResult<Integer> held = pool.submit(() -> {
        gate.pass();
        return 1;
      });
      long pid = gate.entered().awaitPid();
      Faults.signal("KILL", pid);
      Faults.failureOf(held);
      Faults.awaitFull(pool);
      PoolSnapshot snapshot = pool.snapshot();
      assertThat(snapshot.workers()).hasSize(2).noneMatch(worker -> worker.pid() == pid);
      assertThat(snapshot.workers()).allMatch(worker -> worker.task().isEmpty());
      assertThat(snapshot.statistics().crashedWorkers()).isEqualTo(1);
      assertThat(snapshot.statistics().lostTasks()).isEqualTo(1);
    }
  }

  @Test
  void snapshot_ofRetriedTask_tellsTheAttempt() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("snapshot-retried").build())) {
      AsyncResult<Integer> retried = pool.with(TaskOptions.defaults().retries(RetryPolicy.of(1)))
          .submit(() -> {
            if (TaskContext.current().attempt() == 1) {
              Faults.signal("KILL", Faults.pid());
            }
            gate.pass();
            return 1;
          });
      gate.entered().awaitPid();
      WorkerSnapshot.CurrentTask task = pool.snapshot().workers().stream()
          .flatMap(worker -> worker.task().stream())
          .findFirst()
          .orElseThrow();
      assertThat(task.taskId()).isEqualTo(retried.taskId());
      assertThat(task.attempt()).isEqualTo(2);
      gate.open();
      Faults.valueOf(retried);
    }
  }
}
