// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.RemoteTrace;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The collections of a manager against those of the JDK: random sequences of operations, of which each returns, or throws, the same in both, and leaves the
 * same content.
 */
@Timeout(120)
class CollectionModelTest {
  private static final int STEPS = 1500;

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

  /** Something done with either. */
  private interface Step<T> {
    @Nullable
    Object on(T target) throws Exception;
  }

  /** A class of a user's, with an order of its own. */
  private record Word(String text) implements Serializable, Comparable<Word> {
    @Override
    public int compareTo(Word other) {
      return text.compareTo(other.text);
    }
  }

  private <T> void same(T remote, T model, String name, Step<T> step) {
    Object ours = outcome(remote, step);
    Object theirs = outcome(model, step);
    assertThat(ours).as("%s, seed %d", name, seed).isEqualTo(theirs);
  }

  private static <T> Object outcome(T target, Step<T> step) {
    try {
      Object result = step.on(target);
      return result == null ? "null" : result;
    } catch (Exception e) {
      return e.getClass();
    }
  }

  private @Nullable Object anyKey() {
    return switch (random.nextInt(12)) {
      case 0 -> null;
      case 1 -> new Word("w" + random.nextInt(3));
      case 2 -> (long) random.nextInt(5);
      case 3 -> List.of(random.nextInt(2));
      default -> "k" + random.nextInt(8);
    };
  }

  private @Nullable Object anyValue() {
    return switch (random.nextInt(10)) {
      case 0 -> null;
      case 1 -> new Word("v" + random.nextInt(3));
      default -> random.nextInt(5);
    };
  }

  @Test
  void map_anyOperations_asConcurrentHashMap() {
    maps(manager.map(), new ConcurrentHashMap<>());
  }

  /** Functions that get nulls are the same in both, too. */
  @Test
  void dict_anyOperations_asLinkedHashMap() {
    maps(manager.dict(), new LinkedHashMap<>());
  }

  private void maps(Map<Object, Object> remote, Map<Object, Object> model) {
    for (int i = 0; i < STEPS; i++) {
      Object key = anyKey();
      Object value = anyValue();
      Object other = anyValue();
      String name = "step " + i + " with " + key + ", " + value + ", " + other;
      same(remote, model, name, mapStep(random.nextInt(26), key, value, other));
      if (i % 10 == 0) {
        assertThat(remote).as(name).isEqualTo(model);
        assertThat(new ArrayList<>(remote.keySet())).containsExactlyElementsOf(model.keySet());
      }
    }
  }

  private static Step<Map<Object, Object>> mapStep(
      int which, @Nullable Object key, @Nullable Object value, @Nullable Object other) {
    return switch (which) {
      case 0, 1, 2 -> map -> map.put(key, value);
      case 3 -> map -> map.get(key);
      case 4 -> map -> map.remove(key);
      case 5 -> map -> map.remove(key, value);
      case 6 -> map -> map.replace(key, value);
      case 7 -> map -> map.replace(key, value, other);
      case 8 -> map -> map.putIfAbsent(key, value);
      case 9 -> map -> map.getOrDefault(key, value);
      case 10 -> map -> map.containsKey(key);
      case 11 -> map -> map.containsValue(value);
      case 12 -> Map::size;
      case 13 -> Map::isEmpty;
      case 14 -> map -> map.keySet().remove(key);
      case 15 -> map -> map.keySet().contains(key);
      case 16 -> map -> map.entrySet().contains(entry(key, value));
      case 17 -> map -> map.entrySet().remove(entry(key, value));
      case 18 -> map -> map.values().remove(value);
      case 19 -> map -> map.merge(key, value, (Joined & Serializable) (a, b) -> a + "" + b);
      case 20 -> map -> map.compute(key, (Joined & Serializable) (k, v) -> v == null ? k : null);
      case 21 -> map -> map.computeIfAbsent(key, (Made & Serializable) k -> k + "!");
      case 22 -> map -> map.computeIfPresent(key, (Joined & Serializable) (k, v) -> k + "" + v);
      case 23 ->
        map -> {
          map.putAll(new HashMap<>(Map.of("k1", 1, "k2", 2)));
          return null;
        };
      case 24 -> CollectionModelTest::removeEverySecond;
      default -> map -> map.hashCode() + map.keySet().hashCode();
    };
  }

  private interface Joined extends java.util.function.BiFunction<Object, Object, Object> {}

  private interface Made extends java.util.function.Function<Object, Object> {}

  private static Map.Entry<Object, Object> entry(@Nullable Object key, @Nullable Object value) {
    return new java.util.AbstractMap.SimpleEntry<>(key, value);
  }

  private static @Nullable Object removeEverySecond(Map<Object, Object> map) {
    boolean removed = false;
    for (Iterator<Object> each = map.keySet().iterator(); each.hasNext(); ) {
      each.next();
      if (removed) {
        each.remove();
      }
      removed = !removed;
    }
    return null;
  }

  @Test
  void list_anyOperations_asArrayList() {
    List<Object> remote = manager.list();
    List<Object> model = new ArrayList<>();
    for (int i = 0; i < STEPS; i++) {
      Object element = anyValue();
      int index = random.nextInt(6) - 1;
      List<Object> some = Arrays.asList(anyValue(), anyValue());
      String name = "step " + i + " with " + element + ", " + index + ", " + some;
      same(remote, model, name, listStep(random.nextInt(22), element, index, some));
      assertThat(remote).as(name).isEqualTo(model);
    }
  }

