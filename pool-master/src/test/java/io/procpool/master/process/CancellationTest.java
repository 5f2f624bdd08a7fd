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
import io.procpool.Pool;
import io.procpool.PoolTerminatedException;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.TaskOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Cancelling, interrupting, and closing a pool over tasks that do not want to end. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CancellationTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** A task that was cancelled before it started never runs, however many there are. */
  @Test
  void cancel_queued_neverRuns() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Faults.Journal ran = Faults.Journal.in(directory);
    try (Pool pool = Pool.open(Faults.options("queued").workers(1).build())) {
      Task<Integer> held = () -> {
        gate.pass();
        return 0;
      };
      AsyncResult<Integer> first = pool.submit(held);
      gate.entered().awaitLines(1);
      List<AsyncResult<Integer>> queued = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        queued.add(pool.applyAsync(noting(ran), i));
      }
      for (int i = 0; i < queued.size(); i += 2) {
        assertThat(queued.get(i).cancel(true)).isTrue();
      }
      gate.open();
      assertThat(valueOf(first)).isZero();
      for (int i = 1; i < queued.size(); i += 2) {
        assertThat(valueOf(queued.get(i))).isEqualTo(i);
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 101);
      assertThat(pool.statistics().crashedWorkers()).isZero();
      assertThat(ran.lines()).hasSize(50).noneMatch(line -> Integer.parseInt(line) % 2 == 0);
    }
  }

  private static TaskFunction<Integer, Integer> noting(Faults.Journal journal) {
    return n -> {
      journal.add(n);
      return n;
    };
  }

  /** An executor that is shut down and forgotten leaves nothing, as any other. */
  @Test
  void shutdown_neverAwaited_leavesNothing() throws Exception {
    Pool pool = Pool.open(Faults.options("forgotten").build());
    AsyncResult<Integer> result = pool.submit(() -> 1);
    pool.shutdown();
    assertThat(valueOf(result)).isEqualTo(1);
    Faults.awaitLong("the end of the pool").until(pool::isTerminated);
    assertThat(pool.awaitTermination(0, TimeUnit.SECONDS)).isTrue();
  }

  /** What a worker that is being killed had not begun is not kept for a pool that ends. */
  @Test
  void terminate_whileTimeoutsKill_ends() throws Exception {
    for (int round = 0; round < LongForm.choose(8, 4); round++) {
      try (Pool pool = Pool.open(Faults.options("ending").build())) {
        Faults.awaitFull(pool);
        AsyncResult<List<Integer>> result = pool.with(TaskOptions.defaults().timeout(SHORT))
            .mapAsync(
                n -> {
                  while (n % 10 == 0) {
                    Thread.onSpinWait();
                  }
                  return n;
                },
                List.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19),
                10);
        Faults.awaitLong("the first chunk").until(() -> pool.statistics().activeTasks() > 0);
        long aroundTheKill = SHORT.toNanos() + (round - 2) * 1_000_000L;
        TimeUnit.NANOSECONDS.sleep(aroundTheKill);
        pool.terminate();
        assertThat(pool.isTerminated()).isTrue();
        assertThat(failureOf(result)).isInstanceOf(InfrastructureException.class);
      }
    }
  }

  /** A worker at its last item has nothing to give; the idle take from another. */
  @Test
  void map_workerHeldAtItsLastItem_restIsTakenFromAnother() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    TaskFunction<Integer, Integer> heldAtZero = n -> {
      if (n == 0) {
        gate.pass();
      }
      return n;
    };
    Faults.Journal done = Faults.Journal.in(directory);
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      inputs.add(i);
    }
    try (Pool pool = Pool.open(Faults.options("straggler").workers(3).build())) {
      Faults.awaitFull(pool);
      AsyncResult<List<Integer>> exhausted = pool.mapAsync(heldAtZero, List.of(0, 1), 1);
      gate.entered().awaitLines(1);
      Faults.awaitLong("one busy").until(() -> pool.statistics().workersReady() == 2);
      AsyncResult<List<Integer>> rich = pool.mapAsync(
          n -> {
            if (n == 0) {
              gate.pass();
            }
            done.add(n);
            return n;
          },
          inputs,
          inputs.size());
      done.awaitLines(inputs.size() / 2);
      assertThat(gate.isOpen()).isFalse();
      gate.open();
      assertThat(valueOf(exhausted)).containsExactly(0, 1);
      assertThat(valueOf(rich)).isEqualTo(inputs);
    }
  }

  /** Cancelling while short tasks rush by hits nobody else: no worker is taken for a liar because it skipped one. */
  @Test
  void cancel_whileTasksRushBy_costsNoOtherTask() throws Exception {
    int rounds = 30;
    int burst = 400;
    try (Pool pool = Pool.open(Faults.options("rush").build())) {
      long accepted = 0;
      for (int round = 0; round < rounds; round++) {
        List<AsyncResult<Integer>> results = new ArrayList<>();
        for (int i = 0; i < burst; i++) {
          results.add(pool.applyAsync(n -> n, i));
        }
        accepted += burst;
        for (int i = 0; i < burst; i += 3) {
          results.get(i).cancel(false);
        }
        for (int i = 0; i < burst; i++) {
          if (!results.get(i).isCancelled()) {
            assertThat(valueOf(results.get(i))).isEqualTo(i);
          }
        }
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, accepted);
      assertThat(pool.statistics().crashedWorkers()).isZero();
      assertThat(pool.statistics().spawnedWorkers()).isEqualTo(2);
    }
  }

  /** A task that ignores the interrupt loses its worker after the grace period; what waited there runs elsewhere. */
  @Test
  void cancel_interruptIgnored_killsWorkerAndNoOtherTask() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("ignoring").workers(1).build())) {
      AsyncResult<Integer> stubborn = pool.submit(() -> {
        gate.pass();
        return 0;
      });
      long pid = gate.entered().awaitPid();
      Faults.Bystanders prefetched = new Faults.Bystanders(pool);
      prefetched.submit(40);
      long start = System.nanoTime();
      assertThat(stubborn.cancel(true)).isTrue();
      Faults.awaitLong("the kill").until(() -> !Faults.isAlive(pid));
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(SHORT);
      prefetched.check();
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 1L + prefetched.count());
      assertThat(pool.statistics().crashedWorkers()).isEqualTo(1);
    }
  }

  /** An interrupted task ends by itself, and its worker goes on. */
  @Test
  void cancel_running_interruptsAndKeepsWorker() throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    try (Pool pool =
        Pool.open(Faults.options("interrupt").workers(1).gracePeriod(LONG).build())) {
      AsyncResult<?> result = pool.submit(() -> {
        journal.add(Faults.pid());
        try {
          Thread.sleep(LONG.toMillis());
        } catch (InterruptedException e) {
          journal.add("interrupted");
        }
        return null;
      });
      long pid = journal.awaitPid();
      assertThat(result.cancel(true)).isTrue();
      assertThat(failureOf(result)).isInstanceOf(CancellationException.class);
      assertThat(journal.awaitLines(2)).endsWith("interrupted");
      assertThat(valueOf(pool.submit(Faults::pid))).isEqualTo(pid);
    }
  }

  /** Code of a task that interrupts its own thread, or later the thread that ran it, does not harm its worker. */
  @Test
  void interrupt_byTheTasksOwnCode_harmsNobody() throws Exception {
    try (Pool pool = Pool.open(Faults.options("self").workers(1).build())) {
      long pid = valueOf(pool.submit(Faults::pid));
      List<Integer> inputs = new ArrayList<>();
      for (int i = 0; i < 400; i++) {
        inputs.add(i);
      }
      TaskFunction<Integer, Integer> interrupting = n -> {
        long end = System.nanoTime() + 200_000;
        while (System.nanoTime() < end) {
          Thread.onSpinWait();
        }
        Thread.currentThread().interrupt();
        return n;
      };
      assertThat(pool.map(interrupting, inputs, 200)).isEqualTo(inputs);
      Faults.Gate gate = Faults.Gate.in(directory);
      Faults.Journal done = Faults.Journal.in(directory);
      valueOf(pool.submit(() -> {
        Thread runner = Thread.currentThread();
        Thread left = new Thread(() -> {
          gate.pass();
          runner.interrupt();
          done.add("interrupted");
        });
        left.setDaemon(true);
        left.start();
        return null;
      }));
      gate.entered().awaitLines(1);
      gate.open();
      done.awaitLines(1);
      AsyncResult<Boolean> status = pool.submit(Thread::interrupted);
      assertThat(valueOf(status)).isFalse();
      assertThat(valueOf(pool.submit(Faults::pid))).as("pid of the worker").isEqualTo(pid);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  /** close() waits for a stubborn task; an interrupt turns it into shutdownNow(), bounded by the grace period. */
  @Test
  void close_interruptedOverStubbornTask_isBoundedByGrace() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Pool pool = Pool.open(Faults.options("close").build());
    AsyncResult<Integer> stubborn = pool.submit(() -> {
      gate.pass();
      return 0;
    });
    gate.entered().awaitLines(1);
    Thread closer = new Thread(pool::close, "closer");
    closer.start();
    Faults.awaitLong("the pool to be shut down").until(pool::isShutdown);
    long start = System.nanoTime();
    closer.interrupt();
    closer.join(LONG.toMillis());
    assertThat(closer.isAlive()).isFalse();
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isLessThan(SHORT.multipliedBy(3).plusSeconds(2));
    Throwable failure = failureOf(stubborn);
    assertThat(failure).isInstanceOf(PoolTerminatedException.class);
    assertThat(((PoolTerminatedException) failure).certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
    Faults.assertBalanced(pool, 1);
  }

  /** shutdownNow() over stubborn and waiting tasks, single and map: everything completes within the grace period. */
  @Test
  void shutdownNow_stubbornAndWaiting_completesAllWithinGrace() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Pool pool = Pool.open(Faults.options("now").build());
    List<AsyncResult<?>> results = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      results.add(pool.submit(() -> {
        gate.pass();
        return 0;
      }));
    }
    gate.entered().awaitLines(2);
    for (int i = 0; i < 50; i++) {
      results.add(pool.applyAsync(n -> n, i));
    }
    results.add(pool.mapAsync(n -> n, List.of(1, 2, 3, 4, 5), 2));
    long start = System.nanoTime();
    pool.shutdownNow();
    assertThat(pool.awaitTermination(LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isLessThan(SHORT.multipliedBy(3).plusSeconds(2));
    for (AsyncResult<?> result : results) {
      assertThat(failureOf(result)).isInstanceOf(PoolTerminatedException.class);
    }
    Faults.assertBalanced(pool, 57);
  }
}
