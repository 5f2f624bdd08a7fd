// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.WorkerSnapshot.CurrentTask;
import io.procpool.WorkerSnapshot.State;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** What a pool tells of itself and its workers while it runs. */
public abstract class PoolSnapshotContract extends PoolContract {
  private static List<CurrentTask> tasks(PoolSnapshot snapshot) {
    return snapshot.workers().stream().flatMap(worker -> worker.task().stream()).toList();
  }

  private static CurrentTask onlyTask(PoolSnapshot snapshot) {
    assertThat(tasks(snapshot)).hasSize(1);
    return tasks(snapshot).get(0);
  }

  private static int hold(Gate gate) throws InterruptedException {
    TaskContext.current().progress(0.25, "page 17\n\u001b[2J");
    gate.pass();
    return 1;
  }

  @PoolTest(
      fresh = true,
      workers = {1, 3})
  void snapshot_ofIdlePool_hasItsWorkersReady(Pool pool, PoolContext context) throws Exception {
    pool.map(ContractTasks::square, range(0, 20));
    int workers = context.isInline() ? 1 : context.workers();
    await()
        .atMost(Times.LONG)
        .until(() -> pool.snapshot().statistics().workersReady() == workers
            && pool.snapshot().statistics().activeTasks() == 0);
    Instant before = Instant.now();
    PoolSnapshot snapshot = pool.snapshot();
    assertThat(snapshot.name()).isEqualTo(pool.options().name());
    assertThat(snapshot.backend()).isEqualTo(pool.options().backend());
    assertThat(snapshot.current()).isTrue();
    assertThat(snapshot.when()).isBetween(before, Instant.now());
    assertThat(snapshot.state()).isEqualTo(PoolSnapshot.State.OPEN);
    assertThat(snapshot.oldestWait()).isEmpty();
    assertThat(snapshot.statistics()).isEqualTo(pool.statistics());
    assertThat(snapshot.workers()).hasSize(workers).allSatisfy(worker -> {
      assertThat(worker.name()).matches(context.isInline() ? "inline" : "worker-\\d+");
      assertThat(worker.state()).isEqualTo(State.READY);
      assertThat(worker.age()).isGreaterThanOrEqualTo(worker.inState()).isPositive();
      assertThat(worker.waitingTasks()).isZero();
      assertThat(worker.task()).isEmpty();
      assertThat(worker.pid() == ProcessHandle.current().pid()).isEqualTo(!context.isProcesses());
      if (context.isProcesses()) {
        assertThat(worker.rssBytes()).isGreaterThan(1 << 20);
      } else {
        assertThat(worker.rssBytes()).isEqualTo(-1);
      }
    });
    assertThat(snapshot.workers().stream().mapToLong(WorkerSnapshot::endedTasks).sum())
        .isEqualTo(20);
    assertThat(snapshot.toString())
        .contains("pool \"" + pool.options().name() + "\"", "20 completed", "READY")
        .hasLineCount(3 + workers);
  }

  @PoolTest(workers = 2)
  void snapshot_ofRunningTask_tellsItsNameTimeAndProgress(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    TaskOptions named = TaskOptions.defaults().name("render");
    Pool view = context.isInline()
        ? pool.with(named)
        : pool.with(named.priority(3).submitter("web").key("user-17"));
    Thread caller = context.thread(() -> view.applyAsync(PoolSnapshotContract::hold, gate));
    gate.awaitEntered(1);
    PoolSnapshot first = pool.snapshot();
    CurrentTask task = onlyTask(first);
    assertThat(task.name()).isEqualTo("render");
    assertThat(task.taskId()).isPositive();
    assertThat(task.input()).isEqualTo(-1);
    assertThat(task.attempt()).isEqualTo(1);
    assertThat(task.progress())
        .isEqualTo(Optional.of(new TaskProgress(0.25, "page 17\n\u001b[2J")));
    assertThat(task.priority()).isEqualTo(context.isInline() ? 0 : 3);
    assertThat(task.submitter())
        .isEqualTo(context.isInline() ? Optional.empty() : Optional.of("web"));
    assertThat(task.key())
        .isEqualTo(context.isInline() ? Optional.empty() : Optional.of("user-17"));
    WorkerSnapshot busy =
        first.workers().stream().filter(w -> w.task().isPresent()).findFirst().orElseThrow();
    assertThat(busy.state()).isEqualTo(State.BUSY);
    assertThat(first.toString())
        .as("control characters would reach the terminal")
        .doesNotContain("\u001b")
        .contains("task " + task.taskId() + " (render) for ", "25 % page 17 [2J");
    Duration later = task.runTime().plusMillis(30);
    await()
        .atMost(Times.LONG)
        .until(() -> onlyTask(pool.snapshot()).runTime().compareTo(later) > 0);
    gate.open();
    await().atMost(Times.LONG).until(() -> tasks(pool.snapshot()).isEmpty());
    caller.join();
  }

