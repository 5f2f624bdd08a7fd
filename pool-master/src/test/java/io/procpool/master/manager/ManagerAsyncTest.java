// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.manager.AsyncMap;
import io.procpool.manager.AsyncQueue;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
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
import java.util.stream.IntStream;
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
}
