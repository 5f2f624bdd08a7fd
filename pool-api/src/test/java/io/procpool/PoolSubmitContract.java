// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/** One task at a time: {@code apply}, {@code applyAsync}, {@code submit}, {@code execute}, and callbacks. */
public abstract class PoolSubmitContract extends PoolContract {
  private static final Consumer<Object> IGNORE = value -> {};

  @PoolTest(workers = {1, 4})
  void apply_anyArity_returnsValue(Pool pool) throws Exception {
    assertThat(pool.apply(() -> 42)).isEqualTo(42);
    assertThat(pool.apply(ContractTasks::square, 7)).isEqualTo(49);
    assertThat(pool.apply(ContractTasks::add, 1, 2)).isEqualTo(3);
    assertThat(pool.apply(ContractTasks::sum, 1, 2, 3)).isEqualTo(6);
  }

  @PoolTest
  void apply_nullArgumentsAndValue_arePassedOn(Pool pool) throws Exception {
    assertThat(pool.apply(ContractTasks::same, null)).isNull();
    assertThat(pool.apply(ContractTasks::join, null, null)).isEqualTo("null-null");
    assertThat(pool.apply(ContractTasks::joinThree, null, 1, null)).isEqualTo("null-1-null");
    assertThat(pool.<Object>apply(() -> null)).isNull();
  }

  /** An unchecked exception comes as itself, with the worker's trace where it crossed a process. */
  @PoolTest
  void apply_uncheckedFailure_throwsItself(Pool pool, PoolContext context) {
    assertThatThrownBy(() -> pool.apply(ContractTasks::failUnchecked, 7))
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 7")
        .satisfies(thrown -> assertThat(innermostCause(thrown) instanceof RemoteTrace)
            .isEqualTo(context.isProcesses()));
  }

