// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** What the master uses does not grow with the number of tasks it has had run, nor with the workers it has lost. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(value = OS.LINUX, disabledReason = "/proc")
final class FlatnessTest {
  private static final int WINDOW = 1_000;
  private static final long HEAP_GROWTH_BYTES = 8L << 20; // eight bytes for each of a million tasks
  private static final int SLACK = 6; // descriptors and threads that come and go by themselves

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void heap_manyTasks_isFlat() throws Exception {
    heap(50_000, 200_000);
  }

  @Test
  @Tag("stress")
  void heap_aMillionTasks_isFlat() throws Exception {
    heap(200_000, 1_000_000);
  }

  private static void heap(int warm, int all) throws Exception {
    try (Pool pool = Pool.open(Faults.options("heap").build())) {
      run(pool, warm);
      long before = usedAfterCollection();
      run(pool, all - warm);
      long after = usedAfterCollection();
      System.out.printf(
          "heap used after %d tasks: %d KiB, after %d: %d KiB%n",
          warm, before >> 10, all, after >> 10);
      assertThat(after - before).isLessThan(HEAP_GROWTH_BYTES);
      Faults.assertBalanced(pool, all);
    }
  }

  /** Who keeps results keeps values, not what the tasks were made of: here twice the heap. */
  @Test
  void heap_resultsKept_argumentsAreNot() throws Exception {
    byte[] argument = new byte[1 << 20];
    int tasks = (int) (2 * Runtime.getRuntime().maxMemory() / argument.length);
    List<AsyncResult<Integer>> kept = new ArrayList<>();
    try (Pool pool = Pool.open(Faults.options("kept").build())) {
      for (int i = 0; i < tasks; i++) {
        AsyncResult<Integer> result = pool.applyAsync(bytes -> bytes.length, argument);
        assertThat(valueOf(result)).isEqualTo(argument.length);
        kept.add(result);
      }
    }
    assertThat(kept).hasSize(tasks);
  }

  private static void run(Pool pool, int tasks) throws Exception {
    ArrayDeque<AsyncResult<Integer>> flying = new ArrayDeque<>();
    for (int i = 0; i < tasks; i++) {
      if (flying.size() == WINDOW) {
        valueOf(flying.remove());
      }
      flying.add(pool.applyAsync(n -> n, i));
    }
    for (AsyncResult<Integer> result : flying) {
      valueOf(result);
    }
  }

  private static long usedAfterCollection() {
    long used = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      used = Math.min(
          used, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
    return used;
  }

  @Test
  void descriptors_someReplacements_areFlat() throws Exception {
    replacements(LongForm.choose(40, 20));
  }

  @Test
  @Tag("stress")
  void descriptors_manyReplacements_areFlat() throws Exception {
    replacements(200);
  }

  private static void replacements(int count) throws Exception {
    PoolOptions.Builder options = Faults.options("replace").gracePeriod(Faults.LONG);
    try (Pool retiring =
            Pool.open(options.recycling(RecyclePolicy.never().maxTasks(1)).build());
        Pool dying = Pool.open(options.recycling(RecyclePolicy.never()).build())) {
      replace(retiring, dying, 8);
      Use before = Use.now();
      replace(retiring, dying, count);
      Use after = Use.now();
      System.out.println("before " + before + ", after " + count + " replacements " + after);
      assertThat(after.descriptors)
          .as("%s, %s", before, after)
          .isLessThanOrEqualTo(before.descriptors + SLACK);
      assertThat(after.threads)
          .as("%s, %s", before, after)
          .isLessThanOrEqualTo(before.threads + SLACK);
      assertThat(after.files).as("%s, %s", before, after).isLessThanOrEqualTo(before.files + 2);
      assertThat(retiring.statistics().crashedWorkers()).isZero();
    }
  }

  private static void replace(Pool retiring, Pool dying, int count) throws Exception {
    for (int i = 0; i < count / 2; i++) {
      assertThat(valueOf(retiring.submit(() -> 1))).isEqualTo(1);
      Faults.failureOf(dying.submit(() -> Runtime.getRuntime().halt(1)));
    }
    Faults.awaitFull(retiring);
    Faults.awaitFull(dying);
    Faults.awaitLong("former workers to end").until(() -> Faults.children().size() == 4);
  }

  private record Use(int descriptors, int threads, int files) {
    static Use now() {
      int files = 0;
      for (Path session : Faults.ownSessions()) {
        String[] names = session.toFile().list();
        files += names == null ? 0 : names.length;
      }
      String[] descriptors = new File("/proc/self/fd").list();
      return new Use(
          descriptors == null ? 0 : descriptors.length, Faults.poolThreads().size(), files);
    }
  }
}
