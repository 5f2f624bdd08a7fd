// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.manager.AsyncArray;
import io.procpool.manager.AsyncLong;
import io.procpool.manager.AsyncMap;
import io.procpool.manager.AsyncQueue;
import io.procpool.manager.AsyncSet;
import io.procpool.manager.AsyncValue;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class ManagerAsyncTest {
  private static Manager manager;

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  private static CompletableFuture<Void> all(List<? extends CompletableFuture<?>> futures) {
    return CompletableFuture.allOf(futures.toArray(CompletableFuture[]::new));
  }

  /** Whether a thread waits or not: what it asks for is done in the order in which it asks. */
  @Test
  void operations_mixedInOneThread_areDoneInOrder() {
    ManagedMap<String, Integer> map = manager.map();
    AsyncMap<String, Integer> async = map.async();
    for (int i = 0; i < 2_000; i++) {
      CompletableFuture<Integer> before = async.put("key", i);
      Integer now = map.get("key");
      assertThat(now).isEqualTo(i);
      Integer was = before.join();
      assertThat(was).isEqualTo(i == 0 ? null : i - 1);
    }
  }

  /** Several threads at once, with many calls under way: each reply finds its future, and nothing is lost. */
  @Test
  void merges_ofManyThreads_allCount() throws Exception {
    ManagedMap<String, Integer> map = manager.map();
    AsyncMap<String, Integer> async = map.async();
    List<Thread> threads = new ArrayList<>();
    List<CompletableFuture<Integer>> futures = Collections.synchronizedList(new ArrayList<>());
    for (int t = 0; t < 4; t++) {
      Thread thread = new Thread(() -> {
        for (int i = 0; i < 2_500; i++) {
          futures.add(async.merge("sum", 1, (a, b) -> a + b));
        }
      });
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      thread.join();
    }
    all(futures).get(60, TimeUnit.SECONDS);
    assertThat(map.get("sum")).isEqualTo(10_000);
    assertThat(futures.stream().map(CompletableFuture::join))
        .doesNotHaveDuplicates()
        .allMatch(value -> value >= 1 && value <= 10_000);
  }

  /** A large argument does not overtake what was asked for before. */
  @Test
  void put_ofMuchMoreThanAMessageTakes_keepsOrder() {
    ManagedMap<String, byte[]> map = manager.map();
    AsyncMap<String, byte[]> async = map.async();
    for (int i = 0; i < 20; i++) {
      async.put("key", new byte[] {(byte) i});
      async.put("key", new byte[3 << 20]);
      async.put("key", new byte[] {1, (byte) i});
    }
    assertThat(map.get("key")).containsExactly(1, 19);
  }

  @Test
  void operation_fails_onlyItsFuture() {
    ManagedMap<String, Integer> map = manager.map();
    AsyncMap<String, Integer> async = map.async();
    CompletableFuture<Integer> good = async.put("a", 1);
    CompletableFuture<Integer> bad = async.merge("a", 1, (a, b) -> a / 0);
    CompletableFuture<Integer> alsoGood = async.get("a");
    assertThatThrownBy(bad::join)
        .isInstanceOf(CompletionException.class)
        .hasCauseInstanceOf(ArithmeticException.class);
    Integer before = good.join();
    Integer after = alsoGood.join();
    assertThat(before).isNull();
    assertThat(after).isEqualTo(1);
  }

  @Test
  void argument_notSerializable_isRefusedAtOnce() {
    ManagedMap<String, Object> map = manager.map();
    AsyncMap<String, Object> async = map.async();
    assertThatThrownBy(() -> async.put("thread", new Thread()))
        .isInstanceOf(NotSerializableMessageException.class);
    assertThat(map).isEmpty();
  }

  /** Callbacks that wait for others behind them do not hang: another thread goes on. */
  @Test
  void callback_waitsForALaterFuture_getsIt() throws Exception {
    AsyncQueue<String> queue = manager.<String>queue(10).async();
    CompletableFuture<String> later = new CompletableFuture<>();
    CompletableFuture<String> first =
        queue.take().thenApply(taken -> taken + later.join() + queue.take().join());
    queue.take().thenAccept(later::complete);
    queue.put("a");
    queue.put("b");
    queue.put("c");
    assertThat(first.get(30, TimeUnit.SECONDS)).isEqualTo("abc");
  }

  /** The same while another thread waits, and reads for all. */
  @Test
  void callback_waitsWhileAnotherThreadReads_getsIt() throws Exception {
    ManagedQueue<String> empty = manager.queue(1);
    Thread reader = new Thread(() -> {
      try {
        empty.take();
      } catch (InterruptedException e) {
        // Not by this test.
      }
    });
    reader.start();
    try {
      AsyncQueue<String> queue = manager.<String>queue(10).async();
      for (int i = 0; i < 20; i++) {
        CompletableFuture<String> later = new CompletableFuture<>();
        CompletableFuture<String> first = queue.take().thenApply(taken -> taken + later.join());
        queue.take().thenAccept(later::complete);
        queue.put("a");
        queue.put("b");
        assertThat(first.get(20, TimeUnit.SECONDS)).isEqualTo("ab");
      }
    } finally {
      empty.put("end");
      reader.join();
    }
  }

  /** A cancelled take has taken nothing, or was not cancelled. */
  @Test
  void take_cancelledWhileElementsCome_losesNone() {
    ManagedQueue<Integer> queue = manager.queue(10_000);
    AsyncQueue<Integer> async = queue.async();
    int taken = 0;
    int cancelled = 0;
    for (int i = 0; i < 500; i++) {
      CompletableFuture<Integer> take = async.take();
      CompletableFuture<?> put =
          i % 2 == 0 ? async.put(i) : CompletableFuture.completedFuture(null);
      if (take.cancel(true)) {
        assertThat(take).isCancelled();
        cancelled++;
      } else {
        take.join();
        taken++;
      }
      put.join();
    }
    assertThat(taken + queue.size()).isEqualTo(250);
    assertThat(cancelled).isGreaterThanOrEqualTo(250);
  }

  /** Of waiting operations there can be many; one too many is refused, and the others are all served. */
  @Test
  void take_tooManyWait_oneIsRefused() {
    ManagedQueue<Integer> queue = manager.queue(20_000);
    AsyncQueue<Integer> async = queue.async();
    List<CompletableFuture<Integer>> takes =
        IntStream.range(0, 10_000).mapToObj(i -> async.take()).toList();
    assertThatThrownBy(() -> async.take().join())
        .hasMessageContaining("10000 calls of this process are waiting");
    takes.get(0).cancel(true);
    IntStream.range(0, 9_999).forEach(async::put);
    List<Integer> got = takes.stream().skip(1).map(CompletableFuture::join).toList();
    assertThat(got).isEqualTo(IntStream.range(0, 9_999).boxed().toList());
  }

  @Test
  void server_killed_allFuturesFail() throws Exception {
    Manager doomed = Manager.start();
    try {
      ManagedQueue<Integer> queue = doomed.queue(1);
      AsyncQueue<Integer> async = queue.async();
      List<CompletableFuture<Integer>> takes =
          IntStream.range(0, 1_000).mapToObj(i -> async.take()).toList();
      assertThat(queue.isEmpty()).isTrue(); // so the takes have arrived
      ChildProcess server = ChildProcess.activeChildren().stream()
          .filter(child -> child.name().startsWith("manager"))
          .findFirst()
          .orElseThrow();
      server.kill();
      Faults.awaitLong("the futures to fail")
          .until(() -> takes.stream().allMatch(CompletableFuture::isDone));
      for (CompletableFuture<Integer> take : takes) {
        assertThat(take).isCompletedExceptionally();
        assertThatThrownBy(take::join).hasCauseInstanceOf(ManagerGoneException.class);
      }
      assertThatThrownBy(() -> async.take().join()).hasCauseInstanceOf(ManagerGoneException.class);
    } finally {
      doomed.close();
    }
  }

  /** Also when the server is gone, a callback may wait for a future behind it. */
  @Test
  void server_gone_callbackWaitsForALaterFuture_getsIt() throws Exception {
    Manager doomed = Manager.start(ManagerOptions.builder().hosted(true).build());
    AsyncQueue<Integer> async = doomed.<Integer>queue(1).async();
    CompletableFuture<Integer> first = async.take();
    CompletableFuture<Integer> later = async.take();
    CompletableFuture<Boolean> waited = first.handle((none, gone) -> {
      later.handle((alsoNone, alsoGone) -> alsoGone).join();
      return later.isCompletedExceptionally();
    });
    CompletableFuture<Boolean> otherWay = later.handle((none, gone) -> {
      first.handle((alsoNone, alsoGone) -> alsoGone).join();
      return first.isCompletedExceptionally();
    });
    doomed.close();
    assertThat(waited.get(30, TimeUnit.SECONDS)).isTrue();
    assertThat(otherWay.get(30, TimeUnit.SECONDS)).isTrue();
  }

  /** An interrupted thread's calls are done as any other's, and it stays interrupted. */
  @Test
  void put_byInterruptedThread_isDone() throws Exception {
    ManagedMap<Integer, byte[]> map = manager.map();
    AsyncMap<Integer, byte[]> async = map.async();
    CountDownLatch done = new CountDownLatch(1);
    List<CompletableFuture<byte[]>> puts = new ArrayList<>();
    Thread thread = new Thread(() -> {
      Thread.currentThread().interrupt();
      for (int i = 0; i < 300; i++) {
        puts.add(async.put(i, new byte[20_000]));
      }
      if (Thread.currentThread().isInterrupted()) {
        done.countDown();
      }
    });
    thread.start();
    thread.join();
    assertThat(done.getCount()).isZero();
    all(puts).get(60, TimeUnit.SECONDS);
    assertThat(Objects.requireNonNull(map.get(299))).hasSize(20_000);
    assertThat(map.size()).isEqualTo(300);
  }

  // The same as the blocking operations, on an object of its own.

  private interface Step {
    CompletableFuture<?> async();
  }

  /** Asks for all at once, and compares what comes with what the blocking operations return elsewhere. */
  private static void assertSame(List<Supplier<?>> blocking, List<Step> steps) {
    List<CompletableFuture<?>> futures = steps.stream().map(Step::async).toList();
    for (int i = 0; i < blocking.size(); i++) {
      Object expected = blocking.get(i).get();
      Object got = futures.get(i).join();
      assertThat(got).as("step %d", i).isEqualTo(expected);
    }
  }

  private static @Nullable Object run(Runnable runnable) {
    runnable.run();
    return null;
  }

  @Test
  void value_anyOperation_asBlocking() {
    ManagedValue<String> one = manager.value("a");
    ManagedValue<String> value = manager.value("a");
    AsyncValue<String> async = value.async();
    assertSame(
        List.of(
            one::get,
            () -> run(() -> one.set("b")),
            () -> one.getAndSet("c"),
            () -> one.compareAndSet("b", "x"),
            () -> one.compareAndSet("c", "d"),
            () -> one.updateAndGet(s -> s + 1),
            () -> one.getAndUpdate(s -> s + 2),
            () -> one.accumulateAndGet("z", (s, t) -> s + t),
            () -> one.getAndAccumulate("z", (s, t) -> t + s),
            one::get),
        List.of(
            async::get,
            () -> async.set("b"),
            () -> async.getAndSet("c"),
            () -> async.compareAndSet("b", "x"),
            () -> async.compareAndSet("c", "d"),
            () -> async.updateAndGet(s -> s + 1),
            () -> async.getAndUpdate(s -> s + 2),
            () -> async.accumulateAndGet("z", (s, t) -> s + t),
            () -> async.getAndAccumulate("z", (s, t) -> t + s),
            async::get));
    assertThat(value.get()).isEqualTo("zd12z");
  }

  @Test
  void atomicLong_anyOperation_asBlocking() {
    ManagedLong one = manager.atomicLong();
    ManagedLong number = manager.atomicLong();
    AsyncLong async = number.async();
    assertSame(
        List.of(
            one::incrementAndGet,
            one::getAndIncrement,
            one::decrementAndGet,
            one::getAndDecrement,
            () -> one.addAndGet(5),
            () -> one.getAndAdd(6),
            () -> run(() -> one.set(20)),
            () -> one.getAndSet(21),
            () -> one.compareAndSet(20, 1),
            () -> one.compareAndSet(21, 22),
            () -> one.updateAndGet(n -> n * 2),
            () -> one.getAndUpdate(n -> n + 1),
            () -> one.accumulateAndGet(3, (n, m) -> n % m),
            () -> one.getAndAccumulate(7, Math::max),
            one::get),
        List.of(
            async::incrementAndGet,
            async::getAndIncrement,
            async::decrementAndGet,
            async::getAndDecrement,
            () -> async.addAndGet(5),
            () -> async.getAndAdd(6),
            () -> async.set(20),
            () -> async.getAndSet(21),
            () -> async.compareAndSet(20, 1),
            () -> async.compareAndSet(21, 22),
            () -> async.updateAndGet(n -> n * 2),
            () -> async.getAndUpdate(n -> n + 1),
            () -> async.accumulateAndGet(3, (n, m) -> n % m),
            () -> async.getAndAccumulate(7, Math::max),
            async::get));
    assertThat(number.get()).isEqualTo(7);
  }

  @Test
  void array_anyOperation_asBlocking() {
    ManagedArray<Integer> one = manager.array(3);
    ManagedArray<Integer> array = manager.array(3);
    AsyncArray<Integer> async = array.async();
    assertSame(
        List.of(
            () -> run(() -> one.setAll(0, List.of(1, 2, 3))),
            () -> one.get(1),
            () -> run(() -> one.set(1, 5)),
            () -> one.getAndSet(1, 6),
            () -> one.compareAndSet(1, 5, 7),
            () -> one.compareAndSet(1, 6, 7),
            () -> one.updateAndGet(2, n -> n + 10),
            () -> one.getAndUpdate(2, n -> n + 10),
            () -> one.accumulateAndGet(0, 9, (n, m) -> n * m)),
        List.of(
            () -> async.setAll(0, List.of(1, 2, 3)),
            () -> async.get(1),
            () -> async.set(1, 5),
            () -> async.getAndSet(1, 6),
            () -> async.compareAndSet(1, 5, 7),
            () -> async.compareAndSet(1, 6, 7),
            () -> async.updateAndGet(2, n -> n + 10),
            () -> async.getAndUpdate(2, n -> n + 10),
            () -> async.accumulateAndGet(0, 9, (n, m) -> n * m)));
    assertThat(array.toList()).containsExactly(9, 7, 23);
    assertThatThrownBy(() -> async.get(3).join())
        .hasCauseInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void set_anyOperation_asBlocking() {
    ManagedSet<String> one = manager.set();
    ManagedSet<String> set = manager.set();
    AsyncSet<String> async = set.async();
    assertSame(
        List.of(
            () -> one.add("a"),
            () -> one.add("a"),
            () -> one.add("b"),
            () -> one.contains("a"),
            () -> one.remove("a"),
            () -> one.remove("a"),
            () -> one.contains("a"),
            one::size),
        List.of(
            () -> async.add("a"),
            () -> async.add("a"),
            () -> async.add("b"),
            () -> async.contains("a"),
            () -> async.remove("a"),
            () -> async.remove("a"),
            () -> async.contains("a"),
            async::size));
    assertThat(set).containsExactly("b");
  }

  /** Handles for asynchronous use work in the process that they were sent to, too. */
  @Test
  void handles_sent_workThere() throws Exception {
    AsyncValue<Integer> value = manager.value(1).async();
    AsyncLong number = manager.atomicLong().async();
    AsyncArray<Integer> array = manager.<Integer>array(1).async();
    AsyncSet<Integer> set = manager.<Integer>set().async();
    ChildProcess child = ChildProcess.start(() -> {
      value.set(2).get();
      number.set(3).get();
      array.set(0, 4).get();
      set.add(5).get();
    });
    child.join();
    assertThat((Object) value.get().join()).isEqualTo(2);
    assertThat((Object) number.get().join()).isEqualTo(3L);
    assertThat((Object) array.get(0).join()).isEqualTo(4);
    assertThat((Object) set.contains(5).join()).isEqualTo(true);
  }
}
