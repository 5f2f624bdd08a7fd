// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.manager.ServerFunctions;
import java.io.Serializable;
import java.util.AbstractMap.SimpleEntry;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The sorted map of a manager and its views against the skip list of the JDK and its views: random operations do the same in both. */
@Timeout(120)
class SortedMapModelTest {
  private static final int STEPS = LongForm.choose(4000, 1000);

  private static Manager manager;
  private final long seed = Long.getLong("procpool.test.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  private interface Step {
    @Nullable
    Object on(ConcurrentNavigableMap<Object, Object> map) throws Exception;
  }

  private record Word(String text) implements Serializable, Comparable<Word> {
    @Override
    public int compareTo(Word other) {
      return text.compareTo(other.text);
    }
  }

  private static final class LongestFirst implements ServerFunctions.Order<Object> {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(Object one, Object two) {
      String first = (String) one;
      String second = (String) two;
      int byLength = Integer.compare(second.length(), first.length());
      return byLength != 0 ? byLength : first.compareTo(second);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof LongestFirst;
    }

    @Override
    public int hashCode() {
      return 1;
    }
  }

  @Test
  void natural_anyOperations_asSkipList() {
    run(manager.sortedMap(), new ConcurrentSkipListMap<>(), i -> "k" + i);
  }

  @Test
  void keysOfUsers_anyOperations_asSkipList() {
    run(manager.sortedMap(), new ConcurrentSkipListMap<>(), i -> new Word("w" + i));
  }

  @Test
  void ordered_anyOperations_asSkipList() {
    run(
        manager.sortedMap(new LongestFirst()),
        new ConcurrentSkipListMap<>(new LongestFirst()),
        i -> "kkkk".substring(i % 4) + i);
  }

  private interface Keys {
    Object of(int number);
  }

  private void run(
      ConcurrentNavigableMap<Object, Object> remote,
      ConcurrentNavigableMap<Object, Object> model,
      Keys keys) {
    for (int i = 0; i < STEPS; i++) {
      ConcurrentNavigableMap<Object, Object> there = remote;
      ConcurrentNavigableMap<Object, Object> here = model;
      String name = "step " + i + ", seed " + seed;
      for (int depth = random.nextInt(4); depth > 0; depth--) {
        Object from = key(keys);
        Object to = key(keys);
        boolean fromInclusive = random.nextBoolean();
        boolean toInclusive = random.nextBoolean();
        BiFunction<NavigableMap<Object, Object>, Object, NavigableMap<Object, Object>> view =
            switch (random.nextInt(7)) {
              case 0 -> (map, x) -> map.subMap(from, fromInclusive, to, toInclusive);
              case 1 -> (map, x) -> map.headMap(to, toInclusive);
              case 2 -> (map, x) -> map.tailMap(from, fromInclusive);
              case 3 -> (map, x) -> (NavigableMap<Object, Object>) map.subMap(from, to);
              case 4 -> (map, x) -> (NavigableMap<Object, Object>) map.headMap(to);
              case 5 -> (map, x) -> (NavigableMap<Object, Object>) map.tailMap(from);
              default -> (map, x) -> map.descendingMap();
            };
        name += ", part " + from + fromInclusive + to + toInclusive;
        Object ours = outcome(there, map -> view.apply(map, 0));
        Object theirs = outcome(here, map -> view.apply(map, 0));
        if (theirs instanceof Class<?>) {
          assertThat(ours).as(name).isEqualTo(theirs);
        } else {
          there = asNavigable(ours);
          here = asNavigable(theirs);
        }
      }
      Object key = key(keys);
      Object value = random.nextInt(20) == 0 ? null : random.nextInt(5);
      int which = random.nextInt(50);
      name += ", step kind " + which + " with " + key + ", " + value;
      Step step = step(which, key, value);
      assertThat(outcome(there, step)).as(name).isEqualTo(outcome(here, step));
      // A part with an end that cannot be compared can be made, and nothing can be done with it.
      assertThat(outcome(there, map -> new ArrayList<>(map.entrySet())))
          .as(name)
          .isEqualTo(outcome(here, map -> new ArrayList<>(map.entrySet())));
      assertThat(new ArrayList<>(remote.keySet()))
          .as(name)
          .isEqualTo(new ArrayList<>(model.keySet()));
    }
    assertThat(remote).isEqualTo(model);
    assertThat(remote.hashCode()).isEqualTo(model.hashCode());
  }

  @SuppressWarnings("unchecked")
  private static ConcurrentNavigableMap<Object, Object> asNavigable(Object view) {
    return (ConcurrentNavigableMap<Object, Object>) view;
  }

  private @Nullable Object key(Keys keys) {
    return switch (random.nextInt(60)) {
      case 0 -> null;
      case 1 -> 5L; // of another class than all others
      default -> keys.of(random.nextInt(12));
    };
  }

  private static Object outcome(ConcurrentNavigableMap<Object, Object> map, Step step) {
    try {
      Object result = step.on(map);
      return result == null ? "null" : result;
    } catch (Exception e) {
      return e.getClass();
    }
  }

  private interface Joined extends BiFunction<Object, Object, Object>, Serializable {}

