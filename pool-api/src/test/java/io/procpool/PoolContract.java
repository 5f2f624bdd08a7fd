// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;

/** What the parts of the contract suite share. */
@Timeout(120)
abstract class PoolContract {
  /** Why a cell of the inline backend is skipped. */
  static final String CALLER_RUNS =
      "the submitting thread runs the task, so the test has no result to look at";

  static <T> T valueOf(AsyncResult<T> result) throws Exception {
    return result.get(Times.LONG.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Returns what the task failed with. */
  static Throwable failureOf(AsyncResult<?> result) throws Exception {
    try {
      Object value = result.get(Times.LONG.toNanos(), TimeUnit.NANOSECONDS);
      throw new AssertionError("no failure but the value " + value);
    } catch (ExecutionException e) {
      return e.getCause();
    }
  }

  static List<Integer> range(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  static List<Integer> squares(int from, int to) {
    return IntStream.range(from, to).map(n -> n * n).boxed().toList();
  }

  static <T> List<T> listOf(Iterable<T> items) {
    List<T> list = new ArrayList<>();
    items.forEach(list::add);
    return list;
  }

  /** Every way of submitting, by name. */
  static Map<String, Callable<?>> submissions(Pool pool) {
    Map<String, Callable<?>> all = new TreeMap<>();
    Consumer<Object> ignore = value -> {};
    all.put("apply task", () -> pool.apply(() -> 1));
    all.put("apply 1", () -> pool.apply(ContractTasks::square, 1));
    all.put("apply 2", () -> pool.apply(ContractTasks::add, 1, 2));
    all.put("apply 3", () -> pool.apply(ContractTasks::sum, 1, 2, 3));
    all.put("submit task", () -> pool.submit(() -> 1));
    all.put("submit runnable task", () -> pool.submit(() -> {}));
    all.put("submit callable", () -> pool.submit((Callable<Integer>) new One()));
    all.put("submit runnable", () -> pool.submit((Runnable) new Nothing()));
    all.put("submit runnable, value", () -> pool.submit(new Nothing(), 1));
    all.put("execute task", () -> {
      pool.execute(() -> {});
      return null;
    });
    all.put("execute runnable", () -> {
      pool.execute((Runnable) new Nothing());
      return null;
    });
    all.put("applyAsync 1", () -> pool.applyAsync(ContractTasks::square, 1));
    all.put("applyAsync 1, value", () -> pool.applyAsync(ContractTasks::square, 1, ignore));
    all.put("applyAsync 1, both", () -> pool.applyAsync(ContractTasks::square, 1, ignore, ignore));
    all.put("applyAsync 2", () -> pool.applyAsync(ContractTasks::add, 1, 2));
    all.put("applyAsync 2, both", () -> pool.applyAsync(ContractTasks::add, 1, 2, ignore, ignore));
    all.put("applyAsync 3", () -> pool.applyAsync(ContractTasks::sum, 1, 2, 3));
    all.put(
        "applyAsync 3, both", () -> pool.applyAsync(ContractTasks::sum, 1, 2, 3, ignore, ignore));
    all.put("schedule", () -> pool.schedule(() -> 1, java.time.Duration.ZERO));
    all.put("map", () -> pool.map(ContractTasks::square, List.of(1)));
    all.put("map, chunk", () -> pool.map(ContractTasks::square, List.of(1), 1));
    all.put("mapAsync", () -> pool.mapAsync(ContractTasks::square, List.of(1)));
    all.put("mapAsync, chunk", () -> pool.mapAsync(ContractTasks::square, List.of(1), 1));
    all.put(
        "mapAsync, both", () -> pool.mapAsync(ContractTasks::square, List.of(1), ignore, ignore));
    all.put(
        "mapAsync, chunk, both",
        () -> pool.mapAsync(ContractTasks::square, List.of(1), 1, ignore, ignore));
    all.put("imap", () -> pool.imap(ContractTasks::square, List.of(1)));
    all.put("imap, chunk", () -> pool.imap(ContractTasks::square, List.of(1), 1));
    all.put("imapUnordered", () -> pool.imapUnordered(ContractTasks::square, List.of(1)));
    all.put("imapUnordered, chunk", () -> pool.imapUnordered(ContractTasks::square, List.of(1), 1));
    List<Arguments.Two<Integer, Integer>> two = List.of(Arguments.of(1, 2));
    List<Arguments.Three<Integer, Integer, Integer>> three = List.of(Arguments.of(1, 2, 3));
    all.put("starmap 2", () -> pool.starmap(ContractTasks::add, two));
    all.put("starmap 2, chunk", () -> pool.starmap(ContractTasks::add, two, 1));
    all.put("starmap 3", () -> pool.starmap(ContractTasks::sum, three));
    all.put("starmap 3, chunk", () -> pool.starmap(ContractTasks::sum, three, 1));
    all.put("starmapAsync 2", () -> pool.starmapAsync(ContractTasks::add, two));
    all.put("starmapAsync 2, chunk", () -> pool.starmapAsync(ContractTasks::add, two, 1));
    all.put(
        "starmapAsync 2, both", () -> pool.starmapAsync(ContractTasks::add, two, ignore, ignore));
    all.put(
        "starmapAsync 2, chunk, both",
        () -> pool.starmapAsync(ContractTasks::add, two, 1, ignore, ignore));
    all.put("starmapAsync 3", () -> pool.starmapAsync(ContractTasks::sum, three));
    all.put("starmapAsync 3, chunk", () -> pool.starmapAsync(ContractTasks::sum, three, 1));
    all.put(
        "starmapAsync 3, both", () -> pool.starmapAsync(ContractTasks::sum, three, ignore, ignore));
    all.put(
        "starmapAsync 3, chunk, both",
        () -> pool.starmapAsync(ContractTasks::sum, three, 1, ignore, ignore));
    all.put("invokeAll", () -> pool.invokeAll(List.of(new One())));
    all.put("invokeAny", () -> pool.invokeAny(List.of(new One())));
    return all;
  }

  /** Checks that every way of submitting is refused with such an exception. */
  static void assertAllRefused(Pool pool, Class<? extends Exception> type, String... messageParts) {
    submissions(pool).forEach((name, submission) -> {
      Throwable thrown = null;
      try {
        submission.call();
      } catch (Throwable e) {
        thrown = e;
      }
      assertThat(thrown).as(name).isInstanceOf(type).hasMessageContainingAll(messageParts);
    });
  }

  /** A serializable callable of a class of its own. */
  static final class One implements Callable<Integer>, java.io.Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Integer call() {
      return 1;
    }
  }

  /** A serializable runnable of a class of its own. */
  static final class Nothing implements Runnable, java.io.Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public void run() {}
  }
}
