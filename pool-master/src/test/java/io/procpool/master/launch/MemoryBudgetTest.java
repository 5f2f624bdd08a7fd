// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The memory that pools share: nobody gets what is not there, and everything comes back. */
final class MemoryBudgetTest {
  private static final long GIBIBYTE = 1L << 30;
  private static final long MEBIBYTE = 1L << 20;

  private final MemoryBudget budget = new MemoryBudget(16 * GIBIBYTE, 4 * GIBIBYTE);

  @Test
  void take_heapNotSaid_laterPoolsGetLess() {
    long room = budget.roomBytes();
    assertThat(room).isEqualTo(16 * GIBIBYTE - 2 * GIBIBYTE - 64 * MEBIBYTE);
    long first = budget.take("a", 8, 0).heapBytes();
    assertThat(first).isBetween(room * 3 / 64 - 65 * MEBIBYTE, room * 3 / 64 - 64 * MEBIBYTE);
    long second = budget.take("b", 8, 0).heapBytes();
    assertThat(second).isLessThan(first).isGreaterThan(first / 4);
  }

  /** No worker gets more than the JVM would choose by itself. */
  @Test
  void take_oneWorker_getsAQuarterOfTheMemory() {
    assertThat(budget.take("a", 1, 0).heapBytes()).isEqualTo(4 * GIBIBYTE);
  }

  /** A worker may give on what it has, and a part of what nobody has. */
  @Test
  void bytesForEach_isTheOwnPartAndAPartOfWhatIsLeft() {
    MemoryBudget.Share share = budget.take("a", 4, 64 * MEBIBYTE);
    long left = budget.roomBytes() - 4 * 128 * MEBIBYTE;
    assertThat(share.bytesForEach()).isEqualTo(128 * MEBIBYTE + left / 4);
    budget.take("b", 1, 4 * GIBIBYTE);
    left -= 4 * GIBIBYTE + 64 * MEBIBYTE;
    assertThat(share.bytesForEach()).isEqualTo(128 * MEBIBYTE + left / 4);
  }

  @Test
  void take_manyPools_allGetSomething() {
    for (int i = 0; i < 30; i++) {
      assertThat(budget.take("pool-" + i, 2, 0).heapBytes()).isGreaterThanOrEqualTo(16 * MEBIBYTE);
    }
    assertThat(budget.takenBytes()).isLessThanOrEqualTo(budget.roomBytes());
  }

  @Test
  void take_moreThanThereIs_isRefusedWithTheArithmetic() {
    budget.take("other", 1, GIBIBYTE);
    assertThatThrownBy(() -> budget.take("big", 8, 2 * GIBIBYTE))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            "\"big\"",
            "8 JVMs of 2.0 GiB",
            "64 MiB beside",
            "are 16.5 GiB",
            "above the 12.9 GiB that are left",
            "16.0 GiB of memory",
            "less 2.1 GiB for this process",
            "1.1 GiB for its other pools",
            "maxHeapBytes",
            "UNBUDGETED");
    assertThat(budget.takenBytes()).isEqualTo(GIBIBYTE + 64 * MEBIBYTE);
  }

  @Test
  void share_resizedAndReleased_givesBackExactly() {
    MemoryBudget.Share share = budget.take("a", 2, GIBIBYTE);
    assertThat(share.tryResize(12)).isTrue();
    assertThat(share.tryResize(14)).isFalse();
    assertThat(budget.takenBytes()).isEqualTo(12 * (GIBIBYTE + 64 * MEBIBYTE));
    assertThat(share.tryResize(1)).isTrue();
    share.release();
    share.release();
    assertThat(budget.takenBytes()).isZero();
  }

  /** The sum is never above what there is, whatever several threads do at once, and in the end all is given back. */
  @Test
  void shares_takenAndReleasedAtRandom_sumStaysBelow() throws Exception {
    int threads = 4;
    ExecutorService executor = Executors.newFixedThreadPool(threads);
    List<Future<Integer>> results = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      Random random = new Random(4711 + t);
      results.add(executor.submit(() -> takeAndRelease(random)));
    }
    int refused = 0;
    for (Future<Integer> result : results) {
      refused += result.get(30, TimeUnit.SECONDS);
    }
    executor.shutdown();
    assertThat(refused).as("some must have been refused").isPositive();
    assertThat(budget.takenBytes()).isZero();
  }

  private int takeAndRelease(Random random) {
    List<MemoryBudget.Share> mine = new ArrayList<>();
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      try {
        switch (random.nextInt(3)) {
          case 0 ->
            mine.add(budget.take(
                "p",
                1 + random.nextInt(8),
                random.nextBoolean() ? 0 : random.nextInt(1 << 30) + 1));
          case 1 -> {
            if (!mine.isEmpty()) {
              mine.remove(random.nextInt(mine.size())).release();
            }
          }
          default -> {
            if (!mine.isEmpty()
                && !mine.get(random.nextInt(mine.size())).tryResize(1 + random.nextInt(16))) {
              refused++;
            }
          }
        }
      } catch (IllegalArgumentException full) {
        refused++;
      }
      assertThat(budget.takenBytes()).isBetween(0L, budget.roomBytes());
    }
    mine.forEach(MemoryBudget.Share::release);
    return refused;
  }

  @ParameterizedTest
  @CsvSource({
    "-Xmx512m, 536870912",
    "-Xmx1g -Xmx2G, 2147483648",
    "-XX:MaxHeapSize=1048576, 1048576",
    "-XX:MaxHeapSize=64k, 65536",
    "-Xms512m, -1",
    "-Dx=-Xm, -1"
  })
  void givenFlags_heap_isFound(String flags, long bytes) {
    GivenFlags given = GivenFlags.of(List.of(flags.split(" ")), Map.of());
    assertThat(given.heapBytes().orElse(-1)).isEqualTo(bytes);
    assertThat(GivenFlags.of(List.of(), Map.of("JAVA_TOOL_OPTIONS", flags))
            .heapBytes()
            .orElse(-1))
        .isEqualTo(bytes);
  }
}