  private static Step step(int which, @Nullable Object key, @Nullable Object value) {
    Map.Entry<Object, Object> entry = new SimpleEntry<>(key, value);
    return switch (which) {
      case 0 -> map -> map.get(key);
      case 1 -> map -> map.remove(key);
      case 2 -> map -> map.remove(key, value);
      case 3 -> map -> map.replace(key, value);
      case 4 -> map -> map.replace(key, value, 3);
      case 5 -> map -> map.putIfAbsent(key, value);
      case 6 -> map -> map.containsKey(key);
      case 7 -> map -> map.containsValue(value);
      case 8 -> Map::size;
      case 9 -> Map::isEmpty;
      case 10 -> NavigableMap::firstKey;
      case 11 -> NavigableMap::lastKey;
      case 12 -> NavigableMap::firstEntry;
      case 13 -> NavigableMap::lastEntry;
      case 14 -> map -> map.lowerKey(key);
      case 15 -> map -> map.floorKey(key);
      case 16 -> map -> map.ceilingKey(key);
      case 17 -> map -> map.higherKey(key);
      case 18 -> map -> map.lowerEntry(key);
      case 19 -> map -> map.floorEntry(key);
      case 20 -> map -> map.ceilingEntry(key);
      case 21 -> map -> map.higherEntry(key);
      case 22 -> NavigableMap::pollFirstEntry;
      case 23 -> NavigableMap::pollLastEntry;
      case 24 -> map -> map.keySet().remove(key);
      case 25 -> map -> map.entrySet().contains(entry);
      case 26 -> map -> map.entrySet().remove(entry);
      case 27 -> map -> map.values().remove(value);
      case 28 -> map -> map.merge(key, value, (Joined) (a, b) -> a + "" + b);
      case 29 -> map -> map.compute(key, (Joined) (k, v) -> v == null ? 1 : null);
      case 30 -> map -> map.getOrDefault(key, value);
      case 31 -> map -> new ArrayList<>(map.descendingKeySet());
      case 32 -> map -> map.navigableKeySet().headSet(key, true).size();
      case 33 -> map -> new ArrayList<>(map.keySet().subSet(key, "k8"));
      case 34 -> map -> new ArrayList<>(map.descendingKeySet().tailSet(key));
      case 35 -> map -> map.navigableKeySet().pollFirst();
      case 36 -> map -> map.descendingKeySet().pollLast();
      case 37 -> map -> map.navigableKeySet().ceiling(key);
      case 38 -> map -> map.navigableKeySet().add(key);
      case 39 -> map -> outcomeOfIterator(map.keySet().iterator());
      case 40 -> map -> outcomeOfIterator(map.descendingKeySet().iterator());
      case 41 -> NavigableMap::comparator;
      case 42 -> map -> map.descendingMap().equals(map);
      default -> map -> map.put(key, value);
    };
  }

  private static Object outcomeOfIterator(Iterator<Object> each) {
    Object first = each.next();
    each.remove();
    return first;
  }

  // Views as handles.

  /** A view can be sent, and is a part of the same map there. */
  @Test
  void view_inAnotherProcess_isPartOfTheSameMap() throws Exception {
    ManagedSortedMap<Integer, String> map = manager.sortedMap("sorted");
    IntStream.range(0, 10).forEach(i -> map.put(i, "v" + i));
    ManagedSortedMap<Integer, String> part = map.subMap(2, 6);
    ChildProcess child = ChildProcess.start(() -> {
      part.pollFirstEntry();
      part.descendingMap().put(5, "from the child");
      if (part.size() != 3) {
        throw new AssertionError(part);
      }
    });
    child.join();
    assertThat(child.exitCode()).hasValue(0);
    assertThat(part).isEqualTo(new TreeMap<>(Map.of(3, "v3", 4, "v4", 5, "from the child")));
    assertThatThrownBy(() -> part.put(6, "x")).isInstanceOf(IllegalArgumentException.class);
    NavigableSet<Integer> keys = part.descendingKeySet();
    map.put(2, "back");
    assertThat(keys).containsExactly(5, 4, 3, 2);
    assertThatThrownBy(() -> manager.map("sorted"))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("\"sorted\" is a sorted map, not a map");
  }

  /** What the one takes is gone for the other: each entry is taken once. */
  @Test
  void pollFirst_fromSeveralProcesses_eachEntryOnce() throws Exception {
    ManagedSortedMap<Integer, Integer> map = manager.sortedMap();
    ManagedSortedMap<Integer, Integer> counts = manager.sortedMap((a, b) -> Integer.compare(b, a));
    IntStream.range(0, 300).forEach(i -> map.put(i, i));
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < LongForm.choose(3, 2); i++) {
      children.add(ChildProcess.start(() -> {
        int last = -1;
        for (var next = map.pollFirstEntry(); next != null; next = map.pollFirstEntry()) {
          if (next.getKey() <= last) {
            throw new AssertionError(next.getKey() + " after " + last);
          }
          last = next.getKey();
          counts.merge(next.getKey(), 1, Integer::sum);
        }
      }));
    }
    for (ChildProcess child : children) {
      child.join();
      assertThat(child.exitCode()).hasValue(0);
    }
    assertThat(map).isEmpty();
    assertThat(counts).hasSize(300);
    assertThat(counts.values()).containsOnly(1);
    assertThat(counts.firstKey()).isEqualTo(299);
  }
}
