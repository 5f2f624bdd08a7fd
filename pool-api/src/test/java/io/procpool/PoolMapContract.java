// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

/** Many inputs, all awaited: {@code map}, {@code starmap}, {@code invokeAll}, {@code invokeAny}. */
public abstract class PoolMapContract extends PoolContract {
  @PoolTest(workers = {1, 4})
  void map_anyChunkSize_keepsOrder(Pool pool) throws Exception {
    List<Integer> inputs = range(0, 1000);
    List<Integer> expected = squares(0, 1000);
    assertThat(pool.map(ContractTasks::square, inputs)).isEqualTo(expected);
    for (int chunkSize : new int[] {1, 7, 999, 1000, 1001, 1_000_000}) {
      assertThat(pool.map(ContractTasks::square, inputs, chunkSize)).isEqualTo(expected);
      assertThat(valueOf(pool.mapAsync(ContractTasks::square, inputs, chunkSize)))
          .isEqualTo(expected);
    }
  }

  @PoolTest
  void map_noInput_isEmptyList(Pool pool) throws Exception {
    List<Object> called = new ArrayList<>();
    assertThat(pool.map(ContractTasks::square, List.of())).isEmpty();
    assertThat(pool.map(ContractTasks::square, List.of(), 3)).isEmpty();
    assertThat(valueOf(pool.mapAsync(ContractTasks::square, List.of(), called::add, called::add)))
        .isEmpty();
    assertThat(called).containsExactly(List.of());
    assertThat(pool.starmap(ContractTasks::add, List.of())).isEmpty();
  }

  /** The list is as {@code Arrays.asList} would give it, and can be the argument of another task. */
  @PoolTest
  void map_manyInputs_listCanBeReadWrittenAndSent(Pool pool) throws Exception {
    int count = 10_000;
    List<Integer> squares = pool.map(ContractTasks::square, range(0, count));
    assertThat(squares).isEqualTo(squares(0, count)).hasSize(count);
    assertThat(squares.toArray()).isEqualTo(squares(0, count).toArray());
    assertThat(new ArrayList<>(squares)).isEqualTo(squares);
    for (int index : new int[] {-1, count, Integer.MAX_VALUE}) {
      assertThatThrownBy(() -> squares.get(index)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> squares.set(index, 1)).isInstanceOf(IndexOutOfBoundsException.class);
    }
    assertThatThrownBy(() -> squares.add(1)).isInstanceOf(UnsupportedOperationException.class);
    assertThatThrownBy(() -> squares.remove(0)).isInstanceOf(UnsupportedOperationException.class);
    assertThat(pool.apply(ContractTasks::same, (Object) squares)).isEqualTo(squares);
    squares.sort(Comparator.reverseOrder());
    assertThat(squares).isSortedAccordingTo(Comparator.reverseOrder());
    assertThat(squares.set(count - 1, null)).isEqualTo(0);
    assertThat(squares.get(count - 1)).isNull();
  }

