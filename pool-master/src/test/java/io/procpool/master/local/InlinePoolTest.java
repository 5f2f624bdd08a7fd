// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.Overflow;
import io.procpool.TaskFailedException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is particular to a pool whose tasks run in the thread that submits them. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class InlinePoolTest {
  private static final long LONG_SECONDS = 60;

  private static PoolOptions.Builder options() {
    return PoolOptions.builder().backend(PoolOptions.INLINE);
  }

  // A pool that is full.

  @Test
  void open_overflowBlock_isRefused() {
    PoolOptions options = options().maxPendingTasks(1).overflow(Overflow.BLOCK).build();
    assertThatThrownBy(() -> Pool.open(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("\"inline\"", "overflow=BLOCK");
  }

  /** A task that submits another does not wait for the room that it takes itself. */
  @Test
  void apply_nestedInFullPool_isRejected() throws Exception {
    try (Pool pool = Pool.open(options().maxPendingTasks(1).build())) {
      assertThatThrownBy(() -> pool.apply(() -> pool.apply(() -> 1)))
          .isInstanceOf(RejectedExecutionException.class)
          .hasMessageContaining("full");
      assertThat(pool.apply(() -> 2)).isEqualTo(2);
    }
  }

  // Interrupts.

  /** How a call in a thread ended, and the interrupt status it left. */
  private record End(Throwable thrown, boolean interrupted) {}

  /** Runs a task that waits for ever, in a thread of its own; does something to the thread once the task runs. */
  private static End endOfApply(Pool pool, Consumer<Thread> disturbance) throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    List<End> ends = Collections.synchronizedList(new ArrayList<>());
    Thread caller = new Thread(() -> {
      Throwable thrown = null;
      try {
        pool.apply(() -> {
          inside.countDown();
          new CountDownLatch(1).await();
          return 1;
        });
      } catch (Throwable e) {
        thrown = e;
      }
      ends.add(new End(thrown, Thread.currentThread().isInterrupted()));
    });
    caller.start();
    assertThat(inside.await(LONG_SECONDS, TimeUnit.SECONDS)).isTrue();
    disturbance.accept(caller);
    caller.join();
    return ends.get(0);
  }

  /** An interrupt of the caller is the task's, and is not lost to the caller. */
  @Test
  void apply_callerInterrupted_taskFailsAndStatusIsKept() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      End end = endOfApply(pool, Thread::interrupt);
      assertThat(end.thrown())
          .isInstanceOf(TaskFailedException.class)
          .hasCauseInstanceOf(InterruptedException.class);
      assertThat(end.interrupted()).isTrue();
    }
  }

  /** An interrupt by the pool ends with the task. */
  @Test
  void apply_interruptedByShutdownNow_statusIsClear() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      End end = endOfApply(pool, caller -> pool.shutdownNow());
      assertThat(end.thrown()).hasCauseInstanceOf(InterruptedException.class);
      assertThat(end.interrupted()).isFalse();
    }
  }

  // Several tasks.

  /** Tasks that count how many of them have run; each takes at least the given time. */
  private static List<Callable<Integer>> tasks(AtomicInteger runs, int count, long nanos) {
    List<Callable<Integer>> tasks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int id = i;
      tasks.add(() -> {
        runs.incrementAndGet();
        for (long start = System.nanoTime(); System.nanoTime() - start < nanos; ) {
          Thread.onSpinWait();
        }
        return id;
      });
    }
    return tasks;
  }

  @Test
  void invokeAny_firstSucceeds_othersNeverRun() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    List<Callable<Integer>> tasks = tasks(runs, 5, 0);
    tasks.add(0, () -> {
      runs.incrementAndGet();
      throw new IllegalStateException("on purpose");
    });
    try (Pool pool = Pool.open(options().build())) {
      assertThat(pool.invokeAny(tasks)).isZero();
      assertThat(runs).hasValue(2);
    }
  }

  @Test
  void invokeAny_timeOverBeforeSuccess_throwsTimeout() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    try (Pool pool = Pool.open(options().build())) {
      assertThatThrownBy(() -> pool.invokeAny(tasks(runs, 3, 0), 0, TimeUnit.SECONDS))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContaining("none of 3 tasks");
      assertThat(runs).hasValue(0);
    }
  }

  /** Once the time is over no further task is begun; the rest is cancelled. */
  @Test
  void invokeAll_timeOver_restIsCancelled() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    long nanos = TimeUnit.MILLISECONDS.toNanos(100);
    try (Pool pool = Pool.open(options().build())) {
      List<Future<Integer>> results =
          pool.invokeAll(tasks(runs, 3, nanos), nanos, TimeUnit.NANOSECONDS);
      assertThat(results).hasSize(3).allMatch(Future::isDone);
      assertThat(runs).hasValueLessThanOrEqualTo(1);
      assertThat(results.subList(1, 3)).allMatch(Future::isCancelled);
      assertThat(results.get(2)).hasToString("AsyncResult[task 3, done]");
      assertThat(pool.invokeAll(tasks(runs, 3, 0))).noneMatch(Future::isCancelled);
    }
  }
}