  /** Inputs of maps are known by their place, also when several travel together and when they are read lazily. */
  @PoolTest(fresh = true, workers = 1)
  void snapshot_ofMap_tellsWhichInputRuns(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Thread mapper =
        context.thread(() -> pool.mapAsync(n -> n == 7 ? hold(gate) : n, range(0, 12), 5));
    gate.awaitEntered(1);
    PoolSnapshot snapshot = pool.snapshot();
    assertThat(onlyTask(snapshot).input()).isEqualTo(7);
    assertThat(snapshot.workers().get(0).endedTasks()).isEqualTo(7);
    if (!context.isInline()) {
      assertThat(
              snapshot.workers().get(0).waitingTasks() + snapshot.statistics().pendingTasks())
          .isEqualTo(4);
    }
    gate.open();
    mapper.join();
    Gate second = context.gate();
    Thread reader = context.thread(() -> {
      try (ResultIterator<Integer> results =
          pool.imap(n -> n == 9 ? hold(second) : n, range(0, 30), 4)) {
        listOf(results);
      }
    });
    second.awaitEntered(1);
    assertThat(onlyTask(pool.snapshot()).input()).isEqualTo(9);
    second.open();
    reader.join();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = "nothing waits")
  void snapshot_ofFullPool_tellsWhatWaits(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(100));
    Gate gate = context.gate();
    for (int i = 0; i < 30; i++) {
      pool.applyAsync(PoolSnapshotContract::hold, gate);
    }
    gate.awaitEntered(1);
    PoolSnapshot first = pool.snapshot();
    assertThat(first.statistics().pendingTasks()).isPositive();
    WorkerSnapshot worker = first.workers().get(0);
    assertThat(1 + worker.waitingTasks() + first.statistics().pendingTasks()).isEqualTo(30);
    assertThat(first.backPressure().tasks()).isEqualTo(30);
    assertThat(first.backPressure().maxTasks()).isEqualTo(100);
    assertThat(first.backPressure().maxBytes()).isEqualTo(Long.MAX_VALUE);
    Duration later = first.oldestWait().orElseThrow().plusMillis(30);
    await()
        .atMost(Times.LONG)
        .until(() -> pool.snapshot().oldestWait().orElseThrow().compareTo(later) > 0);
    assertThat(first.toString())
        .contains("accepted: 30 of at most 100 tasks", " pending (for up to ");
    gate.open();
  }

  @PoolTest(fresh = true, workers = 2)
  void snapshot_ofClosedPool_isOfItsEnd(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    context.thread(() -> pool.applyAsync(PoolSnapshotContract::hold, gate));
    gate.awaitEntered(1);
    pool.shutdown();
    assertThat(pool.snapshot().state()).isEqualTo(PoolSnapshot.State.CLOSING);
    assertThat(tasks(pool.snapshot())).hasSize(1);
    gate.open();
    pool.close();
    PoolSnapshot snapshot = pool.snapshot();
    assertThat(snapshot.state()).isEqualTo(PoolSnapshot.State.TERMINATED);
    assertThat(snapshot.current()).isTrue();
    assertThat(snapshot.workers()).isEmpty();
    assertThat(snapshot.statistics().completedTasks()).isEqualTo(1);
    assertThat(snapshot.toString()).contains("terminated");
  }

  @PoolTest(workers = 1)
  void snapshot_inInterruptedThread_isTakenAndLeavesTheStatus(Pool pool) {
    Thread.currentThread().interrupt();
    try {
      assertThat(pool.snapshot().current()).isTrue();
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      Thread.interrupted();
    }
  }

  /** Every task is somewhere, once, at every moment. */
  @PoolTest(fresh = true, workers = 3)
  void snapshot_underLoad_addsUp(Pool pool, PoolContext context) throws Exception {
    int inputs = 20_000;
    Thread load = context.thread(() -> {
      for (int i = 0; i < 3; i++) {
        listOf(pool.imapUnordered(ContractTasks::square, range(0, inputs)));
      }
    });
    while (load.isAlive()) {
      PoolSnapshot snapshot = pool.snapshot();
      PoolStatistics counts = snapshot.statistics();
      long known = 0;
      for (WorkerSnapshot worker : snapshot.workers()) {
        known += worker.endedTasks() + worker.waitingTasks();
        worker.task().ifPresent(task -> assertThat(task.input()).isBetween(0L, inputs - 1L));
        assertThat(worker.task().isPresent() && worker.state() == State.READY).isFalse();
      }
      if (!context.isInline()) {
        assertThat(counts.completedTasks() + counts.activeTasks() - known)
            .as("tasks that run: %s", snapshot)
            .isBetween(0L, 3L);
      }
    }
    assertThat(pool.snapshot().statistics().completedTasks()).isEqualTo(3L * inputs);
  }
}
