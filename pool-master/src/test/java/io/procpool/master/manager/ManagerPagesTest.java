// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Content of more than a page. */
@Timeout(120)
class ManagerPagesTest {
  private static final int MANY = 50_000;

  private static Manager manager;

  private record Element(int number) implements Serializable {}

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  @Test
  void iterators_manyPages_giveAllInOrder() {
    List<String> texts = IntStream.range(0, MANY).mapToObj(i -> "element " + i).toList();
    Map<String, Integer> entries = new LinkedHashMap<>();
    texts.forEach(text -> entries.put(text, text.hashCode()));
    ManagedList<String> list = manager.list();
    list.addAll(texts);
    ManagedSet<String> set = manager.set();
    set.addAll(texts);
    ManagedMap<String, Integer> dict = manager.dict();
    dict.putAll(entries);
    ManagedSortedMap<String, Integer> sorted = manager.sortedMap();
    sorted.putAll(entries);

    List<String> seen = new ArrayList<>();
    list.iterator().forEachRemaining(seen::add);
    assertThat(seen).isEqualTo(texts);
    assertThat(list.equals(texts)).isTrue();
    assertThat(new LinkedHashSet<>(set)).isEqualTo(new LinkedHashSet<>(texts));
    assertThat(new ArrayList<>(dict.entrySet())).isEqualTo(new ArrayList<>(entries.entrySet()));
    TreeMap<String, Integer> expected = new TreeMap<>(entries);
    assertThat(new ArrayList<>(sorted.descendingMap().tailMap("element 3").keySet()))
        .isEqualTo(new ArrayList<>(expected.descendingMap().tailMap("element 3").keySet()));
  }

  /** Objects of users' classes, nulls, and elements larger than a page. */
  @Test
  void iterators_anyElements_giveAllInOrder() {
    List<Object> elements = new ArrayList<>();
    for (int i = 0; i < 3_000; i++) {
      elements.add(i % 7 == 0 ? null : i % 3 == 0 ? new Element(i) : "text " + i);
    }
    ManagedList<Object> list = manager.list();
    list.addAll(elements);
    list.add("x".repeat(300_000));
    list.add("end");
    List<Object> seen = new ArrayList<>();
    list.iterator().forEachRemaining(seen::add);
    assertThat(seen.subList(0, 3_000)).isEqualTo(elements);
    assertThat((String) seen.get(3_000)).hasSize(300_000);
    assertThat(seen.get(3_001)).isEqualTo("end");
    assertThat(seen).hasSize(3_002);
  }

  /** What is changed meanwhile does not show, and changes made through the iterator do. */
  @Test
  void iterator_changedMeanwhile_givesWhatWasThere() {
    ManagedMap<Integer, String> dict = manager.dict();
    Map<Integer, String> entries = new LinkedHashMap<>();
    IntStream.range(0, MANY).forEach(i -> entries.put(i, "value " + i));
    dict.putAll(entries);
    Iterator<Map.Entry<Integer, String>> each = dict.entrySet().iterator();
    Map<Integer, String> seen = new LinkedHashMap<>();
    for (int i = 0; each.hasNext(); i++) {
      Map.Entry<Integer, String> entry = each.next();
      seen.put(entry.getKey(), entry.getValue());
      if (i == 10) {
        dict.clear();
        dict.put(1, "new");
        dict.put(MANY - 1, "last");
      } else if (i == MANY - 1) {
        each.remove();
      }
    }
    assertThat(seen).isEqualTo(entries);
    assertThat(dict).hasSize(1).containsEntry(1, "new");
  }

  /** Handles inside live while they are on their way in pages. */
  @Test
  void iterator_overHandles_theyWork() {
    ManagedList<Object> outer = manager.list();
    for (int i = 0; i < 2_000; i++) {
      ManagedList<Integer> inner = manager.list();
      inner.add(i);
      outer.add(inner);
    }
    Iterator<Object> each = outer.iterator();
    outer.clear();
    for (int i = 0; i < 2_000; i++) {
      assertThat(((ManagedList<?>) each.next()).get(0)).isEqualTo(i);
    }
    assertThat(each.hasNext()).isFalse();
  }

  /** An iterator that is not finished keeps nothing on the server once it is gone. */
  @Test
  void iterator_notFinished_isForgotten() {
    ManagedList<Integer> list = manager.list();
    list.addAll(IntStream.range(0, MANY).boxed().toList());
    Faults.awaitLong("what other tests have left").until(() -> {
      System.gc();
      return manager.objectCount() == 1;
    });
    begin(list);
    assertThat(manager.objectCount()).isGreaterThan(1);
    Faults.awaitLong("what is left of the list to go").until(() -> {
      System.gc();
      return manager.objectCount() == 1;
    });
    assertThat(list.size()).isEqualTo(MANY);
  }

  private static void begin(ManagedList<Integer> list) {
    for (int i = 0; i < 5; i++) {
      assertThat(list.iterator().next()).isZero();
    }
  }
}
