// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.ipc.wire.ToManager;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedDeque;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ManagedMap;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ManagedSortedMap;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
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

  @Test
  void queues_manyPages_giveAllInOrder() throws Exception {
    List<String> texts = IntStream.range(0, MANY).mapToObj(i -> "element " + i).toList();
    List<String> reversed = new ArrayList<>(texts);
    Collections.reverse(reversed);
    List<String> sorted = texts.stream().sorted().toList();
    ManagedDeque<String> deque = manager.deque(MANY);
    ManagedQueue<String> lifo = manager.lifoQueue(MANY);
    ManagedQueue<String> priority = manager.priorityQueue(MANY);
    List<CompletableFuture<?>> puts = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      puts.add(deque.async().put(texts.get(i)));
      puts.add(lifo.async().put(texts.get(i)));
      puts.add(priority.async().put(texts.get(i)));
      if (puts.size() > 5_000) {
        CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
        puts.clear();
      }
    }
    CompletableFuture.allOf(puts.toArray(CompletableFuture[]::new)).join();
    Iterator<String> each = deque.iterator();
    assertThat(deque.toArray()).isEqualTo(texts.toArray());
    deque.poll();
    deque.pollLast();
    List<String> seen = new ArrayList<>();
    each.forEachRemaining(seen::add); // what was there
    assertThat(seen).isEqualTo(texts);
    assertThat(deque.descendingIterator())
        .toIterable()
        .containsExactlyElementsOf(reversed.subList(1, MANY - 1));
    assertThat(lifo.toArray(String[]::new)).isEqualTo(reversed.toArray());
    assertThat(new ArrayList<>(priority)).isEqualTo(sorted);
  }

  @Test
  void array_manyPages_givesAllInOrder() {
    ManagedArray<Object> array = manager.array(MANY);
    List<Object> elements = new ArrayList<>(IntStream.range(0, MANY).boxed().toList());
    array.setAll(0, elements);
    assertThat(array.toList()).isEqualTo(elements);
    assertThat(array.toList(7, MANY - 7)).isEqualTo(elements.subList(7, MANY - 7));
    assertThat(array.asList()).isEqualTo(elements);
    assertThatThrownBy(() -> array.toList(1, MANY + 1))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** Nothing that is read as a whole is sent as a whole, however it is read. */
  @Test
  void contents_asTheyAreSent_arePages() throws Exception {
    byte[] key = "a key of sixteen bytes or more".getBytes();
    try (Manager server = Manager.start(ManagerOptions.builder()
            .hosted(true)
            .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .key(key)
            .build());
        RawPeer peer = RawPeer.plain(server.address())) {
      ManagedQueue<String> queue = server.queue("queue", MANY);
      ManagedList<String> list = server.list("list");
      ManagedArray<String> array = server.array("array", 100);
      for (int i = 0; i < 100; i++) {
        String text = i + "x".repeat(10_000);
        queue.put(text);
        list.add(text);
        array.set(i, text);
      }
      peer.join(key);
      String first = firstPage(peer, peer.open("queue", "queue", MANY), "paged:elements()");
      assertThat(first).startsWith("0x");
      long ofList = peer.open("list", "list");
      Long stamp = firstPage(peer, ofList, "paged:stamped:elements()");
      assertThat((Long) firstPage(peer, ofList, "paged:stamped:elements()")).isEqualTo(stamp);
      list.add("another");
      assertThat((Long) firstPage(peer, ofList, "paged:stamped:elements()")).isNotEqualTo(stamp);
      long ofArray = peer.open("array", "array", 100);
      String second = firstPage(peer, ofArray, "paged:elements(int,int)", 1, 100);
      assertThat(second).startsWith("1x");
    }
  }

  /** Returns the first value of a page that has not all. */
  @SuppressWarnings({"unchecked", "NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T firstPage(RawPeer peer, long object, String operation, Object... arguments)
      throws Exception {
    peer.send(RawPeer.message(new ToManager.Call(2, object, operation, List.of(), 0), arguments));
    PayloadReader reply = peer.receive();
    assertThat(reply.remaining()).isBetween(64 << 10, 80 << 10);
    FromManager.read(ManagerWire.header(reply));
    ClassLoader loader = ManagerPagesTest.class.getClassLoader();
    assertThat((Long) ValueCodec.read(reply, loader)).as("the rest").isPositive();
    return (T) ValueCodec.read(reply, loader);
  }

  /** A function that runs here sees all pages as they are at one moment, and what it makes of them is written at one moment. */
  @Test
  void functionHere_manyPages_takesEffectAtOneMoment() throws Exception {
    ManagedList<Integer> list = manager.list();
    list.addAll(IntStream.range(0, MANY).boxed().toList());
    AtomicInteger rounds = new AtomicInteger();
    list.replaceAll((UnaryOperator<Integer>) n -> {
      if (n == 0 && rounds.incrementAndGet() == 1) {
        list.add(MANY); // comes between
      }
      return -n;
    });
    assertThat(rounds).hasValue(2);
    assertThat(list)
        .isEqualTo(IntStream.rangeClosed(0, MANY).map(n -> -n).boxed().toList());
  }

  /** More than could be written back is not even read to its end. */
  @Test
  void functionHere_moreThanCanBeWrittenBack_isRefused() {
    ManagedList<String> list = manager.list();
    list.addAll(Collections.nCopies(270, ""));
    list.replaceAll(element -> Large.TEXT); // one object, so many times
    AtomicInteger asked = new AtomicInteger();
    assertThatThrownBy(() -> list.removeIf((Predicate<String>) text -> asked.incrementAndGet() > 0))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("the content of the list ")
        .hasMessageContaining("has more than 256 MiB")
        .hasMessageContaining("serializable, which is sent to the server; nothing was done");
    assertThat(asked).hasValue(0);
    assertThat(list.removeIf(text -> text.length() > 1)).isTrue();
    assertThat(list).isEmpty();
  }

  private static final class Large {
    static final String TEXT = "x".repeat(1 << 20);
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

  /** The same with those in a queue. */
  @Test
  void iterator_overHandlesInAQueue_theyWork() {
    ManagedQueue<ManagedList<Integer>> queue = manager.queue(500);
    for (int i = 0; i < 500; i++) {
      ManagedList<Integer> inner = manager.list();
      inner.add(i);
      queue.add(inner);
    }
    Iterator<ManagedList<Integer>> each = queue.iterator();
    queue.clear();
    for (int i = 0; i < 500; i++) {
      assertThat(each.next().get(0)).isEqualTo(i);
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
