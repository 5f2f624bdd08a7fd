// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.InfrastructureException.Certainty;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** The ends of a pool: {@code shutdown}, {@code shutdownNow}, {@code terminate}, {@code close}. */
public abstract class PoolLifeContract extends PoolContract {
  private static AsyncResult<Integer> gated(Pool pool, Gate gate, int value) {
    return pool.submit(() -> {
      gate.pass();
      return value;
    });
  }

  @PoolTest
  void open_notClosed_isNeitherShutDownNorTerminated(Pool pool) throws Exception {
    assertThat(pool.isShutdown()).isFalse();
    assertThat(pool.isTerminated()).isFalse();
    assertThat(pool.awaitTermination(0, TimeUnit.SECONDS)).isFalse();
    assertThat(pool.awaitTermination(-1, TimeUnit.SECONDS)).isFalse();
    assertThat(pool.awaitTermination(Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
        .isFalse();
  }

  @PoolTest
  void shutdown_everySubmission_isRefusedNamingPool(Pool pool) {
    pool.shutdown();
    assertThat(pool.isShutdown()).isTrue();
    assertAllRefused(
        pool, RejectedExecutionException.class, "\"" + pool.options().name() + "\"", "closed");
    assertAllRefused(
        pool.with(TaskOptions.defaults().name("x")),
        RejectedExecutionException.class,
        "\"" + pool.options().name() + "\"");
  }

  @PoolTest
  void shutdown_afterAnyEnd_everySubmissionIsRefused(PoolContext context) {
    List<java.util.function.Consumer<Pool>> ends =
        List.of(Pool::close, Pool::terminate, Pool::shutdownNow);
    for (java.util.function.Consumer<Pool> end : ends) {
      Pool pool = context.open(context.options());
      end.accept(pool);
      assertAllRefused(pool, RejectedExecutionException.class, pool.options().name());
    }
  }

  @PoolTest(
      workers = {1, 3},
      except = PoolOptions.INLINE,
      because = CALLER_RUNS)
  void shutdown_acceptedTasks_areCompleted(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      results.add(gated(pool, gate, i));
    }
    AsyncResult<List<Integer>> map = pool.mapAsync(ContractTasks::square, range(0, 20));
    gate.awaitEntered(1);
    pool.shutdown();
    pool.shutdown();
    assertThat(pool.isTerminated()).isFalse();
    assertThat(pool.awaitTermination(Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
        .isFalse();
    gate.open();
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
    assertThat(pool.isTerminated()).isTrue();
    assertThat(results).allMatch(AsyncResult::isDone);
    for (int i = 0; i < 20; i++) {
      assertThat(results.get(i).get()).isEqualTo(i);
    }
    assertThat(map.get()).isEqualTo(squares(0, 20));
    assertThat(gate.wasInterrupted()).isFalse();
  }

  /** An idle pool that is shut down ends without anybody waiting for it. */
  @PoolTest(workers = {1, 4})
  void shutdown_idle_terminatesByItself(Pool pool) throws Exception {
    pool.apply(() -> 1);
    pool.shutdown();
    await().atMost(Times.LONG).until(pool::isTerminated);
    assertThat(pool.awaitTermination(0, TimeUnit.SECONDS)).isTrue();
  }

  @PoolTest
  void shutdown_scheduledTask_isStillRun(Pool pool) throws Exception {
    AsyncResult<Integer> scheduled = pool.schedule(() -> 7, Times.SHORT);
    AsyncResult<Integer> cancelled = pool.schedule(() -> 8, Duration.ofDays(1));
    pool.shutdown();
    assertThat(pool.isTerminated()).isFalse();
    assertThat(cancelled.cancel(false)).isTrue();
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
    assertThat(scheduled.get()).isEqualTo(7);
  }

  /** A scheduled task whose time comes while the pool is closed is completed, however the two meet. */
  @PoolTest
  void close_whileScheduledTaskBecomesDue_isStillRun(PoolContext context) throws Exception {
    int rounds = context.isProcesses() ? 10 : 300;
    for (int i = 0; i < rounds; i++) {
      Pool pool = context.open(context.options());
      AsyncResult<Integer> result = pool.schedule(() -> 7, Duration.ofNanos(1000L * (i % 100)));
      pool.close();
      assertThat(result.isDone()).isTrue();
      assertThat(result.get()).isEqualTo(7);
    }
  }

  /** A task that meets a shutdown is either refused or completed with its value. */
  @PoolTest
  void shutdown_whileSubmitting_eachTaskIsRefusedOrCompleted(PoolContext context) throws Exception {
    int rounds = context.isProcesses() ? 5 : 100;
    for (int round = 0; round < rounds; round++) {
      Pool pool = context.open(context.options());
      List<AsyncResult<Integer>> results = new ArrayList<>();
      AtomicReference<Throwable> refused = new AtomicReference<>();
      CountDownLatch submitting = new CountDownLatch(1);
      Thread submitter = context.thread(() -> {
        try {
          for (int i = 0; i < 1_000_000; i++) {
            results.add(pool.applyAsync(ContractTasks::identity, i));
            submitting.countDown();
          }
        } catch (Throwable e) {
          refused.set(e);
        }
      });
      PoolSubmitContract.awaitLatch(submitting);
      pool.close();
      submitter.join(Times.LONG.toMillis());
      assertThat(refused.get()).isInstanceOf(RejectedExecutionException.class);
      for (int i = 0; i < results.size(); i++) {
        assertThat(results.get(i).isDone()).isTrue();
        assertThat(results.get(i).get()).isEqualTo(i);
      }
    }
  }

  // shutdownNow.

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void shutdownNow_queuedTasks_areReturnedAndFailAsNeverStarted(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<Integer> running = gated(pool, gate, 1);
    gate.awaitEntered(1);
    List<AsyncResult<?>> queued = List.of(
        pool.submit(() -> journal.add("task")),
        pool.applyAsync(
            line -> {
              journal.add(line);
              return 1;
            },
            "one argument"),
        pool.applyAsync(
            (a, b) -> {
              journal.add(a + b);
              return 1;
            },
            "two ",
            "arguments"),
        pool.applyAsync(
            (a, b, c) -> {
              journal.add(a + b + c);
              return 1;
            },
            "three ",
            "argu",
            "ments"));
    List<Runnable> never = pool.shutdownNow();

    gate.awaitInterrupted();
    for (AsyncResult<?> result : queued) {
      assertThat(failureOf(result))
          .isInstanceOfSatisfying(PoolTerminatedException.class, terminated -> {
            assertThat(terminated.certainty()).isEqualTo(Certainty.NEVER_STARTED);
            assertThat(terminated.taskId()).isEqualTo(result.taskId());
            assertThat(terminated.poolUsable()).isFalse();
            assertThat(terminated)
                .hasMessageContainingAll(pool.options().name(), "task " + result.taskId());
          });
    }
    assertThat(failureOf(running))
        .isInstanceOfAny(InterruptedException.class, PoolTerminatedException.class);
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
    assertThat(journal.lines()).isEmpty();

    assertThat(never).hasSize(4);
    never.forEach(Runnable::run);
    assertThat(journal.lines())
        .containsExactlyInAnyOrder("task", "one argument", "two arguments", "three arguments");
    assertThat(pool.shutdownNow()).isEmpty();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void shutdownNow_queuedMap_runnableRunsEveryInput(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    pool.submit(() -> {
      gate.pass();
      return null;
    });
    gate.awaitEntered(1);
    AsyncResult<List<Integer>> map = pool.mapAsync(
        n -> {
          journal.add(n);
          return n;
        },
        range(0, 5));
    List<Runnable> never = pool.shutdownNow();
    assertThat(failureOf(map)).isInstanceOf(PoolTerminatedException.class);
    never.forEach(Runnable::run);
    assertThat(journal.lines()).containsExactly("0", "1", "2", "3", "4");
  }

  /** What is returned for a map does what the map would have: all inputs, then the first failure with the others. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void shutdownNow_queuedMapFails_runnableRunsEveryInputThenThrows(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    gated(pool, gate, 1);
    gate.awaitEntered(1);
    pool.mapAsync(
        n -> {
          journal.add(n);
          return ContractTasks.failThirds(n);
        },
        range(0, 5));
    List<Runnable> never = pool.shutdownNow();
    assertThat(never).hasSize(1);
    assertThatThrownBy(never.get(0)::run)
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 0")
        .satisfies(first -> assertThat(first.getSuppressed())
            .singleElement()
            .satisfies(second -> assertThat(second).hasMessage("bad 3")));
    assertThat(journal.lines()).containsExactly("0", "1", "2", "3", "4");
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void shutdownNow_namedTask_isNamedInMessage(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    gated(pool, gate, 1);
    gate.awaitEntered(1);
    Pool named = pool.with(TaskOptions.defaults().name("render"));
    AsyncResult<?> queued = named.submit(() -> 1);
    AsyncResult<?> scheduled = named.schedule(() -> 1, Duration.ofDays(1));
    pool.shutdownNow();
    for (AsyncResult<?> result : List.of(queued, scheduled)) {
      assertThat(failureOf(result))
          .hasMessageContainingAll(
              "task " + result.taskId() + " (render)", "\"" + pool.options().name() + "\"");
    }
  }

  /** An initializer that blocks is no reason for a pool not to end. */
  @PoolTest(workers = {1, 2})
  void shutdownNow_initializerBlocks_ends(PoolContext context) throws Exception {
    Gate gate = context.gate();
    AtomicReference<Object> outcome = new AtomicReference<>();
    Pool pool = context.open(context.options().initializer(() -> {
      try {
        gate.pass();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }));
    Thread caller = context.thread(() -> {
      try {
        outcome.set(valueOf(pool.submit(() -> 1)));
      } catch (Exception e) {
        outcome.set(e.getCause());
      }
    });
    gate.awaitEntered(1);
    await()
        .atMost(Times.LONG)
        .until(() -> context.isInline() || pool.statistics().pendingTasks() == 1);
    pool.shutdownNow();
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
    caller.join(Times.LONG.toMillis());
    assertThat(outcome.get())
        .isInstanceOfSatisfying(
            InfrastructureException.class,
            e -> assertThat(e.certainty()).isEqualTo(Certainty.NEVER_STARTED));
  }

  @PoolTest(fresh = true)
  void shutdownNow_scheduledTask_isReturnedAndFails(Pool pool, PoolContext context)
      throws Exception {
    Journal journal = context.journal();
    AsyncResult<Integer> scheduled = pool.schedule(
        () -> {
          journal.add("run");
          return 1;
        },
        Duration.ofDays(1));
    List<Runnable> never = pool.shutdownNow();
    assertThat(failureOf(scheduled))
        .isInstanceOfSatisfying(
            PoolTerminatedException.class,
            terminated -> assertThat(terminated.certainty()).isEqualTo(Certainty.NEVER_STARTED));
    assertThat(never).hasSize(1);
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
    assertThat(pool.statistics().lostTasks()).isEqualTo(1);
    assertThat(journal.lines()).isEmpty();
    never.get(0).run();
    assertThat(journal.lines()).containsExactly("run");
  }

  @PoolTest
  void shutdownNow_idle_returnsNothing(Pool pool) throws Exception {
    pool.apply(() -> 1);
    assertThat(pool.shutdownNow()).isEmpty();
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
  }

  // terminate.

  /** Even a task that ignores interrupts is given up at once. */
  @PoolTest(fresh = true, workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void terminate_runningAndQueued_failAtOnce(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    AsyncResult<?> queued = pool.submit(() -> journal.add("run"));
    AsyncResult<Integer> scheduled = pool.schedule(() -> 1, Duration.ofDays(1));
    pool.terminate();
    assertThat(failureOf(queued))
        .isInstanceOfSatisfying(
            PoolTerminatedException.class,
            e -> assertThat(e.certainty()).isEqualTo(Certainty.NEVER_STARTED));
    assertThat(failureOf(scheduled)).isInstanceOf(PoolTerminatedException.class);
    assertThat(failureOf(running)).isInstanceOfSatisfying(PoolTerminatedException.class, e -> {
      assertThat(e.certainty()).isEqualTo(Certainty.MAY_HAVE_RUN);
      assertThat(e.poolUsable()).isFalse();
    });
    pool.terminate();
    gate.open();
    pool.close();
    assertThat(journal.lines()).isEmpty();
    PoolStatistics end = pool.statistics();
    assertThat(end.lostTasks()).isEqualTo(3);
    assertThat(end.completedTasks() + end.cancelledTasks()).isZero();
  }

  /** Listeners hear of a task that was given up as lost, and nothing else; of one that never started, nothing. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void terminate_runningAndQueued_listenerHearsOfLossOnly(PoolContext context) throws Exception {
    List<String> events = new CopyOnWriteArrayList<>();
    Pool pool = context.open(context.options().listener(new PoolListener() {
      @Override
      public void taskStarted(TaskEvent task) {
        events.add("started " + task.taskId());
      }

      @Override
      public void taskFinished(TaskEvent task, boolean success, Duration runTime) {
        events.add("finished " + task.taskId());
      }

      @Override
      public void taskLost(TaskEvent task, InfrastructureException failure) {
        events.add("lost " + task.taskId() + " " + failure.getClass().getSimpleName());
      }

      @Override
      public void workerExited(WorkerEvent worker, int exitValue) {
        events.add("gone");
      }

      @Override
      public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
        events.add("gone");
      }
    }));
    Gate gate = context.gate();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    pool.submit(() -> 1);
    await().atMost(Times.LONG).until(() -> !events.isEmpty());
    pool.terminate();
    gate.open();
    pool.close();
    await().atMost(Times.LONG).until(() -> events.contains("gone"));
    assertThat(events)
        .containsExactlyInAnyOrder(
            "started " + running.taskId(),
            "lost " + running.taskId() + " PoolTerminatedException",
            "gone");
  }

  @PoolTest
  void terminate_idle_endsPool(Pool pool) throws Exception {
    pool.apply(() -> 1);
    pool.terminate();
    pool.terminate();
    assertThat(pool.isShutdown()).isTrue();
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
  }

  // close.

  @PoolTest(workers = {1, 4})
  void close_twice_hasNoEffect(Pool pool) throws Exception {
    AsyncResult<List<Integer>> result = pool.mapAsync(ContractTasks::square, range(0, 100));
    pool.close();
    assertThat(result.isDone()).isTrue();
    assertThat(result.get()).isEqualTo(squares(0, 100));
    assertThat(pool.isTerminated()).isTrue();
    pool.close();
    pool.shutdown();
    assertThat(pool.shutdownNow()).isEmpty();
    pool.terminate();
    pool.close();
    assertThat(result.get()).isEqualTo(squares(0, 100));
  }

  /** A pool that is closed before its workers are up ends cleanly. */
  @PoolTest(workers = {1, 4})
  void close_atOnce_ends(PoolContext context) {
    for (int i = 0; i < 10; i++) {
      context.open(context.options()).close();
    }
  }

  @PoolTest
  void close_ofView_closesPool(Pool pool) {
    pool.with(TaskOptions.defaults()).close();
    assertThat(pool.isTerminated()).isTrue();
  }

  @PoolTest
  void close_callbackRunning_waitsForIt(Pool pool, PoolContext context) throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    AtomicBoolean left = new AtomicBoolean();
    AsyncResult<Integer> result = pool.applyAsync(ContractTasks::square, 3, value -> {
      inside.countDown();
      PoolSubmitContract.awaitLatch(leave);
      left.set(true);
    });
    PoolSubmitContract.awaitLatch(inside);
    Thread closer = context.thread(pool::close);
    pool.shutdown();
    assertThat(pool.awaitTermination(Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
        .isFalse();
    assertThat(pool.isTerminated()).isFalse();
    assertThat(closer.isAlive()).isTrue();
    leave.countDown();
    closer.join(Times.LONG.toMillis());
    assertThat(closer.isAlive()).isFalse();
    assertThat(left).isTrue();
    assertThat(result.isDone()).isTrue();
    assertThat(pool.isTerminated()).isTrue();
  }

  @PoolTest(workers = {1, 2})
  void close_fromCallback_returns(Pool pool) throws Exception {
    AsyncResult<Integer> result = pool.applyAsync(ContractTasks::square, 3, value -> pool.close());
    assertThat(valueOf(result)).isEqualTo(9);
    assertThat(pool.awaitTermination(Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isTrue();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void close_interrupted_actsAsShutdownNowAndWaits(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<Integer> running = gated(pool, gate, 1);
    gate.awaitEntered(1);
    AsyncResult<?> queued = pool.submit(() -> journal.add("run"));
    AtomicBoolean status = new AtomicBoolean();
    AtomicBoolean terminated = new AtomicBoolean();
    Thread closer = context.thread(() -> {
      pool.close();
      terminated.set(pool.isTerminated() && running.isDone() && queued.isDone());
      status.set(Thread.currentThread().isInterrupted());
    });
    await().atMost(Times.LONG).until(pool::isShutdown);
    closer.interrupt();
    closer.join(Times.LONG.toMillis());
    assertThat(closer.isAlive()).isFalse();
    assertThat(terminated).isTrue();
    assertThat(status).isTrue();
    assertThat(failureOf(queued)).isInstanceOf(PoolTerminatedException.class);
    assertThat(failureOf(running))
        .isInstanceOfAny(InterruptedException.class, PoolTerminatedException.class);
    assertThat(journal.lines()).isEmpty();
  }

  @PoolTest
  void close_inTryWithResources_completesEverything(PoolContext context) throws Exception {
    AsyncResult<Integer> result;
    try (Pool pool = context.open(context.options())) {
      result = pool.applyAsync(ContractTasks::square, 3);
    }
    assertThat(result.isDone()).isTrue();
    assertThat(result.get()).isEqualTo(9);
  }

  /** Results stay readable after the end, and late stages run. */
  @PoolTest
  void close_resultsAskedLater_areThere(Pool pool) throws Exception {
    AsyncResult<Integer> value = pool.applyAsync(ContractTasks::square, 3);
    AsyncResult<Integer> failure = pool.applyAsync(ContractTasks::failUnchecked, 3);
    pool.close();
    assertThat(value.get()).isEqualTo(9);
    assertThat(failureOf(failure)).hasMessage("bad 3");
    assertThat(value.thenApply(v -> v + 1).toCompletableFuture().join()).isEqualTo(10);
    assertThat(value.successful()).isTrue();
    assertThat(value.isRunning()).isFalse();
    assertThat(value.cancel(true)).isFalse();
  }

  /** Several pools live side by side; the end of one does not touch another. */
  @PoolTest
  void close_onePoolOfTwo_otherGoesOn(Pool pool, PoolContext context) throws Exception {
    Pool other = context.open(context.options());
    assertThat(other.apply(() -> 1)).isEqualTo(1);
    pool.close();
    assertThat(other.map(ContractTasks::square, range(0, 100))).isEqualTo(squares(0, 100));
    assertThatThrownBy(() -> pool.apply(() -> 1)).isInstanceOf(RejectedExecutionException.class);
  }
}
