// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolStatistics;
import io.procpool.ResultIterator;
import io.procpool.RunnableTask;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Timeouts and what happens in the same millisecond. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TimeoutEdgeTest {
  private static final Duration EDGE = Duration.ofMillis(15);

  private static final TaskFunction<Long, Long> SPIN = nanos -> {
    long end = System.nanoTime() + nanos;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
    return nanos;
  };

  private static final RunnableTask LOOP = () -> {
    while (true) {
      Thread.onSpinWait();
    }
  };

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** A task that ends within a millisecond of its timeout has one outcome, and the task behind it is never hit. */
  @Test
  void timeout_taskEndsAtTheEdge_hasOneOutcomeAndNextTaskItsValue() throws Exception {
    int rounds = Integer.getInteger("procpool.test.edgeRounds", LongForm.choose(2_000, 20));
    int timeouts = 0;
    try (Pool pool = Pool.open(Faults.options("edge").workers(1).build())) {
      Pool timed = pool.with(TaskOptions.defaults().timeout(EDGE));
      for (int i = 0; i < rounds; i++) {
        long nanos = EDGE.toNanos() - 1_000_000 + i % 20 * 100_000L; // 1 ms before to 1 ms after
        AsyncResult<Long> edge = timed.applyAsync(SPIN, nanos);
        AsyncResult<Integer> next = pool.applyAsync(n -> -n, i);
        try {
          assertThat(valueOf(edge)).isEqualTo(nanos);
        } catch (ExecutionException e) {
          assertThat(e).hasCauseInstanceOf(TaskTimeoutException.class);
          timeouts++;
        }
        assertThat(valueOf(next)).isEqualTo(-i);
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2L * rounds);
      PoolStatistics end = pool.statistics();
      assertThat(end.lostTasks()).isEqualTo(timeouts);
      assertThat(end.crashedWorkers()).as("one kill for each timeout").isEqualTo(timeouts);
    }
  }

  /** Single tasks of a few milliseconds, one after the other: each is begun at once, whoever reads the worker's channel. */
  @Test
  void apply_oneTaskAfterTheOther_neverStalls() throws Exception {
    int rounds = LongForm.choose(500, 150);
    try (Pool pool = Pool.open(Faults.options("sequence").workers(1).build())) {
      for (int i = 0; i < rounds; i++) {
        long nanos = 2_000_000 + i % 40 * 100_000L; // around the watcher's tick
        assertThat(valueOf(pool.applyAsync(SPIN, nanos))).as("round %d", i).isEqualTo(nanos);
      }
    }
  }

  /** A task that has become the next one because the one before it was cancelled still has its timeout. */
  @Test
  void timeout_taskInFrontWasCancelledBeforeItBegan_isKept() throws Exception {
    try (Pool pool = Pool.open(Faults.options("successor").workers(1).build())) {
      long pid = valueOf(pool.submit(Faults::pid));
      Faults.signal("STOP", pid);
      Faults.awaitLong("all threads of the worker suspended").until(() -> Faults.isSuspended(pid));
      AsyncResult<?> first = pool.submit(() -> 1);
      AsyncResult<?> second = pool.with(TaskOptions.defaults().timeout(SHORT)).submit(LOOP);
      Faults.awaitLong("both sent").until(() -> pool.statistics().activeTasks() == 2);
      assertThat(first.cancel(true)).isTrue();
      Faults.awaitLong("cancelled").until(() -> pool.statistics().cancelledTasks() == 1);
      Faults.signal("CONT", pid);
      assertThat(failureOf(second)).isInstanceOf(TaskTimeoutException.class);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 3);
    }
  }

  /** A worker that is suspended while it runs a task is killed at the timeout as any other. */
  @Test
  void timeout_workerSuspended_isKilled() throws Exception {
    try (Pool pool = Pool.open(Faults.options("suspended").workers(1).build())) {
      Duration timeout = SHORT.multipliedBy(3);
      while (!isKilledWhileSuspended(pool, timeout)) { // it was killed before it was suspended
        timeout = timeout.multipliedBy(2);
        assertThat(timeout).as("time to suspend a process").isLessThan(LONG);
      }
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
    }
  }

  private boolean isKilledWhileSuspended(Pool pool, Duration timeout) throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    AsyncResult<?> result = pool.with(TaskOptions.defaults().timeout(timeout)).submit(() -> {
      gate.pass();
      return 1;
    });
    Faults.awaitLong("the task to begin, or to be over")
        .until(() -> !gate.entered().lines().isEmpty() || result.isDone());
    if (gate.entered().lines().isEmpty()) {
      return false;
    }
    long pid = gate.entered().awaitPid();
    boolean suspended = suspend(pid, result);
    gate.open();
    assertThat(failureOf(result)).isInstanceOf(TaskTimeoutException.class);
    Faults.awaitLong("the worker's end").until(() -> !Faults.isAlive(pid));
    return suspended;
  }

  /** Returns false if the process has ended before all its threads were suspended. */
  private static boolean suspend(long pid, AsyncResult<?> result) throws Exception {
    if (new ProcessBuilder("kill", "-STOP", Long.toString(pid)).start().waitFor() != 0) {
      return false;
    }
    AtomicBoolean suspended = new AtomicBoolean();
    Faults.awaitLong("all threads of the worker suspended").until(() -> {
      try {
        suspended.set(Faults.isSuspended(pid));
      } catch (IOException ended) {
        return !Faults.isAlive(pid);
      }
      return suspended.get() || result.isDone();
    });
    return suspended.get();
  }

  /** A timeout inside a map ends one item; the others, before and after it, have their values. */
  @Test
  void timeout_itemOfMap_costsThatItemOnly() throws Exception {
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      inputs.add(i);
    }
    int slow = 31;
    Duration timeout = SHORT.multipliedBy(10); // far more than any other item takes
    try (Pool pool = Pool.open(Faults.options("map-item").build())) {
      ResultIterator<Integer> outcomes = pool.with(TaskOptions.defaults().timeout(timeout))
          .imap(
              n -> {
                while (n == slow) {
                  Thread.onSpinWait();
                }
                return -n;
              },
              inputs,
              20);
      for (int i : inputs) {
        Outcome<Integer> outcome = outcomes.nextOutcome();
        assertThat(outcome.index()).isEqualTo(i);
        if (i == slow) {
          assertThat(outcome.error()).isInstanceOf(TaskTimeoutException.class);
        } else {
          assertThat(outcome.value()).isEqualTo(-i);
        }
      }
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, inputs.size());
    }
  }

  /** A short task does not stay behind a long one: what was sent ahead is taken back. */
  @Test
  void submit_shortBehindLong_isTakenBackForIdleWorker() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("take-back").build())) {
      Task<Integer> held = () -> {
        gate.pass();
        return -1;
      };
      AsyncResult<Integer> first = pool.submit(held);
      gate.entered().awaitLines(1);
      List<AsyncResult<Integer>> shorts = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        shorts.add(pool.applyAsync(n -> n, i));
      }
      for (int i = 0; i < shorts.size(); i++) {
        assertThat(valueOf(shorts.get(i))).isEqualTo(i);
      }
      assertThat(first.isDone()).isFalse();
      gate.open();
      assertThat(valueOf(first)).isEqualTo(-1);
    }
  }

  /** A storm of output stalls neither its own task nor another. */
  @Test
  void submit_outputStorm_stallsNothing() throws Exception {
    int lines = 100_000;
    try (Pool pool = Pool.open(Faults.options("storm").build())) {
      AsyncResult<Integer> storm = pool.submit(() -> {
        for (int i = 0; i < lines; i++) {
          System.out.println("a line of output, number " + i);
          System.err.println("a line of errors, number " + i);
        }
        return lines;
      });
      long start = System.nanoTime();
      int beside = 0;
      do {
        AsyncResult<Integer> next = pool.applyAsync(n -> n + 1, beside);
        assertThat(valueOf(next)).isEqualTo(beside + 1);
        beside++;
      } while (!storm.isDone() && System.nanoTime() - start < LONG.toNanos());
      assertThat(valueOf(storm)).isEqualTo(lines);
      assertThat(beside).isPositive();
    }
  }
}
