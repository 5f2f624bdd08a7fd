// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.NotSerializableTaskException;
import io.procpool.TaskBiFunction;
import io.procpool.TaskFunction;
import io.procpool.ipc.FunctionKind;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** The parts in which inputs are encoded, and which of them are sent together. */
final class EncodedInputsTest {
  private static final int MANY = 200_000; // several parts of the smallest inputs

  private static EncodedInputs inputs(TaskFunction<?, ?> function, int limitBytes) {
    return new EncodedInputs(
        FunctionKind.FUNCTION,
        function,
        EncodedFunction.of(function),
        TaskLoaders.Origin.NONE,
        limitBytes);
  }

  private static EncodedInputs same(int limitBytes) {
    return inputs(value -> value, limitBytes);
  }

  private static EncodedInputs filled(int count, IntFunction<Object> value) {
    EncodedInputs inputs = same(1 << 30);
    for (int i = 0; i < count; i++) {
      inputs.add(value.apply(i), null, null);
      assertThat(inputs.count()).isEqualTo(i + 1);
    }
    return inputs;
  }

  /** Every input is in one part, the parts follow each other, and what is cut out of one is the input. */
  private static void assertHolds(EncodedInputs inputs, int count, IntFunction<Object> value)
      throws Exception {
    assertThat(inputs.count()).isEqualTo(count);
    int parts = 0;
    long bytes = 0;
    for (int from = 0; from < count; ) {
      EncodedPart part = inputs.part(from);
      assertThat(part.first()).isEqualTo(from);
      assertThat(part.bytes(from, part.end())).isEqualTo(part.bytes());
      assertThat(part.slice(from, part.end()).remaining()).isEqualTo(part.bytes());
      bytes += part.bytes();
      int next = part.end();
      for (int item = from; item < next; item += Math.max(1, (next - from) / 50)) {
        assertThat(inputs.part(item)).isSameAs(part);
        assertThat(inputs.call(item)).isEqualTo(value.apply(item));
      }
      assertThat(inputs.call(next - 1)).isEqualTo(value.apply(next - 1));
      from = next;
      parts++;
    }
    assertThat(parts).isGreaterThan(1);
    assertThat(inputs.bytes()).isEqualTo(bytes);
  }

  @Test
  void part_inputsOfEqualSize_areWholeInParts() throws Exception {
    assertHolds(filled(MANY, i -> i), MANY, i -> i);
  }

  @Test
  void part_inputsOfAllSizes_areWholeInParts() throws Exception {
    IntFunction<Object> text = i -> "x".repeat(i % 37) + i;
    assertHolds(filled(MANY, text), MANY, text);
  }

  /** Sizes that differ only late: what was counted until then is kept. */
  @Test
  void part_oneInputIsLonger_othersAreWhereTheyWere() throws Exception {
    IntFunction<Object> mostlyNumbers = i -> i % 70_000 == 69_999 ? "longer than the others" : i;
    assertHolds(filled(MANY, mostlyNumbers), MANY, mostlyNumbers);
  }

  @Test
  void part_largeInputs_areNotKeptTogether() {
    EncodedInputs inputs = filled(6, i -> "x".repeat(i == 3 ? 2_000_000 : 100_000));
    assertThat(inputs.part(0).end()).isEqualTo(2);
    assertThat(inputs.part(2).end()).isEqualTo(4); // had room for another one as small as the first
    assertThat(inputs.part(4).end()).isEqualTo(6);
  }

  @Test
  void takeAll_manyLists_isOneListInTheirOrder() throws Exception {
    IntFunction<Object> mixed = i -> i % 5 == 0 ? "text " + i : i;
    EncodedInputs all = same(1 << 30);
    EncodedInputs some = same(1 << 30);
    for (int i = 0; i < MANY; i++) {
      some.add(mixed.apply(i), null, null);
      if (i % 7 == 0 || i == 150_000 || i == MANY - 1) {
        all.takeAll(some);
        assertThat(some.count()).isZero();
      }
    }
    assertHolds(all, MANY, mixed);
    EncodedInputs empty = same(1 << 30);
    empty.takeAll(all);
    assertHolds(empty, MANY, mixed);
    EncodedInputs two = filled(2, mixed);
    two.takeAll(filled(MANY, i -> mixed.apply(i + 2)));
    assertHolds(two, MANY + 2, mixed);
  }

  /** An input that cannot be encoded, or has no room, leaves the list as it was. */
  @Test
  void add_fails_listIsAsBefore() throws Exception {
    EncodedInputs inputs = filled(100, i -> i);
    long bytes = inputs.bytes();
    List<Object> halfEncodable = new ArrayList<>(List.of(1, "text", new Object()));
    assertThatThrownBy(() -> inputs.add(halfEncodable, null, null))
        .isInstanceOf(NotSerializableTaskException.class);
    assertThat(inputs.count()).isEqualTo(100);
    assertThat(inputs.bytes()).isEqualTo(bytes);
    inputs.add("after it", null, null);
    assertThat(inputs.call(99)).isEqualTo(99);
    assertThat(inputs.call(100)).isEqualTo("after it");
  }

  @Test
  void add_severalArguments_comeBackTogether() throws Exception {
    TaskBiFunction<Integer, String, String> join = (number, text) -> text + number;
    EncodedInputs inputs = new EncodedInputs(
        FunctionKind.BI_FUNCTION, join, EncodedFunction.of(join), TaskLoaders.Origin.NONE, 1 << 30);
    for (int i = 0; i < MANY; i++) {
      inputs.add(i, "n", null);
    }
    assertHolds(inputs, MANY, i -> "n" + i);
  }

  /** Inputs of a map that are too many together are not blamed on one of them. */
  @Test
  void add_inputsTogetherTooLarge_saysSo() {
    EncodedInputs inputs = same(1000);
    assertThatThrownBy(() -> inputs.add(new byte[2000], null, null))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContaining("an argument");
    inputs.add(new byte[600], null, null);
    assertThatThrownBy(() -> inputs.add(new byte[2000], null, null))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContaining("an argument")
        .hasMessageContaining("above the limit of 1000 bytes");
    long bytes = inputs.bytes();
    assertThatThrownBy(() -> inputs.add(new byte[600], null, null))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContaining("the inputs together exceed the limit of 1000 bytes")
        .hasMessageContaining("the first 1 take ")
        .hasMessageContaining("imap");
    assertThat(inputs.count()).isEqualTo(1);
    assertThat(inputs.bytes()).isEqualTo(bytes);
  }

  /** The limit holds for all parts together, in the second one too. */
  @Test
  void add_limitInALaterPart_saysHowMuchIsThere() {
    EncodedInputs inputs = same(400_000);
    int taken = 0;
    while (true) {
      try {
        inputs.add(taken, null, null);
        taken++;
      } catch (NotSerializableTaskException full) {
        assertThat(full)
            .hasMessageContaining("limit of 400000 bytes")
            .hasMessageContaining("the first 80000 take 400000 bytes");
        break;
      }
    }
    assertThat(taken).isEqualTo(80_000);
    assertThat(inputs.count()).isEqualTo(80_000);
    assertThatThrownBy(() -> inputs.add(new byte[500_000], null, null))
        .hasMessageContaining("above the limit of 400000 bytes");
  }
}