  @PoolTest
  void map_badChunkSize_isRefusedNamingWhatIsAllowed(Pool pool) {
    for (int chunkSize : new int[] {0, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      String message = "chunkSize: " + chunkSize + " (expected: 1 to ";
      assertThatThrownBy(() -> pool.map(ContractTasks::square, List.of(1), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() -> pool.mapAsync(ContractTasks::square, List.of(), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() ->
              pool.mapAsync(ContractTasks::square, List.of(), chunkSize, value -> {}, error -> {}))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() -> pool.starmap(ContractTasks::add, List.of(), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() -> pool.starmapAsync(ContractTasks::sum, List.of(), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
    }
  }

  @PoolTest
  void map_nulls_areInputsAndValues(Pool pool) throws Exception {
    List<Object> inputs = Arrays.asList(1, null, 3);
    assertThat(pool.map(ContractTasks::same, inputs)).isEqualTo(inputs);
    assertThat(pool.map(input -> null, inputs)).containsExactly(null, null, null);
  }

  /** The failure of the first failing input is thrown, with others suppressed, when all inputs have completed. */
  @PoolTest(workers = {1, 3})
  void map_inputsFail_throwsFirstInInputOrderAfterAllCompleted(Pool pool, PoolContext context) {
    for (int chunkSize : new int[] {1, 4, 20}) {
      Journal journal = context.journal();
      assertThatThrownBy(() -> pool.map(
              n -> {
                journal.add(n);
                return ContractTasks.failThirds(n);
              },
              range(4, 20),
              chunkSize))
          .isExactlyInstanceOf(IllegalStateException.class)
          .hasMessage("bad 6")
          .satisfies(thrown -> assertThat(thrown.getSuppressed())
              .extracting(Throwable::getMessage)
              .containsExactly("bad 9", "bad 12", "bad 15", "bad 18"));
      assertThat(journal.lines()).hasSize(16);
    }
  }

  @PoolTest
  void map_checkedFailure_throwsTaskFailed(Pool pool) {
    assertThatThrownBy(() -> pool.map(ContractTasks::failChecked, List.of(1, 2)))
        .isExactlyInstanceOf(TaskFailedException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("bad 1");
    assertThatThrownBy(() -> pool.map(ContractTasks::failError, List.of(1, 2)))
        .isExactlyInstanceOf(LinkageError.class)
        .hasMessage("bad 1");
  }

  /** With two workers, two inputs of a map are run at the same time. */
  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void map_severalWorkers_runAtTheSameTime(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<List<Integer>> result = pool.mapAsync(
        n -> {
          gate.pass();
          return n;
        },
        range(0, 2));
    gate.awaitEntered(2);
    gate.open();
    assertThat(valueOf(result)).containsExactly(0, 1);
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void map_interrupted_cancelsUnfinishedInputs(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread caller = context.thread(() -> {
      try {
        pool.map(
            n -> {
              gate.pass();
              return n;
            },
            range(0, 20),
            1);
      } catch (Throwable e) {
        thrown.set(e);
      }
    });
    gate.awaitEntered(1);
    caller.interrupt();
    caller.join(Times.LONG.toMillis());
    gate.awaitInterrupted();
    pool.close();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    assertThat(gate.entered()).isEqualTo(1);
  }

  @PoolTest
  void mapAsync_inputChangedLater_isNotSeen(Pool pool) throws Exception {
    List<Integer> inputs = new ArrayList<>(range(0, 10));
    AsyncResult<List<Integer>> result = pool.mapAsync(ContractTasks::square, inputs);
    inputs.clear();
    assertThat(valueOf(result)).isEqualTo(squares(0, 10));
  }

  @PoolTest
  void mapAsync_callbacks_calledOnceBeforeGetReturns(Pool pool) throws Exception {
    List<Object> values = new ArrayList<>();
    List<Throwable> errors = new ArrayList<>();
    List<Integer> squares =
        valueOf(pool.mapAsync(ContractTasks::square, range(0, 50), values::add, errors::add));
    assertThat(values).containsExactly(squares);
    valueOf(pool.mapAsync(ContractTasks::square, range(0, 50), 7, values::add, errors::add));
    assertThat(values).containsExactly(squares, squares);
    values.remove(1);
    assertThat(errors).isEmpty();
    AsyncResult<List<Integer>> failing =
        pool.mapAsync(ContractTasks::failThirds, range(1, 9), values::add, errors::add);
    assertThat(errors).doesNotHaveDuplicates().hasSizeLessThanOrEqualTo(1);
    Throwable failure = failureOf(failing);
    assertThat(errors).containsExactly(failure);
    assertThat(failure).hasMessage("bad 3");
    assertThat(values).hasSize(1);
  }

  /** If the inputs cannot be read, the caller is told and none is run. */
  @PoolTest
  void mapAsync_inputThrows_nothingIsRun(Pool pool, PoolContext context) throws Exception {
    Journal journal = context.journal();
    assertThatThrownBy(() -> pool.mapAsync(
            n -> {
              journal.add(n);
              return n;
            },
            throwingAfter(range(0, 5))))
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("end of the good inputs");
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
    pool.close();
    assertThat(journal.lines()).isEmpty();
  }

  static <T> Iterable<T> throwingAfter(List<T> good) {
    return () -> new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public T next() {
        if (next == good.size()) {
          throw new IllegalStateException("end of the good inputs");
        }
        return good.get(next++);
      }
    };
  }

  @PoolTest(fresh = true, workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void mapAsync_cancelled_unstartedInputsNeverRun(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<List<Integer>> result = pool.mapAsync(
        n -> {
          gate.pass();
          return n;
        },
        range(0, 20));
    gate.awaitEntered(1);
    assertThat(result.isRunning()).isTrue();
    assertThat(result.cancel(true)).isTrue();
    gate.awaitInterrupted();
    pool.close();
    assertThat(gate.entered()).isEqualTo(1);
    assertThatThrownBy(result::get).isInstanceOf(CancellationException.class);
    PoolStatistics end = pool.statistics();
    assertThat(end.completedTasks() + end.cancelledTasks() + end.lostTasks()).isEqualTo(20);
  }

  /** A short task does not wait behind the long inputs of a map while a worker is idle. */
  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void map_oneInputIsLong_othersGoOn(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<List<Integer>> result = pool.mapAsync(
        n -> {
          if (n == 0) {
            gate.pass();
          }
          return n;
        },
        range(0, 50),
        1);
    gate.awaitEntered(1);
    for (int i = 0; i < 20; i++) {
      assertThat(valueOf(pool.applyAsync(ContractTasks::square, i))).isEqualTo(i * i);
    }
    assertThat(result.isDone()).isFalse();
    gate.open();
    assertThat(valueOf(result)).isEqualTo(range(0, 50));
  }

  // starmap.

  @PoolTest(workers = {1, 3})
  void starmap_twoAndThreeArguments_spreadThem(Pool pool) throws Exception {
    List<Arguments.Two<Integer, Integer>> twos = new ArrayList<>();
    List<Arguments.Three<Integer, Integer, Integer>> threes = new ArrayList<>();
    List<Integer> sums = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      twos.add(Arguments.of(i, 2 * i));
      threes.add(Arguments.of(i, i, i));
      sums.add(3 * i);
    }
    assertThat(pool.starmap(ContractTasks::add, twos)).isEqualTo(sums);
    assertThat(pool.starmap(ContractTasks::sum, threes)).isEqualTo(sums);
    assertThat(valueOf(pool.starmapAsync(ContractTasks::add, twos))).isEqualTo(sums);
    assertThat(valueOf(pool.starmapAsync(ContractTasks::sum, threes))).isEqualTo(sums);
  }

  @PoolTest(workers = {1, 3})
  void starmap_anyChunkSizeAndCallbacks_asMap(Pool pool) throws Exception {
    List<Arguments.Two<Integer, Integer>> twos = new ArrayList<>();
    List<Arguments.Three<Integer, Integer, Integer>> threes = new ArrayList<>();
    List<Integer> sums = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      twos.add(Arguments.of(i, 2 * i));
      threes.add(Arguments.of(i, i, i));
      sums.add(3 * i);
    }
    List<Object> values = new ArrayList<>();
    List<Throwable> errors = new ArrayList<>();
    for (int chunkSize : new int[] {1, 7, 100, 1_000_000}) {
      assertThat(pool.starmap(ContractTasks::add, twos, chunkSize)).isEqualTo(sums);
      assertThat(pool.starmap(ContractTasks::sum, threes, chunkSize)).isEqualTo(sums);
      assertThat(valueOf(pool.starmapAsync(ContractTasks::add, twos, chunkSize)))
          .isEqualTo(sums);
      assertThat(valueOf(pool.starmapAsync(ContractTasks::sum, threes, chunkSize)))
          .isEqualTo(sums);
      valueOf(pool.starmapAsync(ContractTasks::add, twos, chunkSize, values::add, errors::add));
      valueOf(pool.starmapAsync(ContractTasks::sum, threes, chunkSize, values::add, errors::add));
    }
    valueOf(pool.starmapAsync(ContractTasks::add, twos, values::add, errors::add));
    valueOf(pool.starmapAsync(ContractTasks::sum, threes, values::add, errors::add));
    assertThat(values).hasSize(10).containsOnly(sums);
    assertThat(errors).isEmpty();
    Throwable failure = failureOf(pool.starmapAsync(
        (a, b) -> ContractTasks.failUnchecked(a + b), twos, 3, values::add, errors::add));
    assertThat(errors).containsExactly(failure);
    assertThat(failure).hasMessage("bad 0");
  }

  @PoolTest
  void starmap_nullArguments_arePassedOn(Pool pool) throws Exception {
    assertThat(pool.starmap(
            ContractTasks::join,
            List.of(Arguments.<Object, Object>of(null, 1), Arguments.<Object, Object>of(2, null))))
        .containsExactly("null-1", "2-null");
    assertThat(pool.starmap(
            ContractTasks::joinThree,
            List.of(Arguments.<Object, Object, Object>of(null, null, null))))
        .containsExactly("null-null-null");
  }

  @PoolTest
  void starmap_failure_isThrown(Pool pool) throws Exception {
    List<Arguments.Two<Integer, Integer>> inputs = List.of(Arguments.of(1, 2), Arguments.of(3, 4));
    assertThatThrownBy(() -> pool.starmap((a, b) -> ContractTasks.failUnchecked(a + b), inputs))
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 3");
    assertThat(failureOf(pool.starmapAsync((a, b) -> ContractTasks.failChecked(a + b), inputs)))
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("bad 3");
  }

  // invokeAll, invokeAny.

  /** A callable of a class of its own. */
  private interface SerializableCallable<T> extends Callable<T>, Serializable {}

  private static SerializableCallable<Integer> value(int value) {
    return () -> value;
  }

  private static SerializableCallable<Integer> failing(int number) {
    return () -> ContractTasks.failUnchecked(number);
  }

  private static SerializableCallable<Integer> gated(Gate gate, int value) {
    return () -> {
      gate.pass();
      return value;
    };
  }

  @PoolTest(workers = {1, 3})
  void invokeAll_valuesAndFailures_areInOrderAndDone(Pool pool) throws Exception {
    List<Future<Integer>> results = pool.invokeAll(List.of(value(1), failing(2), value(3)));
    assertThat(results).hasSize(3).allMatch(Future::isDone);
    assertThat(results.get(0).get()).isEqualTo(1);
    assertThatThrownBy(() -> results.get(1).get())
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 2");
    assertThat(results.get(2).get()).isEqualTo(3);
    assertThat(pool.invokeAll(List.<Callable<Integer>>of())).isEmpty();
  }

  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void invokeAll_timeout_cancelsUnfinished(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    List<Future<Integer>> results = pool.invokeAll(
        List.of(value(1), gated(gate, 2)), Times.SHORT.toNanos(), TimeUnit.NANOSECONDS);
    assertThat(results).hasSize(2).allMatch(Future::isDone);
    assertThat(results.get(1).isCancelled()).isTrue();
    assertThat(pool.invokeAll(List.of(value(1)), Long.MAX_VALUE, TimeUnit.DAYS)
            .get(0)
            .get())
        .isEqualTo(1);
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void invokeAll_interrupted_cancelsUnfinished(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AtomicReference<Throwable> thrown = new AtomicReference<>();
    Thread caller = context.thread(() -> {
      try {
        pool.invokeAll(List.of(gated(gate, 1), gated(gate, 2)));
      } catch (Throwable e) {
        thrown.set(e);
      }
    });
    gate.awaitEntered(1);
    caller.interrupt();
    caller.join(Times.LONG.toMillis());
    gate.awaitInterrupted();
    pool.close();
    assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
    assertThat(gate.entered()).isEqualTo(1);
  }

  /** A collection with a null among the tasks is refused; nothing of it goes on. */
  @PoolTest
  void invokeAll_nullElement_isRefused(Pool pool) throws Exception {
    assertThatThrownBy(() -> pool.invokeAll(Arrays.asList(value(1), null)))
        .isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> pool.invokeAny(Arrays.asList(value(1), null)))
        .isInstanceOf(NullPointerException.class);
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  @PoolTest(workers = {1, 2})
  void invokeAny_oneSucceeds_returnsItsValue(Pool pool) throws Exception {
    assertThat(pool.invokeAny(List.of(failing(1), value(2), failing(3)))).isEqualTo(2);
    assertThat(pool.invokeAny(
            List.of(failing(1), value(2)), Times.LONG.toNanos(), TimeUnit.NANOSECONDS))
        .isEqualTo(2);
  }

  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void invokeAny_oneSucceeds_othersAreCancelled(Pool pool, PoolContext context) throws Exception {
    Gate loser = context.gate();
    Gate winner = context.gate();
    SerializableCallable<Integer> waitsForLoser = () -> {
      winner.pass();
      return 2;
    };
    AtomicReference<Object> value = new AtomicReference<>();
    Thread caller = context.thread(() -> {
      try {
        value.set(pool.invokeAny(List.of(gated(loser, 1), waitsForLoser)));
      } catch (Throwable e) {
        value.set(e);
      }
    });
    loser.awaitEntered(1);
    winner.open();
    loser.awaitInterrupted();
    caller.join(Times.LONG.toMillis());
    assertThat(value.get()).isEqualTo(2);
  }

  @PoolTest
  void invokeAny_allFail_throwsFailure(Pool pool) {
    assertThatThrownBy(() -> pool.invokeAny(List.of(failing(1), failing(1))))
        .isInstanceOf(ExecutionException.class)
        .cause()
        .isExactlyInstanceOf(IllegalStateException.class)
        .hasMessage("bad 1");
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void invokeAny_timeout_throwsAndCancels(Pool pool, PoolContext context) {
    Gate gate = context.gate();
    assertThatThrownBy(() -> pool.invokeAny(
            List.of(gated(gate, 1), gated(gate, 2)), Times.SHORT.toNanos(), TimeUnit.NANOSECONDS))
        .isInstanceOf(TimeoutException.class);
    await().atMost(Times.LONG).until(() -> pool.statistics().workersBusy() == 0);
    assertThat(gate.entered()).isLessThanOrEqualTo(1);
  }

  @PoolTest
  void invokeAny_noTasks_isRefused(Pool pool) {
    assertThatThrownBy(() -> pool.invokeAny(List.<Callable<Integer>>of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("tasks");
  }
}
