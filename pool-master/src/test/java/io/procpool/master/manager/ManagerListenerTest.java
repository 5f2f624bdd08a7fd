// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ListChange;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.MapChange;
import io.procpool.manager.QueueChange;
import io.procpool.manager.SetChange;
import io.procpool.manager.Subscription;
import io.procpool.manager.ValueChange;
import io.procpool.master.process.Faults;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What listeners are told, and what handles that remember return. */
@Timeout(120)
class ManagerListenerTest {
  @TempDir
  private Path directory;

  private static Manager hosted() {
    return Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  /** Collects what it is told. */
  private static final class Collects<C> implements ChangeListener<C> {
    final BlockingQueue<C> told = new LinkedBlockingQueue<>();
    final BlockingQueue<ManagerException> ends = new LinkedBlockingQueue<>();

    @Override
    public void changed(C change) {
      told.add(change);
    }

    @Override
    public void ended(ManagerException why) {
      ends.add(why);
    }

    C next() throws InterruptedException {
      C next = told.poll(Faults.LONG.toSeconds(), TimeUnit.SECONDS);
      assertThat(next).as("a change").isNotNull();
      return next;
    }
  }

  @Test
  void map_eachChange_isToldInOrder() throws Exception {
    try (Manager manager = hosted()) {
      ManagedMap<String, Object> map = manager.dict();
      map.put("before", 1);
      Collects<MapChange<String, Object>> listener = new Collects<>();
      Subscription subscription = map.addListener(listener);
      map.put("a", 1);
      map.put("a", 1000);
      map.put("a", 1000); // no change
      map.putIfAbsent("a", 7); // no change
      map.merge("a", 1, (x, y) -> (Integer) x + (Integer) y);
      map.computeIfAbsent("l", key -> new ArrayList<>(List.of("x")));
      map.computeIfPresent("l", (key, list) -> {
        ((List<Object>) list).add("y");
        return list;
      });
      map.put("n", null);
      map.remove("n");
      map.get("a");
      map.clear();
      assertThat(listener.next()).isEqualTo(new MapChange<>("a", false, null, true, 1));
      assertThat(listener.next()).isEqualTo(new MapChange<>("a", true, 1, true, 1000));
      assertThat(listener.next()).isEqualTo(new MapChange<>("a", true, 1000, true, 1001));
      assertThat(listener.next()).isEqualTo(new MapChange<>("l", false, null, true, List.of("x")));
      assertThat(listener.next())
          .isEqualTo(new MapChange<>("l", true, List.of("x"), true, List.of("x", "y")));
      assertThat(listener.next()).isEqualTo(new MapChange<>("n", false, null, true, null));
      assertThat(listener.next()).isEqualTo(new MapChange<>("n", true, null, false, null));
      assertThat(listener.next()).isEqualTo(new MapChange<>("before", true, 1, false, null));
      assertThat(listener.next().key()).isEqualTo("a");
      assertThat(listener.next().key()).isEqualTo("l");
      subscription.close();
      map.put("after", 1);
      Collects<MapChange<String, Object>> second = new Collects<>();
      map.addListener(second);
      map.put("second", 1);
      assertThat(second.next().key()).isEqualTo("second");
      assertThat(listener.told).isEmpty();
      assertThat(listener.ends).isEmpty();
    }
  }

  @Test
  void listAndSet_eachChange_isTold() throws Exception {
    try (Manager manager = hosted()) {
      ManagedList<String> list = manager.list();
      Collects<ListChange<String>> listener = new Collects<>();
      list.addListener(listener);
      list.addAll(List.of("a", "b", "c"));
      list.set(1, "B");
      list.remove("a");
      list.sort(null);
      assertThat(listener.next()).isEqualTo(new ListChange<>(0, List.of(), List.of("a", "b", "c")));
      assertThat(listener.next()).isEqualTo(new ListChange<>(1, List.of("b"), List.of("B")));
      assertThat(listener.next()).isEqualTo(new ListChange<>(0, List.of("a"), List.of()));
      ManagedSet<String> set = manager.set();
      Collects<SetChange<String>> ofSet = new Collects<>();
      set.addListener(ofSet);
      set.add("x");
      set.add("x");
      set.remove("x");
      assertThat(ofSet.next()).isEqualTo(new SetChange<>("x", true));
      assertThat(ofSet.next()).isEqualTo(new SetChange<>("x", false));
      assertThat(listener.told).isEmpty();
    }
  }

  /** Doing to a copy what is told gives the same content, whoever changes the map. */
  @Test
  void changesOfSeveralProcesses_doneToACopy_giveTheSame() throws Exception {
    try (Manager manager =
        Manager.start(ManagerOptions.builder().store(directory.resolve("store")).build())) {
      ManagedMap<Integer, Integer> map = manager.map();
      Map<Integer, Integer> copy = new HashMap<>();
      Collects<MapChange<Integer, Integer>> listener = new Collects<>();
      map.addListener(listener);
      List<ChildProcess> writers = new ArrayList<>();
      for (int i = 0; i < LongForm.choose(3, 2); i++) {
        int seed = i;
        writers.add(ChildProcess.start(() -> {
          Random random = new Random(seed);
          for (int j = 0; j < 500; j++) {
            if (random.nextInt(3) == 0) {
              map.remove(random.nextInt(20));
            } else {
              map.merge(random.nextInt(20), 1, (a, b) -> a + b);
            }
          }
        }));
      }
      for (ChildProcess writer : writers) {
        writer.join();
      }
      map.put(-1, -1);
      MapChange<Integer, Integer> change;
      do {
        change = listener.next();
        assertThat(copy.get(change.key())).as("%s", change).isEqualTo(change.before());
        if (change.isThere()) {
          copy.put(change.key(), change.after());
        } else {
          copy.remove(change.key());
        }
      } while (change.key() != -1);
      assertThat(copy).isEqualTo(map);
    }
  }

  /** A listener may use the manager, and one that does not return holds up no other. */
  @Test
  void listener_thatBlocks_holdsUpNoOther() throws Exception {
    try (Manager manager = hosted()) {
      ManagedList<Integer> list = manager.list();
      ManagedList<Integer> sizes = manager.list();
      CountDownLatch hold = new CountDownLatch(1);
      BlockingQueue<Integer> slow = new LinkedBlockingQueue<>();
      list.addListener(change -> {
        try {
          hold.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
        slow.add(change.index());
      });
      list.addListener(change -> sizes.add(list.size()));
      for (int i = 0; i < 100; i++) {
        list.add(i);
      }
      Faults.awaitLong("the other one").until(() -> sizes.size() == 100);
      assertThat(slow).isEmpty();
      hold.countDown();
      for (int i = 0; i < 100; i++) {
        assertThat(slow.poll(20, TimeUnit.SECONDS)).isEqualTo(i);
      }
    }
  }

  @Test
  void value_changed_isTold() throws Exception {
    try (Manager manager = hosted()) {
      ManagedValue<String> value = manager.value("first");
      Collects<ValueChange<String>> listener = new Collects<>();
      try (Subscription ignored = value.addListener(listener)) {
        value.set("second");
        value.set("second");
        value.updateAndGet(was -> was + "!");
        assertThat(value.compareAndSet("other", "no")).isFalse();
        assertThat(listener.next()).isEqualTo(new ValueChange<>("first", "second"));
        assertThat(listener.next()).isEqualTo(new ValueChange<>("second", "second!"));
      }
      value.set("third");
      assertThat(listener.told).isEmpty();
    }
  }

  @Test
  void atomicLong_changed_isTold() throws Exception {
    try (Manager manager = hosted()) {
      ManagedLong number = manager.atomicLong();
      Collects<ValueChange<Long>> listener = new Collects<>();
      try (Subscription ignored = number.addListener(listener)) {
        number.incrementAndGet();
        number.set(1); // no change
        number.getAndAdd(0); // no change
        assertThat(number.compareAndSet(7, 8)).isFalse();
        number.updateAndGet(n -> n * 1_000_000_000_000L);
        assertThat(listener.next()).isEqualTo(new ValueChange<>(0L, 1L));
        assertThat(listener.next()).isEqualTo(new ValueChange<>(1L, 1_000_000_000_000L));
      }
      number.set(3);
      assertThat(listener.told).isEmpty();
    }
  }

  @Test
  void array_changed_isTold() throws Exception {
    try (Manager manager = hosted()) {
      ManagedArray<@Nullable String> array = manager.array(5);
      Collects<ListChange<@Nullable String>> listener = new Collects<>();
      try (Subscription ignored = array.addListener(listener)) {
        array.set(1, "a");
        array.set(1, "a"); // no change
        array.setAll(0, List.of("x", "a", "y", "z"));
        array.updateAndGet(4, before -> before + "!");
        assertThat(array.compareAndSet(0, "y", "no")).isFalse();
        assertThatThrownBy(() -> array.setAll(4, List.of("too", "many")))
            .isInstanceOf(IndexOutOfBoundsException.class);
        array.asList().set(0, null);
        assertThat(listener.next())
            .isEqualTo(new ListChange<>(1, Collections.singletonList(null), List.of("a")));
        assertThat(listener.next())
            .isEqualTo(new ListChange<>(
                0, Arrays.asList(null, "a", null, null), List.of("x", "a", "y", "z")));
        assertThat(listener.next())
            .isEqualTo(new ListChange<>(4, Collections.singletonList(null), List.of("null!")));
        assertThat(listener.next())
            .isEqualTo(new ListChange<>(0, List.of("x"), Collections.singletonList(null)));
      }
      array.set(2, "later");
      assertThat(listener.told).isEmpty();
    }
  }

  /** Each way in and out, also past those who wait. */
  @Test
  void queue_eachElement_isToldComingAndGoing() throws Exception {
    try (Manager manager = hosted()) {
      ManagedDeque<String> queue = manager.deque(3);
      CompletableFuture<String> taken = queue.async().take();
      Collects<QueueChange<String>> listener = new Collects<>();
      Subscription subscription = queue.addListener(listener);
      queue.put("handed on");
      assertThat(taken.get(20, TimeUnit.SECONDS)).isEqualTo("handed on");
      queue.put("a");
      queue.addFirst("b");
      queue.put("c");
      CompletableFuture<?> late = queue.async().put("d");
      assertThat(queue.offer("no room")).isFalse();
      assertThat(queue.pollLast()).isEqualTo("c");
      late.get(20, TimeUnit.SECONDS);
      assertThat(queue.remove("a")).isTrue();
      assertThat(queue.remove("a")).isFalse();
      assertThat(queue.peek()).isEqualTo("b");
      queue.clear();
      queue.clear();
      for (String said : "+handed on,-handed on,+a,+b,+c,-c,+d,-a,-b,-d".split(",", -1)) {
        assertThat(listener.next())
            .isEqualTo(new QueueChange<>(said.substring(1), said.startsWith("+")));
      }
      subscription.close();
      queue.put("later");
      assertThat(listener.told).isEmpty();
    }
  }

  /** What has come and not gone is what is in the queue, whichever kind it is, and whoever uses it. */
  @Test
  void queuesUsedByManyThreads_whatIsToldAddsUp() throws Exception {
    try (Manager manager = Manager.start(
        ManagerOptions.builder().store(directory.resolve("queues")).build())) {
      for (ManagedQueue<Integer> queue : List.of(
          manager.<Integer>queue(5),
          manager.<Integer>lifoQueue(5),
          manager.<Integer>priorityQueue(5))) {
        Collects<QueueChange<Integer>> listener = new Collects<>();
        queue.addListener(listener);
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
          int first = t * 100;
          boolean puts = t % 2 == 0;
          Thread thread = new Thread(() -> {
            try {
              for (int i = first; i < first + 100; i++) {
                if (puts) {
                  queue.put(i);
                } else {
                  queue.take();
                }
              }
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
          thread.start();
          threads.add(thread);
        }
        for (Thread thread : threads) {
          thread.join();
        }
        queue.put(-1);
        Set<Integer> in = new HashSet<>();
        QueueChange<Integer> change;
        int most = 0;
        do {
          change = listener.next();
          assertThat(change.isIn() ? in.add(change.element()) : in.remove(change.element()))
              .as("%s", change)
              .isTrue();
          most = Math.max(most, in.size());
        } while (change.element() != -1);
        assertThat(in).containsExactly(-1);
        assertThat(most).isLessThanOrEqualTo(5);
      }
    }
  }

  /** A handle in an element that was taken by somebody else can be used, however late that is told. */
  @Test
  void handle_inAnElement_canBeUsed() throws Exception {
    try (Manager manager = hosted()) {
      ManagedQueue<Object> queue = manager.queue(10);
      CountDownLatch goOn = new CountDownLatch(1);
      Collects<QueueChange<Object>> listener = new Collects<>();
      queue.addListener(change -> {
        try {
          goOn.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
        listener.changed(change);
      });
      queue.put("first");
      ChildProcess child = ChildProcess.start(() -> {
        ManagedList<String> list = manager.list();
        list.add("inside");
        queue.take();
        queue.put(list);
        queue.take();
      });
      child.join();
      for (int i = 0; i < 3; i++) {
        System.gc(); // of what nobody has
        assertThat(manager.objectCount()).isEqualTo(2);
      }
      goOn.countDown();
      assertThat(listener.next().element()).isEqualTo("first");
      assertThat(listener.next().element()).isEqualTo("first");
      assertThat(listener.next().element()).isEqualTo(List.of("inside"));
      assertThat((List<?>) listener.next().element()).hasSize(1);
    }
  }

  @Test
  void server_gone_isTold() throws Exception {
    Collects<MapChange<String, Integer>> listener = new Collects<>();
    ManagedMap<String, Integer> cached;
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.map();
      Subscription subscription = map.addListener(listener);
      cached = map.cached();
      map.put("a", 1);
      assertThat(cached.get("a")).isEqualTo(1);
      listener.next();
      ChildProcess.activeChildren().get(0).kill();
      assertThat(listener.ends.poll(20, TimeUnit.SECONDS)).isInstanceOf(ManagerGoneException.class);
      subscription.close();
      assertThatThrownBy(() -> cached.get("a")).isInstanceOf(ManagerException.class);
    }
  }

  /** What a dead process listened to costs nothing any more, and others go on. */
  @Test
  void client_killed_leavesNoSubscription() throws Exception {
    try (Manager manager = hosted()) {
      ManagedMap<String, Integer> map = manager.map();
      ManagedList<String> ready = manager.list();
      ChildProcess child = ChildProcess.start(() -> {
        map.addListener(change -> {});
        ready.add("listens");
        new CountDownLatch(1).await();
      });
      Faults.awaitLong("the child to listen").until(() -> !ready.isEmpty());
      child.kill();
      child.join();
      Collects<MapChange<String, Integer>> listener = new Collects<>();
      map.addListener(listener);
      for (int i = 0; i < 1000; i++) {
        map.put("a", i);
      }
      for (int i = 0; i < 1000; i++) {
        assertThat(listener.next().after()).isEqualTo(i);
      }
    }
  }

  /** A handle in a change is one that can be used, although the map has it no more. */
  @Test
  void handle_inAChange_canBeUsed() throws Exception {
    try (Manager manager = Manager.start()) {
      ManagedMap<String, ManagedList<String>> map = manager.map();
      Collects<MapChange<String, ManagedList<String>>> listener = new Collects<>();
      map.addListener(listener);
      ChildProcess child = ChildProcess.start(() -> {
        ManagedList<String> list = manager.list();
        list.add("inside");
        map.put("list", list);
        map.remove("list");
      });
      child.join();
      ManagedList<String> added = listener.next().after();
      assertThat(added).containsExactly("inside");
      assertThat(listener.next().before()).isEqualTo(added);
    }
  }

  // Handles that remember.

  @Test
  void cached_hits_areAnsweredHere() throws Exception {
    try (Manager manager = hosted()) {
      ManagedMap<String, Object> map = manager.map();
      ManagedMap<String, Object> cached = map.cached(3);
      map.put("a", List.of(1));
      assertThat(cached.get("a")).isEqualTo(List.of(1)).isNotSameAs(cached.get("a"));
      assertThat(cached.get("none")).isNull();
      assertThat(cached.containsKey("none")).isFalse();
      map.put("none", 1);
      assertThat(cached.get("none")).isEqualTo(1);
      cached.merge("none", 1, (x, y) -> 5);
      assertThat(cached.get("none")).isEqualTo(5);
      cached.clear();
      assertThat(cached.get("a")).isNull();
      assertThat(cached.getOrDefault("a", "other")).isEqualTo("other");
      ManagedMap<String, Object> dict = manager.dict();
      ManagedMap<String, Object> ofDict = dict.cached();
      dict.put("n", null);
      assertThat(ofDict.get("n")).isNull();
      assertThat(ofDict.containsKey("n")).isTrue();
      assertThat(ofDict.getOrDefault("n", "x")).isNull();
      assertThat(ofDict.containsKey("m")).isFalse();
      assertThatThrownBy(() -> map.cached(0)).hasMessage("maxEntries: 0 (expected: 1 or more)");
    }
  }

  /** Gets of what is here do not go to the server: it is busy with the map, and they return. */
  @Test
  void cached_hit_whileTheServerIsBusyWithTheMap_returns() throws Exception {
    Manager manager = hosted();
    try {
      ManagedMap<String, Integer> map = manager.map();
      ManagedMap<String, Integer> cached = map.cached();
      map.put("a", 1);
      assertThat(cached.get("a")).isEqualTo(1);
      CountDownLatch begun = new CountDownLatch(1);
      Thread busy = new Thread(() -> {
        begun.countDown();
        try {
          map.compute("b", (key, value) -> {
            try {
              TimeUnit.HOURS.sleep(1);
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            return 1;
          });
        } catch (ManagerException isOver) {
          // With the server.
        }
      });
      busy.start();
      begun.await();
      for (int i = 0; i < 1000; i++) {
        assertThat(cached.get("a")).isEqualTo(1);
      }
      manager.close();
      busy.join();
    } finally {
      manager.close();
    }
  }

  /** A value that was seen is never followed by an older one, and own writes are seen at once, while others write. */
  @Test
  void cached_whileOthersWrite_neverGoesBack() throws Exception {
    int writes = LongForm.choose(20_000, 2_000);
    try (Manager manager = Manager.start()) {
      ManagedMap<String, Integer> map = manager.map();
      ManagedMap<String, Integer> cached = map.cached();
      map.put("n", 0);
      ChildProcess writer = ChildProcess.start(() -> {
        for (int i = 1; i <= writes; i++) {
          map.put("n", i);
        }
      });
      Faults.awaitLong("the writer to begin").until(() -> map.get("n") > 0);
      AtomicBoolean failed = new AtomicBoolean();
      List<Thread> readers = new ArrayList<>();
      for (int t = 0; t < 2; t++) {
        String own = "own" + t;
        Thread reader = new Thread(() -> {
          int last = 0;
          int round = 0;
          while (last < writes && !failed.get()) {
            Integer n = cached.get("n");
            if (n == null || n < last) {
              failed.set(true);
            } else {
              last = n;
            }
            if (++round % 10 == 0) {
              cached.put(own, round);
              if (!Integer.valueOf(round).equals(cached.get(own))
                  || !Integer.valueOf(round).equals(cached.get(own))) {
                failed.set(true);
              }
            }
          }
        });
        reader.start();
        readers.add(reader);
      }
      for (Thread reader : readers) {
        reader.join();
      }
      writer.join();
      assertThat(failed).isFalse();
    }
  }
}