  private static Step<List<Object>> listStep(
      int which, @Nullable Object element, int index, List<Object> some) {
    return switch (which) {
      case 0, 1, 2, 3 -> list -> list.add(element);
      case 4 ->
        list -> {
          list.add(index, element);
          return null;
        };
      case 5 -> list -> list.get(index);
      case 6 -> list -> list.set(index, element);
      case 7 -> list -> list.remove(index);
      case 8 -> list -> list.remove(element);
      case 9 -> list -> list.indexOf(element);
      case 10 -> list -> list.lastIndexOf(element);
      case 11 -> list -> list.contains(element);
      case 12 -> list -> list.addAll(index, some);
      case 13 -> list -> list.removeAll(some);
      case 14 -> list -> list.size() > 20 && list.retainAll(some);
      case 15 -> list -> list.containsAll(some);
      case 16 ->
        list -> {
          list.sort(new ByText());
          return null;
        };
      case 17 ->
        list -> {
          list.subList(0, Math.min(2, list.size())).clear();
          return null;
        };
      case 18 -> list -> list.removeIf(new IsOne());
      case 19 ->
        list -> {
          list.replaceAll(new Doubled());
          return null;
        };
      case 20 -> List::hashCode;
      default -> List::toString;
    };
  }

  private static final class ByText implements Comparator<Object>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public int compare(Object one, Object two) {
      return String.valueOf(one).compareTo(String.valueOf(two));
    }
  }

  private static final class IsOne implements java.util.function.Predicate<Object>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public boolean test(@Nullable Object element) {
      return Integer.valueOf(1).equals(element);
    }
  }

  private static final class Doubled
      implements java.util.function.UnaryOperator<Object>, Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public @Nullable Object apply(@Nullable Object element) {
      return element instanceof Integer number ? (Object) (2 * number % 7) : element;
    }
  }

  @Test
  void set_anyOperations_asLinkedHashSet() {
    Set<Object> remote = manager.set();
    Set<Object> model = new LinkedHashSet<>();
    for (int i = 0; i < STEPS; i++) {
      Object element = anyKey();
      List<Object> some = Arrays.asList(anyKey(), anyKey());
      String name = "step " + i + " with " + element + ", " + some;
      same(remote, model, name, setStep(random.nextInt(12), element, some));
      assertThat(new ArrayList<>(remote)).as(name).isEqualTo(new ArrayList<>(model));
    }
    assertThat(remote).isEqualTo(model);
    assertThat(remote.hashCode()).isEqualTo(model.hashCode());
  }

  private static Step<Set<Object>> setStep(
      int which, @Nullable Object element, Collection<Object> some) {
    return switch (which) {
      case 0, 1, 2 -> set -> set.add(element);
      case 3 -> set -> set.remove(element);
      case 4 -> set -> set.contains(element);
      case 5 -> set -> set.addAll(some);
      case 6 -> set -> set.removeAll(some);
      case 7 -> set -> set.containsAll(some);
      case 8 -> set -> set.size() > 10 && set.retainAll(some);
      case 9 -> set -> set.removeIf(new IsOne());
      case 10 -> Set::size;
      default ->
        set -> {
          Iterator<Object> first = set.iterator();
          first.next();
          first.remove();
          return null;
        };
    };
  }

  /** A function that cannot be sent runs here, and no change of anybody else is lost. */
  @Test
  void list_functionsNotSerializable_takeEffectAtOneMoment() throws Exception {
    List<Object> list = manager.list();
    list.addAll(List.of(3, 1, 2));
    int[] notSent = {0};
    list.replaceAll(n -> {
      if (notSent[0]++ == 0) {
        list.add(0); // somebody else, just then
      }
      return (Integer) n + 10;
    });
    assertThat(list).containsExactly(13, 11, 12, 10);
    assertThat(notSent[0]).as("three, and the second time one more").isEqualTo(7);
    Comparator<Object> order = (a, b) -> {
      if (notSent[0]++ == 7) {
        list.add(20);
      }
      return Integer.compare((Integer) b, (Integer) a);
    };
    list.sort(order);
    assertThat(list).containsExactly(20, 13, 12, 11, 10);
    java.util.function.Predicate<Object> even = n -> (Integer) n % 2 == notSent[0] * 0;
    assertThat(list.removeIf(even)).isTrue();
    assertThat(list.removeIf(even)).isFalse();
    assertThat(list).containsExactly(13, 11);

    Set<Object> set = manager.set();
    set.addAll(List.of(new Word("a"), new Word("b")));
    assertThat(set.removeIf(element -> {
          if (notSent[0] > 0) {
            set.add(new Word("a late one"));
          }
          return ((Word) element).text().startsWith("a");
        }))
        .isTrue();
    assertThat(set).containsExactlyInAnyOrder(new Word("b"), new Word("a late one"));
  }

  /** What the server throws says where it was thrown. */
  @Test
  void failure_anyOperation_hasTraceOfServer() {
    Map<String, Integer> map = manager.map();
    try {
      map.put("key", null);
      assertThat(true).as("a null was accepted").isFalse();
    } catch (NullPointerException e) {
      assertThat(e).hasCauseInstanceOf(RemoteTrace.class);
      assertThat(e.getCause()).hasMessageContaining("in manager (pid ");
    }
  }
}
