// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LimitStage;
import io.procpool.LongForm;
import io.procpool.MemoryLimitException;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.ResultIterator;
import io.procpool.Task;
import io.procpool.TaskAbortedException;
import io.procpool.TaskContext;
import io.procpool.TaskOptions;
import io.procpool.TaskProgress;
import io.procpool.TaskStalledException;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The limits of running tasks: what happens to the task, to its worker, and to the tasks beside and behind it. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TaskLimitsTest {
  private static final long MIB = 1 << 20;
  private static final TaskOptions SOFT = TaskOptions.defaults().timeout(SHORT).timeoutGrace(LONG);

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static Pool open(String name) {
    return Pool.open(Faults.options(name).workers(1).build());
  }

  private static void spin() {
    while (true) {
      Thread.onSpinWait();
    }
  }

  /** Waits for an interrupt, and throws it. */
  private static int sleep() throws InterruptedException {
    Thread.sleep(LONG.toMillis() * 10);
    return 0;
  }

  /** A task that reacts to the interrupt with a value has not failed. */
  @Test
  void grace_endsWithValue_keepsIt() throws Exception {
    try (Pool pool = open("soft-value")) {
      long pid = valueOf(pool.submit(Faults::pid));
      AsyncResult<String> result = pool.with(SOFT).submit(() -> {
        try {
          sleep();
        } catch (InterruptedException e) {
          return "interrupted, cancelled: " + TaskContext.current().isCancelled();
        }
        return "not interrupted";
      });
      AsyncResult<Boolean> next = pool.submit(() -> Thread.currentThread().isInterrupted());
      assertThat(valueOf(result)).isEqualTo("interrupted, cancelled: true");
      assertThat(valueOf(next)).as("the next task is interrupted").isFalse();
      assertThat(valueOf(pool.submit(Faults::pid))).isEqualTo(pid);
      Faults.assertBalanced(pool, 4);
      assertThat(pool.statistics().lostTasks()).isZero();
    }
  }

  /** One that reacts with an exception fails with the timeout, for which that is the cause, and its worker lives on. */
  @Test
  void grace_endsWithException_isTimeoutAndWorkerLives() throws Exception {
    BlockingQueue<InfrastructureException> lost = new LinkedBlockingQueue<>();
    BlockingQueue<Long> finished = new LinkedBlockingQueue<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void taskLost(TaskEvent task, InfrastructureException failure) {
        lost.add(failure);
      }

      @Override
      public void taskFinished(TaskEvent task, boolean success, Duration runTime) {
        finished.add(task.taskId());
      }
    };
    try (Pool pool =
        Pool.open(Faults.options("soft-exception").workers(1).listener(listener).build())) {
      long pid = valueOf(pool.submit(Faults::pid));
      AsyncResult<Integer> result = pool.with(SOFT.name("sleeper")).submit(TaskLimitsTest::sleep);
      assertThat(failureOf(result)).isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
        assertThat(timeout.stage()).isEqualTo(LimitStage.INTERRUPTED);
        assertThat(timeout.timeout()).isEqualTo(SHORT);
        assertThat(timeout.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
        assertThat(timeout.poolUsable()).isTrue();
        assertThat(timeout.report().pid()).isEqualTo(pid);
        assertThat(timeout.report().exitValue()).isEqualTo(-1);
        assertThat(timeout.report().runTime()).isBetween(SHORT, LONG);
        assertThat(timeout).hasCauseInstanceOf(InterruptedException.class);
        assertThat(timeout)
            .hasMessageContaining("(sleeper)")
            .hasMessageContaining("it was interrupted and ended with an exception")
            .hasMessageContaining("lives on");
      });
      assertThat(valueOf(pool.submit(Faults::pid))).isEqualTo(pid);
      InfrastructureException told = lost.poll(LONG.toMillis(), TimeUnit.MILLISECONDS);
      assertThat(told).isInstanceOf(TaskTimeoutException.class);
      Faults.awaitLong("two finished").until(() -> finished.size() == 2);
      assertThat(finished).doesNotContain(result.taskId());
      Faults.assertBalanced(pool, 3);
      assertThat(pool.statistics().lostTasks()).isEqualTo(1);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  /** One that does not react is killed when the grace is over, and not before. */
  @Test
  void grace_ignored_isKilled() throws Exception {
    Faults.Journal interrupted = Faults.Journal.in(directory);
    try (Pool pool = open("soft-ignored")) {
      Duration grace = SHORT.multipliedBy(5);
      TaskOptions options = TaskOptions.defaults().timeout(SHORT).timeoutGrace(grace);
      AsyncResult<?> result = pool.with(options).submit(() -> {
        try {
          sleep();
        } catch (InterruptedException e) {
          interrupted.add("interrupted");
        }
        spin();
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
        assertThat(timeout.stage()).isEqualTo(LimitStage.KILLED);
        assertThat(timeout.report().runTime()).isGreaterThanOrEqualTo(SHORT.plus(grace));
        assertThat(timeout.report().exitValue()).isEqualTo(137);
        assertThat(timeout).hasMessageContaining("went on for the grace of");
      });
      assertThat(interrupted.lines()).containsExactly("interrupted");
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
      Faults.assertBalanced(pool, 2);
    }
  }

  /** A worker that dies in the grace by itself has crashed; the message says what came before. */
  @Test
  void grace_workerExits_isCrash() throws Exception {
    try (Pool pool = open("soft-exit")) {
      AsyncResult<?> result = pool.with(SOFT).submit(() -> {
        try {
          sleep();
        } catch (InterruptedException e) {
          Runtime.getRuntime().halt(7);
        }
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(WorkerCrashedException.class, crash -> {
        assertThat(crash.report().exitValue()).isEqualTo(7);
        assertThat(crash)
            .hasMessageContaining("it was interrupted, because it was over its timeout");
      });
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
  }

  /** Cancelled in the grace: the result is cancelled, and the worker dies after the pool's grace period, which is shorter. */
  @Test
  void grace_cancelledMeanwhile_isCancelled() throws Exception {
    Faults.Journal interrupted = Faults.Journal.in(directory);
    try (Pool pool = open("soft-cancel")) {
      AsyncResult<?> result = pool.with(SOFT).submit(() -> {
        try {
          sleep();
        } catch (InterruptedException e) {
          interrupted.add(Faults.pid());
        }
        spin();
      });
      long pid = interrupted.awaitPid();
      assertThat(result.cancel(true)).isTrue();
      Faults.awaitLong("the worker's end").until(() -> !Faults.isAlive(pid));
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2);
    }
  }

  /** In a batch the limit is each item's own, and so is the interrupt: the other items have their values, all from one worker. */
  @Test
  void grace_itemsOfBatch_areInterruptedOneByOne() throws Exception {
    int count = 12;
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      inputs.add(i);
    }
    TaskOptions options = SOFT.timeout(SHORT.multipliedBy(4)); // the first item is slow
    try (Pool pool = open("soft-batch")) {
      ResultIterator<Long> outcomes = pool.with(options)
          .imap(
              n -> {
                if (n % 5 == 2) {
                  sleep();
                }
                return Thread.currentThread().isInterrupted() ? -1 : Faults.pid();
              },
              inputs,
              count);
      long pid = 0;
      for (int i = 0; i < count; i++) {
        Outcome<Long> outcome = outcomes.nextOutcome();
        if (i % 5 == 2) {
          assertThat(outcome.error())
              .isInstanceOf(TaskTimeoutException.class)
              .hasCauseInstanceOf(InterruptedException.class);
        } else {
          pid = pid == 0 ? outcome.value() : pid;
          assertThat(outcome.value()).as("item %d", i).isPositive().isEqualTo(pid);
        }
      }
      Faults.assertBalanced(pool, count);
      assertThat(pool.statistics().lostTasks()).isEqualTo(2);
    }
  }

  /** Items that end at the edge of their timeout, again and again: the interrupt never reaches the item behind them. */
  @Test
  void grace_itemsEndAtTheEdge_interruptHitsNoOther() throws Exception {
    int rounds = Integer.getInteger("procpool.test.edgeRounds", LongForm.choose(2_000, 100));
    Duration edge = Duration.ofMillis(8);
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < 2 * rounds; i++) {
      inputs.add(i);
    }
    TaskOptions options = TaskOptions.defaults().timeout(edge).timeoutGrace(LONG);
    long nanos = edge.toNanos();
    int stray = 0;
    int overdue = 0;
    try (Pool pool = open("soft-edge")) {
      ResultIterator<Integer> outcomes = pool.with(options)
          .imap(
              n -> {
                long start = System.nanoTime();
                if (n % 2 == 0) {
                  // Until shortly before the watcher looks, and as long after.
                  long end = start + nanos + n % 100 * 40_000L;
                  while (System.nanoTime() < end) {
                    Thread.onSpinWait();
                  }
                  return TaskContext.current().isCancelled() ? 1 : 0;
                }
                while (System.nanoTime() - start < 500_000) {
                  Thread.onSpinWait();
                }
                boolean interrupted = Thread.currentThread().isInterrupted();
                return interrupted && !TaskContext.current().isCancelled() ? 2 : 0;
              },
              inputs,
              50);
      for (int i = 0; i < 2 * rounds; i++) {
        int value = outcomes.nextOutcome().value();
        overdue += value == 1 ? 1 : 0;
        stray += value == 2 ? 1 : 0;
      }
      Faults.assertBalanced(pool, 2L * rounds);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
    assertThat(overdue).as("items that were interrupted").isPositive();
    assertThat(stray).as("items hit by the interrupt of another").isZero();
  }

  /** As long as it reports progress a task may run; when it stops, it fails with its last word. */
  @Test
  void stall_noProgressAnyMore_isStalled() throws Exception {
    try (Pool pool = open("stall")) {
      TaskOptions options = TaskOptions.defaults().stallTimeout(SHORT.multipliedBy(2));
      long until = SHORT.toNanos() * 5;
      AsyncResult<?> result = pool.with(options).submit(() -> {
        TaskContext context = TaskContext.current();
        long start = System.nanoTime();
        while (System.nanoTime() - start < until) {
          context.progress(0.5, "tile 17");
          Thread.sleep(5);
        }
        spin();
        return 0;
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(TaskStalledException.class, stalled -> {
        assertThat(stalled.lastProgress()).isEqualTo(Optional.of(new TaskProgress(0.5, "tile 17")));
        assertThat(stalled.silence()).isBetween(SHORT.multipliedBy(2), LONG);
        assertThat(stalled.report().runTime()).isGreaterThanOrEqualTo(SHORT.multipliedBy(7));
        assertThat(stalled.stage()).isEqualTo(LimitStage.KILLED);
        assertThat(stalled).hasMessageContaining("50.0 % (tile 17)");
      });
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
  }

  /** Progress of one item is no sign of life of the next; and with a grace it is interrupted first. */
  @Test
  void stall_itemBehindOneThatReported_isStalledWithoutProgress() throws Exception {
    try (Pool pool = open("stall-batch")) {
      TaskOptions options = TaskOptions.defaults().stallTimeout(SHORT).timeoutGrace(LONG);
      ResultIterator<Integer> outcomes = pool.with(options)
          .imap(
              n -> {
                if (n == 1) {
                  sleep();
                }
                TaskContext.current().progress(0.9);
                return n;
              },
              List.of(0, 1, 2),
              3);
      assertThat(outcomes.nextOutcome().value()).isZero();
      assertThat(outcomes.nextOutcome().error())
          .isInstanceOfSatisfying(TaskStalledException.class, stalled -> {
            assertThat(stalled.lastProgress()).isEmpty();
            assertThat(stalled.stage()).isEqualTo(LimitStage.INTERRUPTED);
          });
      assertThat(outcomes.nextOutcome().value()).isEqualTo(2);
    }
  }

  /** Of two limits the one that is over first is the one that is told. */
  @Test
  void limits_twoAtOnce_theEarlierWins() throws Exception {
    try (Pool pool = open("two-limits")) {
      TaskOptions timeoutFirst = TaskOptions.defaults().timeout(SHORT).stallTimeout(LONG);
      TaskOptions stallFirst = TaskOptions.defaults().timeout(LONG).stallTimeout(SHORT);
      assertThat(failureOf(pool.with(timeoutFirst).submit(TaskLimitsTest::spin)))
          .isInstanceOf(TaskTimeoutException.class);
      assertThat(failureOf(pool.with(stallFirst).submit(TaskLimitsTest::spin)))
          .isInstanceOf(TaskStalledException.class);
    }
  }

  /** The resident memory counts, wherever it comes from. */
  @Test
  void maxRss_exceeded_isKilled() throws Exception {
    long limit = 160 * MIB;
    try (Pool pool = open("rss")) {
      Pool limited = pool.with(TaskOptions.defaults().maxRssBytes(limit));
      assertThat(valueOf(limited.submit(() -> 1))).isEqualTo(1);
      AsyncResult<?> result = limited.submit(() -> {
        List<ByteBuffer> hoard = new ArrayList<>();
        while (hoard.size() < 50) {
          ByteBuffer buffer = ByteBuffer.allocateDirect((int) (8 * MIB));
          for (int i = 0; i < buffer.capacity(); i += 512) {
            buffer.put(i, (byte) 1);
          }
          hoard.add(buffer);
          Thread.sleep(2);
        }
        spin();
        return 0;
      });
      assertThat(failureOf(result)).isInstanceOfSatisfying(MemoryLimitException.class, memory -> {
        assertThat(memory.kind()).isEqualTo(MemoryLimitException.Kind.RSS);
        assertThat(memory.limitBytes()).isEqualTo(limit);
        assertThat(memory.seenBytes()).isBetween(limit, 4 * limit);
        assertThat(memory.report().rssBytes()).isEqualTo(memory.seenBytes());
        assertThat(memory)
            .hasMessageContaining("resident memory of")
            .hasMessageContaining("160.0 MiB");
      });
      assertThat(valueOf(limited.submit(() -> 2))).isEqualTo(2);
    }
  }

  /** Of the heap only what is in use counts, not garbage. */
  @Test
  void maxHeap_garbage_doesNotCountAndWhatIsKeptDoes() throws Exception {
    long limit = 48 * MIB;
    try (Pool pool =
        Pool.open(Faults.options("heap").workers(1).maxHeapBytes(256 * MIB).build())) {
      Pool limited = pool.with(TaskOptions.defaults().maxHeapBytes(limit));
      AsyncResult<Long> garbage = limited.submit(() -> {
        long sum = 0;
        long start = System.nanoTime();
        while (sum < 3 * limit || System.nanoTime() - start < SHORT.toNanos() * 2) {
          sum += new byte[(int) MIB].length;
        }
        return sum;
      });
      assertThat(valueOf(garbage)).as("garbage made").isGreaterThan(2 * limit);
      AsyncResult<?> kept = limited.submit(() -> {
        List<byte[]> hoard = new ArrayList<>();
        while (hoard.size() < 100) {
          hoard.add(new byte[(int) MIB]);
        }
        Thread.sleep(LONG.toMillis());
        return hoard.size();
      });
      assertThat(failureOf(kept)).isInstanceOfSatisfying(MemoryLimitException.class, memory -> {
        assertThat(memory.kind()).isEqualTo(MemoryLimitException.Kind.HEAP);
        assertThat(memory.limitBytes()).isEqualTo(limit);
        assertThat(memory.seenBytes()).isBetween(limit, 256 * MIB);
        assertThat(memory.report().heapBytes()).isEqualTo(memory.seenBytes());
      });
      assertThat(valueOf(limited.submit(() -> 2))).isEqualTo(2);
    }
  }

  /** A limit for which the workers are set up wrongly is refused with the reason. */
  @Test
  void maxHeap_thatCannotBeKept_isRefused() throws Exception {
    TaskOptions limit = TaskOptions.defaults().maxHeapBytes(64 * MIB);
    try (Pool pool = Pool.open(
        Faults.options("heap-refused").workers(1).maxHeapBytes(64 * MIB).build())) {
      assertThatThrownBy(() -> pool.with(limit).submit(() -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(
              "is not below the heap of " + 64 * MIB + " of the pool's workers (maxHeapBytes)");
    }
    PoolOptions.Builder dealt =
        Faults.options("heap-dealt").taskDefaults(TaskOptions.defaults().maxHeapBytes(1L << 50));
    assertThatThrownBy(() -> Pool.open(dealt.build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("(dealt out of the memory budget)");
    PoolOptions.Builder noCollection =
        Faults.options("no-gc").taskDefaults(limit).jvmArgs(List.of("-XX:+DisableExplicitGC"));
    assertThatThrownBy(() -> Pool.open(noCollection.build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-XX:+DisableExplicitGC");
  }

  private enum Limit {
    TIMEOUT(TaskOptions.defaults().timeout(SHORT.multipliedBy(10))),
    GRACE(TaskOptions.defaults().timeout(SHORT.multipliedBy(10)).timeoutGrace(SHORT)),
    STALL(TaskOptions.defaults().stallTimeout(SHORT.multipliedBy(10))),
    RSS(TaskOptions.defaults().maxRssBytes(160 * MIB)),
    HEAP(TaskOptions.defaults().maxHeapBytes(48 * MIB));

    private final TaskOptions options;

    Limit(TaskOptions options) {
      this.options = options;
    }
  }

  /** With the worker go the processes that the task has started, and theirs, also one whose own parent is gone. */
  @ParameterizedTest
  @EnumSource(Limit.class)
  void kill_takesProcessesOfTheTask(Limit limit) throws Exception {
    Faults.Journal pids = Faults.Journal.in(directory);
    try (Pool pool = open("family-" + limit)) {
      Task<Integer> task = () -> {
        // A child, its child, and one that nobody is the parent of any more.
        new ProcessBuilder(
                "sh",
                "-c",
                "sleep 1000 & echo $! >> " + pids.path() + "; (sleep 1000 & echo $! >> "
                    + pids.path() + "); echo $$ >> " + pids.path() + "; wait")
            .start();
        pids.awaitLines(3);
        List<byte[]> hoard = new ArrayList<>();
        while (hoard.size() < 160 && limit != Limit.STALL) {
          hoard.add(new byte[(int) MIB]);
        }
        spin();
        return hoard.size();
      };
      assertThat(failureOf(pool.with(limit.options).submit(task)))
          .isInstanceOf(TaskAbortedException.class);
      assertThat(pids.lines()).isNotEmpty(); // all three, if the machine was not too slow
      for (String pid : pids.lines()) {
        Faults.awaitLong("end of " + pid).until(() -> !Faults.isAlive(Long.parseLong(pid)));
      }
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
  }
}
