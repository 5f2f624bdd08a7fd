// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.manager.AsyncQueue;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerDeadlockException;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Objects live as long as somebody can reach them, and no longer. */
@Timeout(120)
class ManagerReferenceTest {
  /** After so many rounds everybody's collector runs. */
  private static final int COLLECTED = 20_000;

  private Manager manager;

  @BeforeEach
  void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterEach
  void close() {
    manager.close();
    assertThat(ChildProcess.activeChildren()).isEmpty();
  }

  private void awaitObjects(Manager of, int expected) {
    Faults.awaitLong("what is not reached to go").untilAsserted(() -> {
      System.gc();
      assertThat(of.objectCount()).isEqualTo(expected);
    });
  }

  private static void collectHere() {
    Object marker = new Object();
    WeakReference<Object> seen = new WeakReference<>(marker);
    marker = null;
    Faults.awaitLong("a collection").until(() -> {
      System.gc();
      return seen.get() == null;
    });
  }

  @Test
  void handles_dropped_objectsGo() {
    List<ManagedMap<String, Integer>> maps = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      ManagedMap<String, Integer> map = manager.map();
      map.put("n", i);
      maps.add(map);
    }
    ManagedMap<String, Integer> kept = maps.get(50);
    maps.clear();
    awaitObjects(manager, 1);
    assertThat(kept).containsEntry("n", 50);
  }

  @Test
  void named_untilNameIsRemoved() {
    manager.list("b").add(1);
    manager.map("a");
    collectHere();
    assertThat(manager.names()).containsExactly("a", "b");
    assertThat(manager.list("b")).hasSize(1);
    assertThat(manager.remove("b")).isTrue();
    assertThat(manager.remove("b")).isFalse();
    awaitObjects(manager, 1);
    assertThat(manager.list("b")).isEmpty();
  }

  /** What is only in another object lives with that, whether it is decoded there or not. */
  @Test
  void nested_livesWithWhatContainsIt() throws Exception {
    ManagedList<Object> outer = manager.list();
    ManagedQueue<Object> queue = manager.queue(10);
    nest(outer, queue);
    collectHere();
    assertThat(manager.objectCount()).isEqualTo(4);
    assertThat(((ManagedMap<?, ?>) outer.get(0)).size()).isEqualTo(1);
    ManagedMap<?, ?> taken = (ManagedMap<?, ?>) queue.take();
    collectHere();
    assertThat(taken.size()).isEqualTo(2);
    outer.clear();
    awaitObjects(manager, 3);
    assertThat(taken.size()).isEqualTo(2);
    Reference.reachabilityFence(List.of(outer, queue));
  }

  private void nest(ManagedList<Object> outer, ManagedQueue<Object> queue) throws Exception {
    ManagedMap<String, Integer> inList = manager.map();
    inList.put("a", 1);
    outer.add(inList);
    ManagedMap<String, Integer> inQueue = manager.map();
    inQueue.put("a", 1);
    inQueue.put("b", 2);
    queue.put(List.of(inQueue, inQueue).get(1));
  }

  /** The same in a server of its own, where handles are decoded in another process than the one that uses them. */
  @Test
  void nestedInAnotherProcess_livesWithWhatContainsIt() throws Exception {
    try (Manager remote = Manager.start()) {
      ManagedList<Object> outer = remote.list();
      ManagedMap<String, Integer> any = remote.map();
      fill(remote, outer);
      collectBoth(any);
      ManagedList<?> inner = (ManagedList<?>) outer.get(7);
      assertThat(inner.get(0)).isEqualTo(7);
      outer.clear();
      Faults.awaitLong("the objects to go").until(() -> {
        collectBoth(any);
        return remote.objectCount() == 3;
      });
      assertThat(inner.get(0)).isEqualTo(7);
      Reference.reachabilityFence(outer);
    }
  }

  private static void fill(Manager remote, ManagedList<Object> outer) {
    for (int i = 0; i < 20; i++) {
      ManagedList<Object> inner = remote.list();
      inner.add(i);
      outer.add(inner);
    }
  }

  private static void collectBoth(ManagedMap<String, Integer> onServer) {
    collectHere();
    onServer.compute("none", (key, value) -> {
      System.gc();
      return null;
    });
  }

  @Test
  void circle_nobodyReachesIt_goes() {
    circle();
    awaitObjects(manager, 0);
  }

  private void circle() {
    ManagedList<Object> a = manager.list();
    ManagedList<Object> b = manager.list();
    a.add(b);
    b.add(a);
    a.add(a);
    assertThat(((ManagedList<?>) b.get(0)).size()).isEqualTo(2);
  }

  /** A handle on its way keeps the object, although the sender has gone and nobody else had it. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void sent_bySomebodyWhoEnds_isThereWhenReceived(boolean killed) throws Exception {
    Manager shared = manager;
    Pipe pipe = Pipe.oneWay();
    Connection out = pipe.second();
    ChildOptions options = ChildOptions.builder().name("sender").build();
    ChildProcess child = ChildProcess.start(options, () -> {
      ManagedList<String> made = shared.list();
      made.add("hello");
      out.send(made);
      out.close();
      if (killed) {
        Runtime.getRuntime().halt(1);
      }
    });
    out.close();
    child.join();
    collectHere();
    try (Connection in = pipe.first()) {
      ManagedList<?> received = (ManagedList<?>) Objects.requireNonNull(in.recv());
      collectHere();
      assertThat(received.get(0)).isEqualTo("hello");
    }
  }

  /** The sender drops it at once and lives on; the one who receives it has it alone. */
  @Test
  void sent_droppedBySender_belongsToReceiver() throws Exception {
    Manager shared = manager;
    int count = LongForm.choose(20, 6);
    try (ProcessQueue<Object> there = ProcessQueue.ofCapacity(100);
        ProcessQueue<Object> back = ProcessQueue.ofCapacity(100)) {
      ChildProcess child =
          ChildProcess.start(ChildOptions.builder().name("receiver").build(), () -> {
            for (int i = 0; i < count; i++) {
              ManagedList<?> list = (ManagedList<?>) there.take();
              collectHere();
              back.put(list.get(0));
            }
          });
      for (int i = 0; i < count; i++) {
        send(shared, there, i);
        collectHere();
        assertThat(back.take()).isEqualTo(i);
      }
      child.join();
    }
    awaitObjects(manager, 0);
  }

  private static void send(Manager shared, ProcessQueue<Object> to, int number) throws Exception {
    ManagedList<Object> list = shared.list();
    list.add(number);
    to.put(list);
  }

  @Test
  void result_ofAWorker_isCallers() throws Exception {
    Manager shared = manager;
    try (Pool pool = Pool.ofWorkers(1)) {
      List<ManagedList<Integer>> lists = pool.map(
          number -> {
            ManagedList<Integer> list = shared.list();
            list.add(number);
            return list;
          },
          List.of(1, 2, 3));
      collectIn(pool);
      collectHere();
      for (int i = 0; i < 3; i++) {
        assertThat(lists.get(i)).containsExactly(i + 1);
      }
      lists = List.of();
      collectIn(pool);
      Faults.awaitLong("the lists to go").until(() -> {
        collectIn(pool);
        System.gc();
        return manager.objectCount() == 0;
      });
    }
  }

  private static void collectIn(Pool pool) throws Exception {
    pool.apply(() -> {
      System.gc();
      return null;
    });
  }

  @Test
  void client_killed_itsObjectsGo() throws Exception {
    Manager shared = manager;
    ManagedQueue<Boolean> ready = manager.queue(1);
    ChildProcess child =
        ChildProcess.start(ChildOptions.builder().name("victim").build(), () -> {
          List<Object> made = new ArrayList<>();
          for (int i = 0; i < 100; i++) {
            made.add(shared.list());
          }
          ready.put(true);
          Thread.sleep(Long.MAX_VALUE);
          made.clear();
        });
    ready.take();
    collectHere();
    assertThat(manager.objectCount()).isEqualTo(101);
    child.kill();
    child.join();
    awaitObjects(manager, 1);
    Reference.reachabilityFence(ready);
  }

  /** Who waits at a queue that he alone has keeps it. */
  @Test
  void waiting_keepsTheObject() {
    AsyncQueue<String> async = manager.<String>queue(1).async();
    var first = async.take();
    collectHere();
    async.put("x");
    assertThat(first.join()).isEqualTo("x");
  }

  /** A function cannot wait for the object that waits for it. */
  @Test
  void function_usesItsOwnObject_isRefused() {
    ManagedMap<String, Integer> map = manager.map();
    assertThatThrownBy(() -> map.compute("a", (key, value) -> map.size()))
        .isInstanceOf(ManagerDeadlockException.class)
        .hasMessageContaining("cannot use the object itself");
    assertThatThrownBy(() -> map.compute("a", (key, value) -> map.async().size().join()))
        .isInstanceOf(ManagerDeadlockException.class)
        .hasMessageContaining("cannot use the object itself");
    map.put("a", 1);
    assertThat(map).hasSize(1);
  }

  /** Many objects made, passed on through a queue, used by another process, and dropped: the server has none of them in the end. */
  @Test
  void rounds_ofMakingPassingAndDropping_leaveNothing() throws Exception {
    rounds(2_000);
  }

  @Test
  @Tag("stress")
  @Timeout(1800)
  void rounds_aMillionOfThem_leaveNothing() throws Exception {
    rounds(1_000_000);
  }

  private void rounds(int rounds) throws Exception {
    Manager shared = manager;
    ManagedQueue<Object> queue = manager.queue(100);
    ChildProcess child =
        ChildProcess.start(ChildOptions.builder().name("consumer").build(), () -> {
          long sum = 0;
          for (int i = 0; i < rounds; i++) {
            ManagedList<?> list = (ManagedList<?>) queue.take();
            sum += ((Number) list.get(0)).longValue();
            if (i % COLLECTED == 0) {
              System.gc();
            }
          }
          shared.<String, Long>map("sums").put("sum", sum);
        });
    for (int i = 0; i < rounds; i++) {
      ManagedList<Object> list = manager.list();
      list.add(i);
      queue.put(list);
      if (i % COLLECTED == 0) {
        Faults.awaitLong("the consumer has those of one period").untilAsserted(() -> {
          System.gc();
          assertThat(manager.objectCount()).isLessThan(2 * COLLECTED);
        });
      }
    }
    child.join();
    assertThat(manager.<String, Long>map("sums"))
        .containsEntry("sum", (long) rounds * (rounds - 1) / 2);
    awaitObjects(manager, 2);
    Reference.reachabilityFence(queue); // one of the two
  }
}
