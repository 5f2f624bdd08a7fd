// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedNamespace;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.NotKept;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of object comes back as it was left; those of which nothing is kept come back as they were made. */
@Timeout(120)
class StoreKindsTest {
  @TempDir
  private Path directory;

  /** A type of a user's. */
  @NotKept
  public interface Counter {
    int next();
  }

  private static final class Counting implements Counter {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public int next() {
      return count.incrementAndGet();
    }
  }

  private record Word(String text) implements Serializable, Comparable<Word> {
    @Override
    public int compareTo(Word other) {
      return text.compareTo(other.text);
    }
  }

  private Manager start() {
    return Manager.start(ManagerOptions.builder()
        .hosted(true)
        .store(directory.resolve("store"))
        .register("counter", Counter.class, Counting::new)
        .build());
  }

  @Test
  void values_restarted_areAsTheyWere() {
    try (Manager manager = start()) {
      manager.value("value", "first").set("second");
      ManagedValue<Object> words = manager.value("words", new Word("a"));
      words.updateAndGet(word -> List.of(word, new Word("b")));
      manager.atomicLong("number").addAndGet(41);
      manager.atomicLong("number").incrementAndGet();
      ManagedArray<String> array = manager.array("array", 5);
      array.set(1, "one");
      array.getAndUpdate(3, was -> was + "!");
      ManagedNamespace namespace = manager.namespace("namespace");
      namespace.set("a", 1);
      namespace.set("b", new Word("b"));
      namespace.delete("a");
      namespace.set("c", null);
    }
    for (int restart = 0; restart < 2; restart++) {
      try (Manager manager = start()) {
        String value = manager.<String>value("value", "other").get();
        assertThat(value).isEqualTo("second");
        Object words = manager.<Object>value("words", "other").get();
        assertThat(words).isEqualTo(List.of(new Word("a"), new Word("b")));
        assertThat(manager.atomicLong("number").get()).isEqualTo(42);
        ManagedArray<String> array = manager.array("array", 5);
        List<String> elements = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          elements.add(String.valueOf(array.get(i)));
        }
        assertThat(elements).containsExactly("null", "one", "null", "null!", "null");
        ManagedNamespace namespace = manager.namespace("namespace");
        assertThat(namespace.names()).containsExactly("b", "c");
        Object b = namespace.get("b");
        assertThat(b).isEqualTo(new Word("b"));
      }
    }
  }

  @Test
  void sortedMap_changedThroughViews_isAsItWas() {
    try (Manager manager = start()) {
      ManagedSortedMap<String, Integer> map = manager.sortedMap("sorted");
      map.putAll(Map.of("a", 1, "b", 2, "c", 3, "d", 4, "e", 5));
      map.subMap("b", true, "d", true).put("bb", 22);
      map.headMap("b").clear();
      map.descendingMap().pollFirstEntry();
      map.tailMap("c").merge("c", 30, Integer::sum);
    }
    try (Manager manager = start()) {
      ManagedSortedMap<String, Integer> map = manager.sortedMap("sorted");
      assertThat(new ArrayList<>(map.entrySet()))
          .containsExactly(
              Map.entry("b", 2), Map.entry("bb", 22), Map.entry("c", 33), Map.entry("d", 4));
    }
  }

  @Test
  void queues_restarted_areAsTheyWere() throws Exception {
    try (Manager manager = start()) {
      ManagedDeque<Integer> deque = manager.deque("deque", 10);
      deque.putFirst(1);
      deque.putLast(2);
      deque.putFirst(0);
      deque.putLast(3);
      deque.takeLast();
      deque.putFirst(-1);
      deque.removeLastOccurrence(1);
      ManagedQueue<Integer> lifo = manager.lifoQueue("lifo", 10);
      lifo.addAll(List.of(1, 2, 3));
      lifo.take();
      ManagedQueue<Integer> numbers = manager.priorityQueue("numbers", 10);
      numbers.addAll(List.of(5, 1, 4, 2, 3));
      numbers.take();
      numbers.remove(4);
      ManagedQueue<Word> words =
          manager.priorityQueue("words", 10, (one, other) -> other.compareTo(one));
      words.addAll(List.of(new Word("a"), new Word("c"), new Word("b")));
      words.take();
      ManagedQueue<ManagedList<String>> lists = manager.queue("lists", 10);
      ManagedList<String> list = manager.list();
      list.add("inside");
      lists.put(list);
    }
    for (int restart = 0; restart < 2; restart++) {
      try (Manager manager = start()) {
        ManagedDeque<Integer> deque = manager.deque("deque", 10);
        assertThat(deque).containsExactly(-1, 0, 2);
        assertThat(manager.<Integer>lifoQueue("lifo", 10)).containsExactly(2, 1);
        assertThat(manager.<Integer>priorityQueue("numbers", 10)).containsExactly(2, 3, 5);
        assertThat(manager.<Word>priorityQueue("words", 10))
            .containsExactly(new Word("b"), new Word("a"));
        ManagedList<String> inside =
            manager.<ManagedList<String>>queue("lists", 10).peek();
        assertThat(inside).containsExactly("inside");
      }
    }
    try (Manager manager = start()) {
      ManagedQueue<Word> words = manager.priorityQueue("words", 10);
      words.put(new Word("aa"));
      words.put(new Word("z"));
      assertThat(words.take()).isEqualTo(new Word("z"));
      assertThat(words).containsExactly(new Word("b"), new Word("aa"), new Word("a"));
    }
  }

  @Test
  void othersWithAName_restarted_areAsTheyWereMade() throws Exception {
    try (Manager manager = start()) {
      manager.barrier("barrier", 2).abort();
      assertThat(manager.object("counter", "mine", Counter.class).next()).isEqualTo(1);
      assertThat(manager.object("counter", "mine", Counter.class).next()).isEqualTo(2);
      assertThat(manager.pool("pool", 1).apply(() -> 7)).isEqualTo(7);
    }
    try (Manager manager = start()) {
      assertThat(manager.barrier("barrier", 2).isBroken()).isFalse();
      assertThat(manager.object("counter", "mine", Counter.class).next()).isEqualTo(1);
      int result = manager.pool("pool", 1).apply(() -> 8);
      assertThat(result).isEqualTo(8);
      assertThat(manager.names()).containsExactly("barrier", "mine", "pool");
    }
  }

  /** A number that was kept as it was before, as an object of the JDK, comes back, too. */
  @Test
  void number_keptAsAnObject_isRead() throws Exception {
    AtomicLong number = new AtomicLong();
    LongContent content = new LongContent(number, getClass().getClassLoader());
    content.apply(Change.splice(0, List.of(), List.of(Saved.encode(new AtomicLong(7)))));
    assertThat(number).hasValue(7);
    content.state(state -> assertThatCode(() -> content.apply(state)).doesNotThrowAnyException());
    assertThat(number).hasValue(7);
    assertThatThrownBy(() -> content.apply(Change.splice(0, List.of(), List.of())))
        .isInstanceOf(PayloadFormatException.class);
  }
}
