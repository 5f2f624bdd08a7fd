// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.ChildProcess;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerDeadlockException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Functions on the server that use each other's objects. */
@Timeout(60)
class FunctionDeadlockTest {
  private static final CyclicBarrier BOTH = new CyclicBarrier(2);
  private static final CyclicBarrier THREE = new CyclicBarrier(3);
  private static volatile CountDownLatch used = new CountDownLatch(1);
  private static volatile CountDownLatch asked = new CountDownLatch(1);
  private static volatile CountDownLatch released = new CountDownLatch(1);

  private Manager manager;
  private ManagedMap<String, Integer> one;
  private ManagedMap<String, Integer> two;
  private ManagedMap<String, Integer> three;

  @BeforeEach
  void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
    one = manager.map();
    two = manager.map();
    three = manager.map();
    used = new CountDownLatch(1);
    asked = new CountDownLatch(1);
    released = new CountDownLatch(1);
  }

  @AfterEach
  void close() {
    released.countDown();
    manager.close();
  }

  private static void meet(CyclicBarrier barrier) {
    try {
      barrier.await(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** In a thread of its own: the JDK's pool has only one where there are two processors. */
  private static <T> CompletableFuture<T> begin(Supplier<T> work) {
    return CompletableFuture.supplyAsync(work, command -> new Thread(command).start());
  }

  /** Runs functions at once, and returns what those were told that closed a circle; the others have returned. */
  private static List<ManagerDeadlockException> refused(
      List<ManagedMap<String, Integer>> maps,
      List<ServerFunctions.OfTwo<String, Integer, Integer>> functions) {
    List<CompletableFuture<Integer>> all = new ArrayList<>();
    for (int i = 0; i < maps.size(); i++) {
      ManagedMap<String, Integer> map = maps.get(i);
      ServerFunctions.OfTwo<String, Integer, Integer> function = functions.get(i);
      all.add(begin(() -> map.compute("key", function)));
    }
    List<ManagerDeadlockException> refused = new ArrayList<>();
    for (CompletableFuture<Integer> each : all) {
      try {
        each.join();
      } catch (CompletionException e) {
        refused.add((ManagerDeadlockException) e.getCause());
      }
    }
    return refused;
  }

  @Test
  void eachUsesTheOthersObject_oneIsTold() {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    List<ManagerDeadlockException> refused = refused(
        List.of(a, b),
        List.of(
            (key, value) -> {
              meet(BOTH);
              return b.size();
            },
            (key, value) -> {
              meet(BOTH);
              return a.size();
            }));
    assertThat(refused).hasSize(1);
    assertThat(refused.get(0))
        .hasMessageContaining("a function that runs on the server cannot wait for size()")
        .hasMessageContaining("compute(Object,BiFunction) at map ")
        .hasMessageContaining(" would wait for map ")
        .hasMessageContaining("use one object in a function");
    assertThat(refused.get(0).circle())
        .hasSize(2)
        .allMatch(each -> each.startsWith("compute(Object,BiFunction) at map "))
        .doesNotHaveDuplicates();
    assertThat(a.size() + b.size()).as("the other one went on").isEqualTo(1);
  }

  @Test
  void circleOfThree_oneIsTold() {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    ManagedMap<String, Integer> c = three;
    List<ManagerDeadlockException> refused = refused(
        List.of(a, b, c),
        List.of(
            (key, value) -> {
              meet(THREE);
              return b.size();
            },
            (key, value) -> {
              meet(THREE);
              return c.size();
            },
            (key, value) -> {
              meet(THREE);
              return a.size();
            }));
    assertThat(refused).hasSize(1);
    assertThat(refused.get(0).circle()).hasSize(3).doesNotHaveDuplicates();
    assertThat(a.size() + b.size() + c.size()).isEqualTo(2);
  }

  /** A function within a function, which comes back to the first one's object. */
  @Test
  void nested_comesBack_isTold() {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    assertThatThrownBy(() -> a.compute("key", (key, value) -> b.compute("key", (k, v) -> a.size())))
        .isInstanceOfSatisfying(
            ManagerDeadlockException.class, told -> assertThat(told.circle()).hasSize(2));
    assertThat(a).isEmpty();
    assertThat(b).isEmpty();
    int nested = a.compute("key", (key, value) -> b.compute("key", (k, v) -> 5) + 1);
    assertThat(nested).isEqualTo(6);
  }

  @Test
  void asynchronously_whoWaitsForTheFutureIsTold() {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    for (int round = 0; round < 10; round++) {
      List<ManagerDeadlockException> refused = refused(
          List.of(a, b),
          List.of(
              (key, value) -> {
                meet(BOTH);
                return b.async().size().join();
              },
              (key, value) -> {
                meet(BOTH);
                try {
                  return a.async().size().thenApply(size -> size + 1).get();
                } catch (ExecutionException | InterruptedException e) {
                  throw new IllegalStateException(e);
                }
              }));
      assertThat(refused).hasSize(1);
    }
  }

  /** Who does not wait for the reply is no part of a circle. */
  @Test
  void asynchronously_notWaitedFor_isDone() throws Exception {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    List<ManagerDeadlockException> refused = refused(
        List.of(a, b),
        List.of(
            (key, value) -> {
              b.async().put("from a", 1);
              meet(BOTH);
              return 1;
            },
            (key, value) -> {
              a.async().put("from b", 1);
              meet(BOTH);
              return a.size();
            }));
    assertThat(refused).isEmpty();
    await().until(() -> a.containsKey("from b") && b.containsKey("from a"));
  }

  /** That a function has used an object before keeps nobody from waiting for the function. */
  @Test
  void usedBefore_isNoCircle() throws Exception {
    ManagedMap<String, Integer> a = one;
    ManagedMap<String, Integer> b = two;
    CompletableFuture<Integer> first = begin(() -> a.compute("key", (key, value) -> {
      int size = b.size() + b.async().size().join();
      used.countDown();
      awaitOpen(released);
      return size;
    }));
    awaitOpen(used);
    CompletableFuture<Integer> second = begin(() -> b.compute("key", (key, value) -> {
      CompletableFuture<Integer> size = a.async().size();
      asked.countDown();
      return size.join();
    }));
    awaitOpen(asked);
    assertThat(b.async().size()).as("waits").isNotDone();
    released.countDown();
    assertThat(first.get(20, TimeUnit.SECONDS)).isZero();
    assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo(1);
  }

  private static void awaitOpen(CountDownLatch latch) {
    try {
      if (!latch.await(30, TimeUnit.SECONDS)) {
        throw new IllegalStateException("nobody has come");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An order that uses a map, at which a function uses the queue. */
  private static final class ByMap implements Comparator<String>, Serializable {
    private static final long serialVersionUID = 1;
    private final ManagedMap<String, Integer> map;

    ByMap(ManagedMap<String, Integer> map) {
      this.map = map;
    }

    @Override
    public int compare(String left, String right) {
      if (left.equals(right)) {
        return 0;
      }
      meet(BOTH);
      return map.size() + left.compareTo(right);
    }
  }

  @Test
  void comparatorOfQueue_isPartOfTheCircle() throws Exception {
    ManagedMap<String, Integer> a = one;
    ManagedQueue<String> queue = manager.priorityQueue(10, new ByMap(a)::compare);
    queue.put("x");
    CompletableFuture<Integer> first = begin(() -> a.compute("key", (key, value) -> {
      meet(BOTH);
      return queue.size();
    }));
    Throwable ofPut = null;
    try {
      queue.put("y");
    } catch (ManagerDeadlockException e) {
      ofPut = e;
    }
    Throwable ofFunction = first.handle((done, thrown) -> thrown).get(20, TimeUnit.SECONDS);
    assertThat((ofPut == null) != (ofFunction == null)).as("one of them").isTrue();
    ManagerDeadlockException told =
        (ManagerDeadlockException) (ofPut != null ? ofPut : ofFunction.getCause());
    assertThat(told.circle())
        .anyMatch(each -> each.startsWith("put(Object) at priority queue "))
        .anyMatch(each -> each.startsWith("compute(Object,BiFunction) at map "));
  }

  /** Functions of two processes, in the server's own. */
  @Test
  void twoProcesses_serverOfItsOwn_oneIsTold() throws Exception {
    try (Manager started = Manager.start()) {
      ManagedMap<String, Integer> a = started.map();
      ManagedMap<String, Integer> b = started.map();
      ManagedList<List<String>> told = started.list();
      List<ChildProcess> children = new ArrayList<>();
      for (List<ManagedMap<String, Integer>> maps : List.of(List.of(a, b), List.of(b, a))) {
        ManagedMap<String, Integer> mine = maps.get(0);
        ManagedMap<String, Integer> theirs = maps.get(1);
        children.add(ChildProcess.start(() -> {
          try {
            mine.compute("key", (key, value) -> {
              meet(BOTH);
              return theirs.size();
            });
          } catch (ManagerDeadlockException e) {
            told.add(new ArrayList<>(e.circle()));
          }
        }));
      }
      for (ChildProcess child : children) {
        child.join();
        assertThat(child.exitCode()).hasValue(0);
      }
      assertThat(told).hasSize(1);
      assertThat(told.get(0)).hasSize(2);
      assertThat(a.size() + b.size()).isEqualTo(1);
    }
  }
}
