// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ManagedNamespace;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.function.LongUnaryOperator;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Values, numbers, arrays and namespaces of a manager. */
@Timeout(120)
class ManagedValuesTest {
  private static final int ROUNDS = 200;

  private static Manager manager;

  @BeforeAll
  static void start() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
  }

  @AfterAll
  static void close() {
    manager.close();
  }

  private record Point(int x, int y) implements Serializable {}

  /** What is serializable, but equals nothing but itself. */
  private static final class Box implements Serializable {
    private static final long serialVersionUID = 1;
    final int content;

    Box(int content) {
      this.content = content;
    }
  }

  @Test
  void value_anyOperation_asAtomicReferenceByEquals() {
    ManagedValue<Object> value = manager.value(null);
    assertThat(value.get()).isNull();
    assertThat(value.compareAndSet(null, new Point(1, 2))).isTrue();
    assertThat(value.compareAndSet(new Point(1, 3), "other")).isFalse();
    assertThat(value.compareAndSet(new Point(1, 2), List.of(1, "x"))).isTrue();
    assertThat(value.getAndSet(5)).isEqualTo(List.of(1, "x"));
    assertThat(value.updateAndGet(before -> before + "!")).isEqualTo("5!");
    assertThat(value.getAndUpdate(before -> null)).isEqualTo("5!");
    assertThat(value.accumulateAndGet(3, (before, given) -> before + "+" + given))
        .isEqualTo("null+3");
    assertThat(value.getAndAccumulate(3, (before, given) -> given)).isEqualTo("null+3");
    assertThat(value.get()).isEqualTo(3);
    value.set(new Point(0, 0));
    assertThat(value.toString()).isEqualTo("Point[x=0, y=0]");
  }

  /** The function cannot be sent, and what it is compared with equals nothing: it takes effect all the same. */
  @Test
  void value_functionNotSerializable_runsHere() {
    ManagedValue<Box> value = manager.value(new Box(1));
    AtomicInteger calls = new AtomicInteger();
    UnaryOperator<Box> plain = before -> new Box(before.content + calls.incrementAndGet());
    assertThat(value.updateAndGet(plain).content).isEqualTo(2);
    assertThat(value.getAndUpdate(plain).content).isEqualTo(2);
    BiFunction<Box, Integer, Box> two =
        (before, given) -> new Box(before.content + given + calls.get());
    assertThat(value.accumulateAndGet(10, two).content).isEqualTo(16);
    assertThat(value.getAndAccumulate(10, two).content).isEqualTo(16);
    assertThat(value.get().content).isEqualTo(28);
  }

  @Test
  void value_named_keepsWhatItHas() {
    ManagedValue<Integer> first = manager.value("value of a name", 1);
    first.set(7);
    ManagedValue<Integer> second = manager.value("value of a name", 2);
    assertThat(second).isEqualTo(first);
    assertThat(second.get()).isEqualTo(7);
    assertThatThrownBy(() -> manager.array("value of a name", 2))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("\"value of a name\" is a value, not an array");
  }

  /** Cannot be rebuilt. */
  private static final class Unreadable implements Serializable {
    private static final long serialVersionUID = 1;

    private Object readResolve() {
      throw new IllegalStateException("not here");
    }
  }

  /** What cannot be made is nothing, and its name is free. */
  @Test
  void value_initialCannotBeRebuilt_saysSoAndNameIsFree() {
    assertThatThrownBy(() -> manager.value("unreadable", new Unreadable()))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("not here");
    assertThat(manager.value("unreadable", 1).get()).isEqualTo(1);
  }

  @Test
  void atomicLong_anyOperation_asAtomicLong() {
    ManagedLong number = manager.atomicLong();
    assertThat(number.get()).isZero();
    assertThat(number.incrementAndGet()).isEqualTo(1);
    assertThat(number.getAndIncrement()).isEqualTo(1);
    assertThat(number.decrementAndGet()).isEqualTo(1);
    assertThat(number.getAndDecrement()).isEqualTo(1);
    assertThat(number.addAndGet(5)).isEqualTo(5);
    assertThat(number.getAndAdd(5)).isEqualTo(5);
    assertThat(number.compareAndSet(9, 1)).isFalse();
    assertThat(number.compareAndSet(10, 1)).isTrue();
    assertThat(number.getAndSet(3)).isEqualTo(1);
    assertThat(number.updateAndGet(n -> n * n)).isEqualTo(9);
    assertThat(number.getAndUpdate(n -> -n)).isEqualTo(9);
    assertThat(number.accumulateAndGet(20, Math::max)).isEqualTo(20);
    assertThat(number.getAndAccumulate(3, (n, m) -> n % m)).isEqualTo(20);
    int[] runsHere = {0};
    LongUnaryOperator plain = n -> n + ++runsHere[0];
    assertThat(number.updateAndGet(plain)).isEqualTo(3);
    assertThat(number.getAndUpdate(plain)).isEqualTo(3);
    assertThat(number.get()).isEqualTo(5);
    assertThat(runsHere[0]).isEqualTo(2);
    number.set(Long.MAX_VALUE);
    assertThat(number.incrementAndGet()).isEqualTo(Long.MIN_VALUE);
    assertThat(manager.atomicLong("number of a name"))
        .isEqualTo(manager.atomicLong("number of a name"));
  }

  @Test
  void array_anyOperation_asArray() {
    ManagedArray<Object> array = manager.array(4);
    assertThat(array.toList()).containsExactly(null, null, null, null);
    array.set(0, "a");
    assertThat(array.getAndSet(0, new Point(1, 1))).isEqualTo("a");
    assertThat(array.compareAndSet(0, new Point(1, 1), 1)).isTrue();
    assertThat(array.compareAndSet(0, 2, 3)).isFalse();
    assertThat(array.updateAndGet(1, before -> "was " + before)).isEqualTo("was null");
    assertThat(array.getAndUpdate(1, before -> 7)).isEqualTo("was null");
    assertThat(array.accumulateAndGet(1, 3, (before, given) -> List.of(before, given)))
        .isEqualTo(List.of(7, 3));
    int[] runsHere = {0};
    UnaryOperator<Object> plain = before -> ++runsHere[0];
    assertThat(array.updateAndGet(2, plain)).isEqualTo(1);
    assertThat(array.get(2)).isEqualTo(1);
    array.setAll(2, List.of(8, 9));
    assertThat(array.toList(1, 4)).containsExactly(List.of(7, 3), 8, 9);
    assertThatThrownBy(() -> array.setAll(3, List.of(1, 2)))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> array.get(4)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> array.set(-1, 0)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(array.length()).isEqualTo(4);

    List<Object> list = array.asList();
    assertThat(list).isEqualTo(Arrays.asList(1, List.of(7, 3), 8, 9));
    assertThat(list.set(3, "end")).isEqualTo(9);
    assertThat(array.get(3)).isEqualTo("end");
    assertThatThrownBy(() -> list.add(1)).isInstanceOf(UnsupportedOperationException.class);
    assertThat(array.toString()).isEqualTo("[1, [7, 3], 8, end]");
  }

  @Test
  void array_badLength_saysWhatIsAllowed() {
    assertThatThrownBy(() -> manager.array(-1)).hasMessage("length: -1 (expected: 0 or more)");
    assertThat(manager.array(0).toList()).isEmpty();
    manager.array("array of a name", 3).set(2, "x");
    assertThat(manager.array("array of a name", 3).get(2)).isEqualTo("x");
    assertThatThrownBy(() -> manager.array("array of a name", 4))
        .isInstanceOf(ManagerException.class)
        .hasMessageContaining("length: 4 (expected: 3,");
  }

  @Test
  void namespace_missingAttribute_saysWhichThereAre() {
    ManagedNamespace namespace = manager.namespace();
    namespace.set("x", 1);
    namespace.set("y", null);
    int x = namespace.get("x");
    assertThat(x).isEqualTo(1);
    assertThat(namespace.<Object>get("y")).isNull();
    assertThat(namespace.contains("y")).isTrue();
    assertThatThrownBy(() -> namespace.get("z"))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessage("the namespace has no attribute \"z\"; it has [x, y]");
    assertThatThrownBy(() -> namespace.delete("z")).isInstanceOf(NoSuchElementException.class);
    assertThat(namespace.toString()).isEqualTo("Namespace{x=1, y=null}");
    namespace.delete("x");
    assertThat(namespace.contains("x")).isFalse();
    namespace.set("point", new Point(1, 2));
    assertThat(namespace.names()).containsExactly("y", "point");
    assertThat(namespace.toMap()).containsEntry("point", new Point(1, 2)).hasSize(2);
  }

  // Between processes.

  /** What several processes do to a value at the same time is all counted, sent or not. */
  @Test
  void updates_fromSeveralProcesses_allCount() throws Exception {
    int clients = LongForm.choose(3, 2);
    ManagedValue<Integer> shipped = manager.value(0);
    ManagedValue<Integer> here = manager.value(0);
    ManagedLong number = manager.atomicLong();
    ManagedArray<Map<String, Integer>> array = manager.array(2);
    array.setAll(0, List.of(Map.of(), Map.of("n", 0)));
    ManagedNamespace namespace = manager.namespace();
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < clients; i++) {
      String name = "child " + i;
      children.add(ChildProcess.start(() -> {
        int[] noneOfThis = {1};
        UnaryOperator<Integer> plain = n -> n + noneOfThis[0];
        UnaryOperator<Map<String, Integer>> counted =
            before -> Map.of("n", before.get("n") + noneOfThis[0]);
        for (int round = 0; round < ROUNDS; round++) {
          shipped.updateAndGet(n -> n + 1);
          here.updateAndGet(plain);
          number.incrementAndGet();
          array.updateAndGet(1, counted);
        }
        namespace.set(name, shipped.get());
      }));
    }
    for (ChildProcess child : children) {
      child.join();
    }
    assertThat(shipped.get()).isEqualTo(clients * ROUNDS);
    assertThat(here.get()).isEqualTo(clients * ROUNDS);
    assertThat(number.get()).isEqualTo(clients * ROUNDS);
    assertThat(array.get(1)).isEqualTo(Map.of("n", clients * ROUNDS));
    assertThat(namespace.names()).hasSize(clients);
  }
}