  @PoolTest
  void apply_checkedFailure_throwsTaskFailed(Pool pool) {
    assertThatThrownBy(() -> pool.apply(ContractTasks::failChecked, 7))
        .isExactlyInstanceOf(TaskFailedException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("bad 7");
  }

  @PoolTest
  void apply_error_throwsItself(Pool pool) {
    assertThatThrownBy(() -> pool.apply(ContractTasks::failError, 7))
        .isExactlyInstanceOf(LinkageError.class)
        .hasMessage("bad 7");
  }

  /** An interrupt ends the wait, and the task that was waited for is interrupted too. */
  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void apply_interrupted_cancelsTask(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread caller = context.thread(() -> {
      try {
        pool.<Object>apply(() -> {
          gate.pass();
          return null;
        });
      } catch (Throwable e) {
        thrown.set(e);
      }
    });
    gate.awaitEntered(1);
    caller.interrupt();
    caller.join(Times.LONG.toMillis());

    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    gate.awaitInterrupted();
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  @PoolTest
  void applyAsync_anyArity_completesWithValue(Pool pool) throws Exception {
    assertThat(valueOf(pool.applyAsync(ContractTasks::square, 7))).isEqualTo(49);
    assertThat(valueOf(pool.applyAsync(ContractTasks::add, 1, 2))).isEqualTo(3);
    assertThat(valueOf(pool.applyAsync(ContractTasks::sum, 1, 2, 3))).isEqualTo(6);
  }

  @PoolTest
  void applyAsync_failure_isCauseOfExecutionException(Pool pool) throws Exception {
    assertThat(failureOf(pool.applyAsync(ContractTasks::failChecked, 1)))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("bad 1");
    assertThat(failureOf(pool.applyAsync(ContractTasks::failUnchecked, 2)))
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 2");
    assertThat(failureOf(pool.applyAsync(ContractTasks::failError, 3)))
        .isExactlyInstanceOf(LinkageError.class)
        .hasMessage("bad 3");
  }

  @PoolTest
  void submit_everyFlavour_runsTask(Pool pool, PoolContext context) throws Exception {
    Journal journal = context.journal();
    Object token = new Object();
    assertThat(valueOf(pool.submit(() -> 42))).isEqualTo(42);
    assertThat((Object) valueOf(pool.submit(() -> journal.add("lambda")))).isNull();
    assertThat(valueOf(pool.submit((Callable<Integer>) new One()))).isEqualTo(1);
    assertThat((Object) valueOf(pool.submit((Runnable) new Adds(journal, "runnable"))))
        .isNull();
    assertThat(valueOf(pool.submit(new Adds(journal, "with value"), token))).isSameAs(token);
    assertThat(journal.lines()).containsExactly("lambda", "runnable", "with value");
  }

  @PoolTest
  void submit_runnableFails_failsInsteadOfGivenValue(Pool pool) throws Exception {
    RunnableTask fails = () -> ContractTasks.failUnchecked(1);
    assertThat(failureOf(pool.submit(fails, "value"))).hasMessage("bad 1");
    assertThat(failureOf(pool.submit(fails))).hasMessage("bad 1");
  }

  @PoolTest
  void execute_taskRuns_andFailureHurtsNobody(Pool pool, PoolContext context) throws Exception {
    Journal journal = context.journal();
    pool.execute(() -> ContractTasks.failUnchecked(1));
    pool.execute(() -> journal.add("task"));
    pool.execute((Runnable) new Adds(journal, "runnable"));

    await().atMost(Times.LONG).until(() -> journal.lines().size() == 2);
    assertThat(journal.lines()).containsExactlyInAnyOrder("task", "runnable");
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  @PoolTest
  void submission_nullTask_isRefused(Pool pool) {
    List<org.assertj.core.api.ThrowableAssert.ThrowingCallable> calls = List.of(
        () -> pool.apply((Task<Object>) null),
        () -> pool.apply((TaskFunction<Integer, Integer>) null, 1),
        () -> pool.apply((TaskBiFunction<Integer, Integer, Integer>) null, 1, 2),
        () -> pool.apply((TaskTriFunction<Integer, Integer, Integer, Integer>) null, 1, 2, 3),
        () -> pool.submit((Task<Object>) null),
        () -> pool.submit((RunnableTask) null),
        () -> pool.submit((Callable<Object>) null),
        () -> pool.submit((Runnable) null),
        () -> pool.submit((Runnable) null, 1),
        () -> pool.execute((RunnableTask) null),
        () -> pool.execute((Runnable) null),
        () -> pool.applyAsync((TaskFunction<Integer, Integer>) null, 1),
        () -> pool.applyAsync((TaskFunction<Integer, Integer>) null, 1, IGNORE),
        () -> pool.applyAsync((TaskFunction<Integer, Integer>) null, 1, IGNORE, IGNORE),
        () -> pool.applyAsync((TaskBiFunction<Integer, Integer, Integer>) null, 1, 2),
        () -> pool.schedule((Task<Object>) null, Times.SHORT),
        () -> pool.schedule(() -> 1, null),
        () -> pool.mapAsync((TaskFunction<Integer, Integer>) null, List.of(1)),
        () -> pool.mapAsync(ContractTasks::square, null),
        () -> pool.imap((TaskFunction<Integer, Integer>) null, List.of(1)),
        () -> pool.imap(ContractTasks::square, null),
        () -> pool.starmapAsync((TaskBiFunction<Integer, Integer, Integer>) null, List.of()),
        () -> pool.invokeAll(null),
        () -> pool.invokeAny(null),
        () -> pool.with(null));
    for (int i = 0; i < calls.size(); i++) {
      assertThatThrownBy(calls.get(i)).as("call %d", i).isInstanceOf(NullPointerException.class);
    }
  }

  // Copies: what only processes promise.

  @PoolTest(
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = "nothing is copied")
  void applyAsync_argumentChangedLater_workerSeesOldState(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    ArrayList<Integer> list = new ArrayList<>(List.of(1));
    AsyncResult<ArrayList<Integer>> result = pool.applyAsync(
        argument -> {
          gate.pass();
          return argument;
        },
        list);
    list.add(2);
    gate.open();
    assertThat(valueOf(result)).containsExactly(1);
  }

  @PoolTest(
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = "nothing is copied")
  void submission_cannotBeEncoded_failsAtOnceNamingPath(Pool pool) throws Exception {
    assertThatThrownBy(() -> pool.applyAsync(ContractTasks::same, new Holder()))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContaining("hidden");
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  @PoolTest(
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = "nothing is copied")
  void submit_valueCannotBeEncoded_isResultLost(Pool pool) throws Exception {
    assertThat(failureOf(pool.submit(() -> new Holder())))
        .isInstanceOfSatisfying(ResultLostException.class, lost -> {
          assertThat(lost.certainty()).isEqualTo(InfrastructureException.Certainty.RESULT_LOST);
          assertThat(lost.poolUsable()).isTrue();
        });
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  // Callbacks.

  @PoolTest
  void callback_value_calledOnceInMasterBeforeGetReturns(Pool pool) throws Exception {
    for (int i = 0; i < 50; i++) {
      List<Object> values = new ArrayList<>();
      List<Object> errors = new ArrayList<>();
      List<Thread> threads = new ArrayList<>();
      AsyncResult<Integer> result = pool.applyAsync(
          ContractTasks::square,
          i,
          value -> {
            values.add(value);
            threads.add(Thread.currentThread());
          },
          errors::add);
      assertThat(valueOf(result)).isEqualTo(i * i);
      assertThat(values).containsExactly(i * i);
      assertThat(errors).isEmpty();
      assertThat(threads).doesNotContain(Thread.currentThread());
    }
  }

  @PoolTest
  void callback_failure_calledOnceWithTasksOwnException(Pool pool) throws Exception {
    List<Object> values = new ArrayList<>();
    List<Throwable> errors = new ArrayList<>();
    AsyncResult<Integer> one =
        pool.applyAsync(ContractTasks::failChecked, 1, values::add, errors::add);
    Throwable failure = failureOf(one);
    assertThat(errors).containsExactly(failure);
    assertThat(failure).isExactlyInstanceOf(IOException.class);

    AsyncResult<Integer> two = pool.applyAsync(
        (a, b) -> ContractTasks.failUnchecked(a + b), 1, 1, values::add, errors::add);
    assertThat(failureOf(two)).isSameAs(errors.get(1)).hasMessage("bad 2");
    assertThat(values).isEmpty();
  }

  @PoolTest
  void callback_twoArguments_getsValue(Pool pool) throws Exception {
    List<Object> values = new ArrayList<>();
    valueOf(pool.applyAsync(ContractTasks::add, 1, 2, values::add, IGNORE));
    valueOf(pool.applyAsync(ContractTasks::square, 3, values::add));
    valueOf(pool.applyAsync(ContractTasks::same, null, values::add));
    assertThat(values).containsExactly(3, 9, null);
  }

  @PoolTest
  void callback_threeArguments_getsValueOrFailure(Pool pool) throws Exception {
    List<Object> values = new ArrayList<>();
    List<Throwable> errors = new ArrayList<>();
    assertThat(valueOf(pool.applyAsync(ContractTasks::sum, 1, 2, 3, values::add, errors::add)))
        .isEqualTo(6);
    assertThat(values).containsExactly(6);
    AsyncResult<Integer> failing = pool.applyAsync(
        (a, b, c) -> ContractTasks.failUnchecked(a + b + c), 1, 2, 3, values::add, errors::add);
    Throwable failure = failureOf(failing);
    assertThat(errors).containsExactly(failure);
    assertThat(failure).hasMessage("bad 6");
    assertThat(values).hasSize(1);
  }

  /** As long as the callback runs, the result is not there for anybody. */
  @PoolTest
  void callback_stillRunning_getWaits(Pool pool) throws Exception {
    CountDownLatch inside = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    AsyncResult<Integer> result = pool.applyAsync(ContractTasks::square, 3, value -> {
      inside.countDown();
      awaitLatch(leave);
    });
    awaitLatch(inside);
    try {
      assertThatThrownBy(() -> result.get(Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
          .isInstanceOf(TimeoutException.class);
      assertThat(result.isDone()).isFalse();
    } finally {
      leave.countDown();
    }
    assertThat(valueOf(result)).isEqualTo(9);
  }

  @PoolTest(workers = {1, 2})
  void callback_slow_delaysNoOtherResult(Pool pool) throws Exception {
    CountDownLatch leave = new CountDownLatch(1);
    List<AsyncResult<Integer>> slow = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      slow.add(pool.applyAsync(ContractTasks::square, i, value -> awaitLatch(leave)));
    }
    try {
      for (int i = 0; i < 50; i++) {
        assertThat(valueOf(pool.applyAsync(ContractTasks::square, i))).isEqualTo(i * i);
        assertThat(valueOf(pool.applyAsync(ContractTasks::square, i, IGNORE))).isEqualTo(i * i);
      }
      assertThat(pool.map(ContractTasks::square, range(0, 10))).isEqualTo(squares(0, 10));
      assertThat(slow).noneMatch(AsyncResult::isDone);
    } finally {
      leave.countDown();
    }
    for (int i = 0; i < slow.size(); i++) {
      assertThat(valueOf(slow.get(i))).isEqualTo(i * i);
    }
  }

  @PoolTest
  void callback_throws_hurtsNobody(Pool pool) throws Exception {
    AsyncResult<Integer> unchecked = pool.applyAsync(ContractTasks::square, 3, value -> {
      throw new IllegalStateException("from the callback, expected in the log");
    });
    AsyncResult<Integer> error = pool.applyAsync(ContractTasks::square, 4, value -> {
      throw new LinkageError("from the callback, expected in the log");
    });
    AsyncResult<Integer> onError =
        pool.applyAsync(ContractTasks::failUnchecked, 5, IGNORE, failure -> {
          throw new IllegalStateException("from the callback, expected in the log");
        });
    assertThat(valueOf(unchecked)).isEqualTo(9);
    assertThat(valueOf(error)).isEqualTo(16);
    assertThat(failureOf(onError)).hasMessage("bad 5");
    assertThat(valueOf(pool.applyAsync(ContractTasks::square, 6, IGNORE))).isEqualTo(36);
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void callback_cancelledBeforeStart_getsCancellationOnce(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    List<Object> values = new ArrayList<>();
    List<Throwable> errors = new java.util.concurrent.CopyOnWriteArrayList<>();
    pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    AsyncResult<Integer> result =
        pool.applyAsync(ContractTasks::square, 3, values::add, errors::add);
    assertThat(result.cancel(true)).isTrue();
    gate.open();
    pool.close();
    assertThat(errors).hasSize(1).first().isInstanceOf(CancellationException.class);
    assertThat(values).isEmpty();
  }

  /** However cancellation and completion meet, one callback is called, and it agrees with the result. */
  @PoolTest
  void callback_cancelRacesWithCompletion_calledExactlyOnce(Pool pool) throws Exception {
    int tasks = 300;
    AtomicIntegerArray values = new AtomicIntegerArray(tasks);
    AtomicIntegerArray errors = new AtomicIntegerArray(tasks);
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      int index = i;
      AsyncResult<Integer> result = pool.applyAsync(
          ContractTasks::square,
          i,
          value -> values.incrementAndGet(index),
          error -> errors.incrementAndGet(index));
      results.add(result);
      if (i % 3 == 0) {
        results.get(i / 2).cancel(i % 2 == 0);
      }
    }
    pool.close();
    for (int i = 0; i < tasks; i++) {
      boolean cancelled = results.get(i).isCancelled();
      assertThat(results.get(i).isDone()).isTrue();
      assertThat(values.get(i)).as("value callbacks of %d", i).isEqualTo(cancelled ? 0 : 1);
      assertThat(errors.get(i)).as("error callbacks of %d", i).isEqualTo(cancelled ? 1 : 0);
    }
  }

  /** Hundreds of callbacks that wait for further callbacks do not block each other for good. */
  @PoolTest
  void callback_manyWaitForCallbacks_allEnd(Pool pool) throws Exception {
    AtomicInteger inner = new AtomicInteger();
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      results.add(pool.applyAsync(ContractTasks::square, i, value -> {
        try {
          pool.applyAsync(ContractTasks::square, 1, one -> inner.incrementAndGet())
              .get();
        } catch (InterruptedException | ExecutionException e) {
          throw new AssertionError(e);
        }
      }));
    }
    for (int i = 0; i < results.size(); i++) {
      assertThat(results.get(i).get()).isEqualTo(i * i);
    }
    assertThat(inner).hasValue(results.size());
  }

  /** A callback may use the pool, and wait for what it submits. */
  @PoolTest(workers = 1)
  void callback_usesPool_works(Pool pool) throws Exception {
    AtomicInteger nested = new AtomicInteger();
    AsyncResult<Integer> result = pool.applyAsync(ContractTasks::square, 3, value -> {
      try {
        nested.set(pool.apply(ContractTasks::square, value));
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    });
    assertThat(valueOf(result)).isEqualTo(9);
    assertThat(nested).hasValue(81);
  }

  static void awaitLatch(CountDownLatch latch) {
    try {
      assertThat(latch.await(Times.LONG.toNanos(), TimeUnit.NANOSECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Throwable innermostCause(Throwable thrown) {
    Throwable inner = thrown;
    while (inner.getCause() != null) {
      inner = inner.getCause();
    }
    return inner;
  }

  private record Adds(Journal journal, String line) implements Runnable, java.io.Serializable {
    @Override
    public void run() {
      journal.add(line);
    }
  }

  private static final class Holder implements java.io.Serializable {
    private static final long serialVersionUID = 1;
    final Object hidden = new Object();
  }
}
