// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.AsyncResults.WaitFor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Results: waiting, asking, cancelling, dependent stages, several at once, and later ones. */
public abstract class AsyncResultContract extends PoolContract {
  private static AsyncResult<Integer> gated(Pool pool, Gate gate, int value) {
    return pool.submit(() -> {
      gate.pass();
      return value;
    });
  }

  @PoolTest
  void taskId_manyTasks_isUnique(Pool pool) throws Exception {
    Set<Long> ids = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      AsyncResult<Integer> result = pool.applyAsync(ContractTasks::square, i);
      assertThat(ids.add(result.taskId())).isTrue();
      valueOf(result);
    }
    assertThat(ids.add(pool.mapAsync(ContractTasks::square, List.of()).taskId()))
        .isTrue();
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void get_timeout_taskGoesOn(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 7);
    assertThatThrownBy(() -> result.get(Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
        .isInstanceOf(TimeoutException.class)
        .hasMessageContaining("task " + result.taskId());
    assertThatThrownBy(() -> result.get(0, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
    assertThat(result.isDone()).isFalse();
    gate.open();
    assertThat(valueOf(result)).isEqualTo(7);
    assertThat(result.get()).isEqualTo(7);
    assertThat(result.get(0, TimeUnit.SECONDS)).isEqualTo(7);
    assertThat(gate.wasInterrupted()).isFalse();
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void get_interrupted_leavesTaskAlone(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 7);
    gate.awaitEntered(1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(result::get).isInstanceOf(InterruptedException.class);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> result.await(Times.LONG)).isInstanceOf(InterruptedException.class);
    gate.open();
    assertThat(valueOf(result)).isEqualTo(7);
    assertThat(gate.wasInterrupted()).isFalse();
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void await_untilDone_falseThenTrue(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 7);
    assertThat(result.await(Duration.ZERO)).isFalse();
    assertThat(result.await(Duration.ofSeconds(-1))).isFalse();
    assertThat(result.await(Times.SHORT)).isFalse();
    gate.open();
    assertThat(result.await(Times.LONG)).isTrue();
    assertThat(result.await(Duration.ZERO)).isTrue();
  }

  @PoolTest
  void await_failedOrUnlimited_isTrue(Pool pool) throws Exception {
    assertThat(pool.applyAsync(ContractTasks::failUnchecked, 1).await(Times.LONG))
        .isTrue();
    assertThat(pool.submit(() -> 1).await(Duration.ofSeconds(Long.MAX_VALUE))).isTrue();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void successful_beforeAndAfter_tellsOutcome(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> value = gated(pool, gate, 7);
    AsyncResult<Integer> failure = pool.applyAsync(ContractTasks::failUnchecked, 1);
    AsyncResult<Integer> cancelled = pool.submit(() -> 1);
    assertThatThrownBy(value::successful)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("task " + value.taskId());
    cancelled.cancel(true);
    gate.open();
    assertThat(value.await(Times.LONG) && failure.await(Times.LONG)).isTrue();
    assertThat(value.successful()).isTrue();
    assertThat(failure.successful()).isFalse();
    assertThat(cancelled.successful()).isFalse();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void isRunning_queuedRunningDone_onlyWhileRunning(Pool pool, PoolContext context)
      throws Exception {
    Gate first = context.gate();
    Gate second = context.gate();
    AsyncResult<Integer> a = gated(pool, first, 1);
    AsyncResult<Integer> b = gated(pool, second, 2);
    first.awaitEntered(1);
    await().atMost(Times.LONG).until(a::isRunning);
    assertThat(b.isRunning()).isFalse();
    first.open();
    second.awaitEntered(1);
    await().atMost(Times.LONG).until(b::isRunning);
    assertThat(valueOf(a)).isEqualTo(1);
    assertThat(a.isRunning()).isFalse();
    second.open();
    assertThat(valueOf(b)).isEqualTo(2);
    assertThat(b.isRunning()).isFalse();
  }

  @PoolTest
  void toString_done_namesTask(Pool pool) throws Exception {
    AsyncResult<Integer> result = pool.submit(() -> 1);
    valueOf(result);
    assertThat(result.toString()).contains("task " + result.taskId(), "done");
  }

  // Cancelling.

  /** Of tasks that wait behind a running one, those that are cancelled never run and the others do. */
  @PoolTest(
      workers = {1, 3},
      except = PoolOptions.INLINE,
      because = CALLER_RUNS)
  void cancel_queued_neverRuns(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    for (int i = 0; i < context.workers(); i++) {
      pool.submit(gate::passUninterruptibly);
    }
    gate.awaitEntered(context.workers());
    List<AsyncResult<?>> queued = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      int id = i;
      queued.add(pool.submit(() -> journal.add(id)));
    }
    for (int i = 0; i < queued.size(); i += 2) {
      assertThat(queued.get(i).cancel(i % 4 == 0)).isTrue();
      assertThat(queued.get(i).isCancelled()).isTrue();
      assertThat(queued.get(i).isDone()).isTrue();
    }
    gate.open();
    pool.close();

    List<String> odd =
        range(0, 40).stream().filter(i -> i % 2 == 1).map(String::valueOf).toList();
    assertThat(journal.lines()).containsExactlyInAnyOrderElementsOf(odd);
    for (int i = 0; i < queued.size(); i++) {
      assertThat(queued.get(i).isCancelled()).isEqualTo(i % 2 == 0);
      assertThat(queued.get(i).successful()).isEqualTo(i % 2 == 1);
    }
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void cancel_running_interruptsTask(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 7);
    gate.awaitEntered(1);
    assertThat(result.cancel(true)).isTrue();
    gate.awaitInterrupted();
    assertThat(result.isCancelled()).isTrue();
    assertThat(result.isRunning()).isFalse();
    assertThatThrownBy(result::get).isInstanceOf(CancellationException.class);
    assertThatThrownBy(() -> result.get(1, TimeUnit.SECONDS))
        .isInstanceOf(CancellationException.class);
    assertThat(result.await(Duration.ZERO)).isTrue();
    assertThat(result.cancel(true)).isFalse();
  }

  /** The interrupt of a cancelled task reaches no task that comes after it in the same worker. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void cancel_running_nextTaskIsNotInterrupted(Pool pool, PoolContext context) throws Exception {
    for (int i = 0; i < 20; i++) {
      Gate gate = context.gate();
      AsyncResult<?> result = pool.submit(gate::passUninterruptibly);
      gate.awaitEntered(1);
      gate.open();
      result.cancel(true);
      assertThat(pool.apply(() -> Thread.currentThread().isInterrupted())).isFalse();
    }
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void cancel_withoutInterrupt_taskRunsOn(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<?> result = pool.submit(() -> {
      gate.passUninterruptibly();
      journal.add("end");
    });
    gate.awaitEntered(1);
    assertThat(result.cancel(false)).isTrue();
    assertThatThrownBy(result::get).isInstanceOf(CancellationException.class);
    gate.open();
    await().atMost(Times.LONG).until(() -> journal.lines().contains("end"));
    assertThat(gate.wasInterrupted()).isFalse();
  }

  @PoolTest
  void cancel_completed_isFalse(Pool pool) throws Exception {
    AsyncResult<Integer> value = pool.submit(() -> 7);
    AsyncResult<Integer> failure = pool.applyAsync(ContractTasks::failUnchecked, 1);
    valueOf(value);
    failureOf(failure);
    assertThat(value.cancel(true) || failure.cancel(true)).isFalse();
    assertThat(value.isCancelled() || failure.isCancelled()).isFalse();
    assertThat(value.get()).isEqualTo(7);
  }

  /** A task that ignores the interrupt is killed with its worker, and the pool is whole again. */
  @PoolTest(
      workers = 1,
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = "a thread cannot be killed")
  void cancel_runningIgnoresInterrupt_workerIsKilled(PoolContext context) throws Exception {
    Gate gate = context.gate();
    Pool pool = context.open(context.options().gracePeriod(Times.SHORT));
    AsyncResult<?> result = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    result.cancel(true);
    assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    assertThat(pool.statistics().crashedWorkers()).isEqualTo(1);
  }

  // Dependent stages.

  @PoolTest
  void stage_value_everyMethodSeesIt(Pool pool) throws Exception {
    for (boolean done : new boolean[] {false, true}) {
      AsyncResult<Integer> a = pool.applyAsync(ContractTasks::square, 2);
      if (done) {
        valueOf(a);
      }
      AsyncResult<Integer> b = pool.applyAsync(ContractTasks::square, 3);
      CompletableFuture<Integer> never = new CompletableFuture<>();
      AtomicInteger calls = new AtomicInteger();
      Executor direct = Runnable::run;
      List<CompletionStage<?>> plain = List.of(
          a.thenAccept(v -> calls.addAndGet(v)),
          a.thenAcceptAsync(v -> calls.addAndGet(v)),
          a.thenAcceptAsync(v -> calls.addAndGet(v), direct),
          a.thenRun(() -> calls.addAndGet(4)),
          a.thenRunAsync(() -> calls.addAndGet(4)),
          a.thenRunAsync(() -> calls.addAndGet(4), direct),
          a.thenAcceptBoth(b, (x, y) -> calls.addAndGet(y - x - 1)),
          a.thenAcceptBothAsync(b, (x, y) -> calls.addAndGet(y - x - 1)),
          a.thenAcceptBothAsync(b, (x, y) -> calls.addAndGet(y - x - 1), direct),
          a.runAfterBoth(b, () -> calls.addAndGet(4)),
          a.runAfterBothAsync(b, () -> calls.addAndGet(4)),
          a.runAfterBothAsync(b, () -> calls.addAndGet(4), direct),
          a.acceptEither(never, v -> calls.addAndGet(v)),
          a.acceptEitherAsync(never, v -> calls.addAndGet(v)),
          a.acceptEitherAsync(never, v -> calls.addAndGet(v), direct),
          a.runAfterEither(never, () -> calls.addAndGet(4)),
          a.runAfterEitherAsync(never, () -> calls.addAndGet(4)),
          a.runAfterEitherAsync(never, () -> calls.addAndGet(4), direct));
      for (CompletionStage<?> stage : plain) {
        assertThat((Object) inTime(stage)).isNull();
      }
      assertThat(calls).hasValue(4 * plain.size());
      List<CompletionStage<Integer>> valued = List.of(
          a.thenApply(v -> v + 1),
          a.thenApplyAsync(v -> v + 1),
          a.thenApplyAsync(v -> v + 1, direct),
          a.thenCombine(b, (x, y) -> y - x),
          a.thenCombineAsync(b, (x, y) -> y - x),
          a.thenCombineAsync(b, (x, y) -> y - x, direct),
          a.applyToEither(never, v -> v + 1),
          a.applyToEitherAsync(never, v -> v + 1),
          a.applyToEitherAsync(never, v -> v + 1, direct),
          a.thenCompose(v -> pool.applyAsync(ContractTasks::add, v, 1)),
          a.thenComposeAsync(v -> pool.applyAsync(ContractTasks::add, v, 1)),
          a.thenComposeAsync(v -> pool.applyAsync(ContractTasks::add, v, 1), direct),
          a.handle((v, e) -> v + 1),
          a.handleAsync((v, e) -> v + 1),
          a.handleAsync((v, e) -> v + 1, direct),
          a.whenComplete((v, e) -> {}).thenApply(v -> v + 1),
          a.whenCompleteAsync((v, e) -> {}).thenApply(v -> v + 1),
          a.whenCompleteAsync((v, e) -> {}, direct).thenApply(v -> v + 1),
          a.exceptionally(e -> 0).thenApply(v -> v + 1),
          a.toCompletableFuture().thenApply(v -> v + 1));
      for (CompletionStage<Integer> stage : valued) {
        assertThat(inTime(stage)).isEqualTo(5);
      }
    }
  }

  @PoolTest
  void stage_failure_isTasksOwnException(Pool pool) throws Exception {
    for (boolean done : new boolean[] {false, true}) {
      AsyncResult<Integer> a = pool.applyAsync(ContractTasks::failChecked, 1);
      if (done) {
        failureOf(a);
      }
      Executor direct = Runnable::run;
      List<CompletionStage<String>> stages = List.of(
          a.handle((v, e) -> e.getMessage()),
          a.handleAsync((v, e) -> e.getMessage()),
          a.thenApply(String::valueOf).exceptionally(e -> e.getCause().getMessage()),
          a.exceptionallyAsync(e -> e.getMessage().length()).thenApply(n -> "bad " + (n - 4)),
          a.exceptionallyAsync(e -> 1, direct).thenApply(n -> "bad " + n),
          a.exceptionallyCompose(e -> pool.submit(() -> 1)).thenApply(n -> "bad " + n),
          a.exceptionallyComposeAsync(e -> pool.submit(() -> 1)).thenApply(n -> "bad " + n),
          a.exceptionallyComposeAsync(e -> pool.submit(() -> 1), direct)
              .thenApply(n -> "bad " + n));
      for (CompletionStage<String> stage : stages) {
        assertThat(inTime(stage)).isEqualTo("bad 1");
      }
      assertThatThrownBy(() -> a.toCompletableFuture().join())
          .isInstanceOf(CompletionException.class)
          .hasRootCauseMessage(
              failureOf(a).getCause() == null ? "bad 1" : rootMessage(failureOf(a)));
    }
  }

  private static String rootMessage(Throwable thrown) {
    Throwable root = thrown;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getMessage();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void stage_cancelled_isCancellation(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 1);
    CompletionStage<Throwable> before = result.handle((v, e) -> e);
    result.cancel(true);
    assertThat(inTime(before)).isInstanceOf(CancellationException.class);
    assertThat(inTime(result.<Throwable>handle((v, e) -> e)))
        .isInstanceOf(CancellationException.class);
  }

  /** A dependent stage that blocks or throws keeps no other result from coming. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void stage_blocksOrThrows_hurtsNobody(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    CountDownLatch leave = new CountDownLatch(1);
    AsyncResult<Integer> result = gated(pool, gate, 1);
    CompletionStage<Void> blocking = result.thenRun(() -> PoolSubmitContract.awaitLatch(leave));
    AsyncResult<Integer> other = gated(pool, gate, 2);
    CompletionStage<Void> throwing = other.thenRun(() -> ContractTasks.failUnchecked(1));
    gate.open();
    try {
      assertThat(valueOf(other)).isEqualTo(2);
      assertThat(valueOf(result)).isEqualTo(1);
      assertThat(pool.apply(() -> 3)).isEqualTo(3);
      assertThatThrownBy(() -> inTime(throwing)).hasRootCauseMessage("bad 1");
    } finally {
      leave.countDown();
    }
    inTime(blocking);
  }

  /** What a user does to the future made from a result does not reach the task. */
  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void toCompletableFuture_completedByUser_resultIsUnchanged(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> result = gated(pool, gate, 1);
    result.toCompletableFuture().complete(99);
    result.toCompletableFuture().cancel(true);
    gate.open();
    assertThat(valueOf(result)).isEqualTo(1);
    int value = inTime(result.thenApply(v -> v));
    assertThat(value).isEqualTo(1);
  }

  private static <T> T inTime(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(Times.LONG.toNanos(), TimeUnit.NANOSECONDS);
  }

  // Several results.

  @PoolTest(workers = 3, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void asCompleted_returnsInOrderOfCompletion(Pool pool, PoolContext context) throws Exception {
    List<Gate> gates = List.of(context.gate(), context.gate(), context.gate());
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      results.add(gated(pool, gates.get(i), i));
    }
    results.add(results.get(0));
    Iterator<AsyncResult<Integer>> completed =
        AsyncResults.asCompleted(results, Times.LONG).iterator();
    for (int next : new int[] {2, 0, 1}) {
      assertThat(completed.hasNext()).isTrue();
      gates.get(next).open();
      assertThat((Object) completed.next()).isSameAs(results.get(next));
    }
    assertThat(completed.hasNext()).isFalse();
    assertThatThrownBy(completed::next).isInstanceOf(NoSuchElementException.class);
  }

  @PoolTest
  void asCompleted_failuresAndNone_areReturned(Pool pool) {
    AsyncResult<Integer> failure = pool.applyAsync(ContractTasks::failUnchecked, 1);
    AsyncResult<Integer> value = pool.applyAsync(ContractTasks::square, 1);
    assertThat(listOf(AsyncResults.asCompleted(List.of(failure, value, failure))))
        .containsExactlyInAnyOrder(failure, value);
    assertThat(listOf(AsyncResults.asCompleted(List.<AsyncResult<Integer>>of())))
        .isEmpty();
  }

  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void asCompleted_timeout_endsIteration(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<Integer> slow = gated(pool, gate, 1);
    AsyncResult<Integer> fast = pool.submit(() -> 2);
    valueOf(fast);
    Iterator<AsyncResult<Integer>> completed =
        AsyncResults.asCompleted(List.of(slow, fast), Times.SHORT).iterator();
    assertThat((Object) completed.next()).isSameAs(fast);
    assertThatThrownBy(completed::next)
        .isInstanceOf(WaitTimeoutException.class)
        .hasMessageContaining("1 results");
    gate.open();
    assertThat(valueOf(slow)).isEqualTo(1);
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void asCompleted_interrupted_throwsWaitInterrupted(Pool pool, PoolContext context) {
    AsyncResult<Integer> result = gated(pool, context.gate(), 1);
    Iterator<AsyncResult<Integer>> completed =
        AsyncResults.asCompleted(List.of(result)).iterator();
    Thread.currentThread().interrupt();
    assertThatThrownBy(completed::next).isInstanceOf(WaitInterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
    assertThat(result.isDone()).isFalse();
  }

  @PoolTest(workers = 3, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void await_modes_waitForWhatTheySay(Pool pool, PoolContext context) throws Exception {
    Gate valueGate = context.gate();
    Gate failureGate = context.gate();
    Gate lastGate = context.gate();
    AsyncResult<Integer> last = gated(pool, lastGate, 1);
    AsyncResult<Integer> failure = pool.submit(() -> {
      failureGate.pass();
      return ContractTasks.failUnchecked(1);
    });
    AsyncResult<Integer> value = gated(pool, valueGate, 2);
    List<AsyncResult<Integer>> all = List.of(last, failure, value);

    assertThat(AsyncResults.await(all, WaitFor.ALL, Duration.ZERO).done()).isEmpty();
    assertThat(AsyncResults.await(all, WaitFor.FIRST_COMPLETED, Times.SHORT).pending())
        .containsExactly(last, failure, value);

    valueGate.open();
    AsyncResults.Waited<Integer> first =
        AsyncResults.await(all, WaitFor.FIRST_COMPLETED, Times.LONG);
    assertThat(first.done()).containsExactly(value);
    assertThat(first.pending()).containsExactly(last, failure);
    assertThat(AsyncResults.await(all, WaitFor.FIRST_FAILURE, Times.SHORT).done())
        .containsExactly(value);

    failureGate.open();
    AsyncResults.Waited<Integer> failed =
        AsyncResults.await(all, WaitFor.FIRST_FAILURE, Times.LONG);
    assertThat(failed.done()).containsExactly(failure, value);
    assertThat(failed.pending()).containsExactly(last);
    assertThat(AsyncResults.await(all, WaitFor.ALL, Times.SHORT).pending()).containsExactly(last);

    lastGate.open();
    AsyncResults.Waited<Integer> done = AsyncResults.await(all, WaitFor.ALL, Times.LONG);
    assertThat(done.done()).containsExactly(last, failure, value);
    assertThat(done.pending()).isEmpty();
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void await_firstFailure_cancellationCounts(Pool pool, PoolContext context) throws Exception {
    AsyncResult<Integer> running = gated(pool, context.gate(), 1);
    AsyncResult<Integer> cancelled = pool.submit(() -> 2);
    cancelled.cancel(true);
    assertThat(AsyncResults.await(List.of(running, cancelled), WaitFor.FIRST_FAILURE, Times.LONG)
            .done())
        .containsExactly(cancelled);
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void await_interrupted_leavesResultsAlone(Pool pool, PoolContext context) {
    AsyncResult<Integer> result = gated(pool, context.gate(), 1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> AsyncResults.await(List.of(result), WaitFor.ALL, Times.LONG))
        .isInstanceOf(InterruptedException.class);
    assertThat(result.isDone()).isFalse();
  }

  // Later.

  @PoolTest
  void schedule_delay_runsOnceWhenItIsOver(Pool pool, PoolContext context) throws Exception {
    Journal journal = context.journal();
    long start = System.nanoTime();
    AsyncResult<Integer> result = pool.schedule(
        () -> {
          journal.add("run");
          return 7;
        },
        Times.SHORT);
    assertThat(result.isDone()).isFalse();
    assertThat(result.isRunning()).isFalse();
    assertThat(valueOf(result)).isEqualTo(7);
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(Times.SHORT.toNanos());
    pool.close();
    assertThat(journal.lines()).containsExactly("run");
  }

  @PoolTest
  void schedule_zeroOrFailing_completes(Pool pool) throws Exception {
    assertThat(valueOf(pool.schedule(() -> 7, Duration.ZERO))).isEqualTo(7);
    assertThat(failureOf(pool.schedule(() -> ContractTasks.failUnchecked(1), Duration.ZERO)))
        .hasMessage("bad 1");
  }

  @PoolTest
  void schedule_negativeDelay_isRefused(Pool pool) {
    assertThatThrownBy(() -> pool.schedule(() -> 1, Duration.ofMillis(-1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("delay");
  }

  @PoolTest(fresh = true)
  void schedule_cancelledBefore_neverRuns(Pool pool, PoolContext context) throws Exception {
    Journal journal = context.journal();
    AsyncResult<Integer> never = pool.schedule(
        () -> {
          journal.add("run");
          return 7;
        },
        Times.SHORT);
    AsyncResult<Integer> farAway = pool.schedule(() -> 7, Duration.ofDays(1_000_000));
    assertThat(never.cancel(false)).isTrue();
    assertThat(farAway.cancel(true)).isTrue();
    assertThatThrownBy(never::get).isInstanceOf(CancellationException.class);
    AsyncResult<Integer> after = pool.schedule(() -> 8, Times.SHORT.plus(Times.SHORT));
    assertThat(valueOf(after)).isEqualTo(8);
    assertThat(journal.lines()).isEmpty();
    assertThat(pool.statistics().cancelledTasks()).isEqualTo(2);
  }

  @PoolTest
  void schedule_cancelledWhileRunning_isInterrupted(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    AtomicReference<AsyncResult<Integer>> result = new AtomicReference<>();
    result.set(pool.schedule(
        () -> {
          gate.pass();
          return 7;
        },
        Duration.ZERO));
    gate.awaitEntered(1);
    await().atMost(Times.LONG).until(() -> result.get().isRunning());
    assertThat(result.get().cancel(true)).isTrue();
    gate.awaitInterrupted();
    assertThat(valueOf(pool.schedule(() -> 8, Duration.ZERO))).isEqualTo(8);
  }

  @PoolTest(workers = {1, 3})
  void schedule_many_eachHasItsValue(Pool pool) throws Exception {
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      int id = i;
      results.add(pool.schedule(() -> id, Duration.ofMillis(i % 7)));
    }
    for (int i = 0; i < 50; i++) {
      assertThat(valueOf(results.get(i))).isEqualTo(i);
    }
  }
}
