// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.manager.ChangeListener;
import io.procpool.manager.ListChange;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.MapChange;
import io.procpool.manager.SlowListenerException;
import io.procpool.master.process.Faults;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listeners that do not keep up, and such that throw. */
@Timeout(120)
class SlowListenerTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  private static Manager manager;

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  /** Is told nothing more until it may go on. */
  private static final class Slow<C> implements ChangeListener<C> {
    final CountDownLatch begun = new CountDownLatch(1);
    final CountDownLatch goOn = new CountDownLatch(1);
    final BlockingQueue<C> told = new LinkedBlockingQueue<>();
    final BlockingQueue<ManagerException> ends = new LinkedBlockingQueue<>();
    private final int most;

    Slow(int most) {
      this.most = most;
    }

    @Override
    public void changed(C change) {
      begun.countDown();
      try {
        goOn.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      told.add(change);
    }

    @Override
    public void ended(ManagerException why) {
      ends.add(why);
    }

    @Override
    public int maxWaitingChanges() {
      return most;
    }

    C next() throws InterruptedException {
      C next = told.poll(Faults.LONG.toSeconds(), TimeUnit.SECONDS);
      assertThat(next).as("a change").isNotNull();
      return next;
    }

    SlowListenerException end() throws InterruptedException {
      ManagerException end = ends.poll(Faults.LONG.toSeconds(), TimeUnit.SECONDS);
      assertThat(end).isInstanceOf(SlowListenerException.class);
      return (SlowListenerException) end;
    }
  }

  /** As many as may wait are all told; one more is the end, after those. Meanwhile nobody waits for it. */
  @Test
  void listener_slow_isToldWhatWaitedAndThatItIsOver() throws Exception {
    ManagedList<Integer> list = manager.list();
    Slow<ListChange<Integer>> slow = new Slow<>(100);
    list.addListener(slow);
    list.add(0);
    slow.begun.await();
    IntStream.rangeClosed(1, 100).forEach(list::add); // which may wait
    assertThat(list).hasSize(101);
    assertThat(slow.ends).isEmpty();
    IntStream.rangeClosed(101, 300).forEach(list::add);
    assertThat(list).hasSize(301);
    slow.goOn.countDown();
    SlowListenerException end = slow.end();
    assertThat(slow.told)
        .extracting(ListChange::index)
        .containsExactlyElementsOf(IntStream.rangeClosed(0, 100).boxed().toList());
    assertThat(end.waitingChanges()).isEqualTo(100);
    assertThat(end.waitingBytes()).isBetween(500L, 10_000L);
    assertThat(end)
        .hasMessageContaining("of the list ")
        .hasMessageContaining("was too slow: 100 (")
        .hasMessageContaining("(limits: 100 and 64 MiB)");

    list.addListener(slow);
    slow.told.clear();
    list.add(301);
    assertThat(slow.next().index()).isEqualTo(301);
    assertThat(slow.told).isEmpty();
    assertThat(slow.ends).isEmpty();
  }

  /** A few large ones are too much, too. */
  @Test
  void listener_slowWithLargeChanges_isOverBeforeMemoryIs() throws Exception {
    ManagedList<byte[]> list = manager.list();
    Slow<ListChange<byte[]>> slow = new Slow<>(Integer.MAX_VALUE);
    list.addListener(slow);
    list.add(new byte[1]);
    slow.begun.await();
    for (int i = 0; i < 80; i++) {
      list.add(new byte[1 << 20]);
      list.remove(1);
    }
    slow.goOn.countDown();
    SlowListenerException end = slow.end();
    assertThat(end.waitingBytes()).isBetween(64L << 20, 66L << 20);
    assertThat(slow.told).hasSize((int) end.waitingChanges() + 1);
    assertThat(list).hasSize(1);
  }

  /** What one operation has changed is told, however many places it is, and more than may wait. */
  @Test
  void changesOfOneOperation_moreThanMayWait_areAllTold() throws Exception {
    ManagedMap<Integer, Integer> map = manager.map();
    Map<Integer, Integer> all = new HashMap<>();
    IntStream.range(0, 5_000).forEach(i -> all.put(i, i));
    Slow<MapChange<Integer, Integer>> listener = new Slow<>(10);
    map.addListener(listener);
    map.putAll(all);
    listener.begun.await();
    map.put(-1, -1);
    listener.goOn.countDown();
    for (int i = 0; i < 5_000; i++) {
      assertThat(all.remove(listener.next().key())).isNotNull();
    }
    assertThat(listener.next().key()).isEqualTo(-1);
    map.clear();
    for (int i = 0; i < 5_001; i++) {
      assertThat(listener.next().isThere()).isFalse();
    }
    assertThat(listener.ends).isEmpty();
  }

  /** The server sends nothing more to a process whose only listener was too slow. */
  @Test
  void listener_tooSlow_costsTheServerNothingMore() throws Exception {
    SocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    ServerSetup setup =
        ServerSetup.of(ManagerOptions.builder().address(any).key(KEY).build());
    try (ManagerServer server = ManagerServer.start(any, KEY, setup);
        Relay relay = Relay.ofBytes(server.address(), 1 << 16);
        Manager client = Manager.connect(relay.address(), KEY)) {
      ManagedList<byte[]> list = client.list();
      Slow<ListChange<byte[]>> slow = new Slow<>(1);
      list.addListener(slow);
      list.add(new byte[1]);
      slow.begun.await();
      list.add(new byte[1]);
      list.add(new byte[1]);
      slow.goOn.countDown();
      slow.end();
      assertThat(list.size()).isEqualTo(3); // so the server has heard of the end
      long before = relay.passedBytes();
      for (int i = 0; i < 20; i++) {
        list.add(new byte[100_000]);
      }
      assertThat(list.size()).isEqualTo(23);
      assertThat(relay.passedBytes() - before).isBetween(2_000_000L, 2_100_000L); // one way only
    }
  }

  /** Of a listener that only takes changes, the handler of uncaught exceptions is told, and of each change that it could not take, too. */
  @Test
  void listener_throwsOrDoesNotTakeItsEnd_handlerIsTold() throws Exception {
    BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
    Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, thrown) -> uncaught.add(thrown));
    try {
      ManagedMap<Integer, Integer> map = manager.dict();
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch goOn = new CountDownLatch(1);
      map.addListener(new ChangeListener<MapChange<Integer, Integer>>() {
        @Override
        public void changed(MapChange<Integer, Integer> change) {
          begun.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          throw new IllegalStateException("not " + change.key());
        }

        @Override
        public int maxWaitingChanges() {
          return 1;
        }
      });
      map.putAll(Map.of(1, 1, 2, 2, 3, 3));
      begun.await();
      map.put(4, 4);
      map.put(5, 5);
      goOn.countDown();
      assertThat(List.of(message(uncaught), message(uncaught), message(uncaught)))
          .containsExactlyInAnyOrder("not 1", "not 2", "not 3");
      assertThat(message(uncaught)).isEqualTo("not 4");
      assertThat(uncaught.poll(20, TimeUnit.SECONDS)).isInstanceOf(SlowListenerException.class);
    } finally {
      Thread.setDefaultUncaughtExceptionHandler(before);
    }
    assertThatThrownBy(() -> manager.list().addListener(new Slow<>(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxWaitingChanges: 0 (expected: 1 or more)");
  }

  private static String message(BlockingQueue<Throwable> uncaught) throws InterruptedException {
    Throwable thrown = uncaught.poll(20, TimeUnit.SECONDS);
    assertThat(thrown).isNotNull();
    return String.valueOf(thrown.getMessage());
  }
}
