// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.WorkerCrashedException;
import java.io.File;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a pool uses in the master does not grow with what it has done. */
class FlatnessTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final long MEMORY_SLACK = 24 << 20;
  private static final int IN_FLIGHT = 1_000;

  @Test
  void submit_manyTasks_memoryIsFlat() throws Exception {
    memory(40_000, 200_000);
  }

  @Test
  @Tag("stress")
  void submit_aMillionTasks_memoryIsFlat() throws Exception {
    memory(100_000, 1_000_000);
  }

  private static void memory(int first, int all) throws Exception {
    try (Pool pool = Pool.ofWorkers(2)) {
      run(pool, first);
      long before = usedAfterCollection();
      run(pool, all - first);
      long grown = usedAfterCollection() - before;
      assertThat(grown)
          .as("growth of the used heap over %s tasks, in bytes", all - first)
          .isLessThan(MEMORY_SLACK);
      assertThat(pool.statistics().completedTasks()).isEqualTo(all);
    }
  }

  private static void run(Pool pool, int tasks) throws Exception {
    ArrayDeque<AsyncResult<Integer>> inFlight = new ArrayDeque<>();
    for (int i = 0; i < tasks; i++) {
      inFlight.add(pool.applyAsync(n -> n, i));
      if (inFlight.size() > IN_FLIGHT) {
        inFlight.remove().get();
      }
    }
    for (AsyncResult<Integer> result : inFlight) {
      result.get();
    }
  }

  private static long usedAfterCollection() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  @Test
  void workers_replaced_descriptorsThreadsAndFilesAreFlat() throws Exception {
    replacements(30);
  }

  @Test
  @Tag("stress")
  void workers_replaced200Times_descriptorsThreadsAndFilesAreFlat() throws Exception {
    replacements(200);
  }

  private static void replacements(int count) throws Exception {
    try (Pool pool = Pool.open(PoolOptions.builder()
        .workers(2)
        .jvmArgs(List.of("-Xmx32m"))
        .workerStderr(PoolOptions.WorkerStream.DISCARD)
        .build())) {
      crash(pool, 6);
      awaitFull(pool);
      Usage before = Usage.now();
      crash(pool, count);
      awaitFull(pool);
      await().atMost(LONG).untilAsserted(() -> {
        Usage after = Usage.now();
        assertThat(after.descriptors())
            .as("open descriptors")
            .isLessThanOrEqualTo(before.descriptors() + 4);
        assertThat(after.threads()).as("threads").isLessThanOrEqualTo(before.threads() + 4);
        assertThat(after.sessionFiles())
            .as("files of sessions")
            .isLessThanOrEqualTo(before.sessionFiles());
      });
      assertThat(pool.statistics().crashedWorkers()).isEqualTo(count + 6);
    }
  }

  private static void crash(Pool pool, int times) throws Exception {
    for (int i = 0; i < times; i++) {
      AsyncResult<Integer> result = pool.submit(() -> {
        Runtime.getRuntime().halt(9);
        return 1;
      });
      assertThat(result.failure()).containsInstanceOf(WorkerCrashedException.class);
    }
  }

  private static void awaitFull(Pool pool) {
    await().atMost(LONG).until(() -> pool.statistics().workersReady() == 2);
  }

  private record Usage(int descriptors, int threads, int sessionFiles) {
    static Usage now() {
      int files = 0;
      File[] sessions = new File("/dev/shm").listFiles((directory, name) -> isOwnSession(name));
      for (File session : Objects.requireNonNull(sessions)) {
        files += Objects.requireNonNull(session.list()).length;
      }
      return new Usage(
          Objects.requireNonNull(new File("/proc/self/fd").list()).length,
          ManagementFactory.getThreadMXBean().getThreadCount(),
          files);
    }

    private static boolean isOwnSession(String name) {
      return System.getProperty("io.procpool.sessions", "").contains(name)
          && name.startsWith("procpool-");
    }
  }
}
