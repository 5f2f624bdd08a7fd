// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Pool;
import io.procpool.WorkerCrashedException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Arguments that no worker can take in, and such that take a while. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class LargeArgumentTest {
  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void apply_argumentLargerThanTheWorkersHeap_failsAfterSomeWorkers() throws Exception {
    try (Pool pool =
        Pool.open(Faults.options("large").workers(1).maxHeapBytes(48 << 20).build())) {
      AsyncResult<Integer> large = pool.applyAsync(bytes -> bytes.length, new byte[100 << 20]);
      AsyncResult<Integer> small = pool.submit(() -> 1);
      WorkerCrashedException failure = (WorkerCrashedException) failureOf(large);
      assertThat(failure.certainty()).isEqualTo(Certainty.NEVER_STARTED);
      assertThat(failure).hasMessageContaining("never started", "3 workers ended", "maxHeapBytes");
      assertThat(valueOf(small)).isEqualTo(1);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2);
    }
  }

  @Test
  void apply_severalLargeArgumentsAtOnce_allArrive() throws Exception {
    byte[] argument = new byte[60 << 20];
    try (Pool pool = Pool.open(Faults.options("many-large").workers(4).build())) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        results.add(pool.applyAsync(bytes -> bytes.length, argument));
      }
      for (AsyncResult<Integer> result : results) {
        assertThat(valueOf(result)).isEqualTo(argument.length);
      }
      Faults.assertBalanced(pool, 4);
    }
  }

  @Test
  void open_collectorChosen_isUsed() throws Exception {
    try (Pool pool = Pool.open(
        Faults.options("collector").jvmArgs(List.of("-XX:+UseParallelGC")).build())) {
      String collectors = pool.apply(() -> ManagementFactory.getGarbageCollectorMXBeans().stream()
          .map(collector -> collector.getName())
          .toList()
          .toString());
      assertThat(collectors).contains("PS");
    }
  }
}
