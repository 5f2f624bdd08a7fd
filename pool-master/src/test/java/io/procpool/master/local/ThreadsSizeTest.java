// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.RunnableTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The number of threads of a pool of threads, and what they do at their end. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ThreadsSizeTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private static PoolOptions.Builder options() {
    return PoolOptions.builder().backend(PoolOptions.THREADS).name("threads-size");
  }

  private static void awaitReady(Pool pool, int workers) {
    await()
        .atMost(LONG)
        .untilAsserted(() -> assertThat(pool.statistics())
            .matches(now -> now.workersReady() == workers && now.workersBusy() == 0));
  }

  private static void runTogether(Pool pool, int tasks) throws Exception {
    CountDownLatch together = new CountDownLatch(tasks);
    List<AsyncResult<?>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      results.add(pool.submit((RunnableTask) () -> {
        together.countDown();
        try {
          together.await();
        } catch (InterruptedException e) {
          throw new IllegalStateException(e);
        }
      }));
    }
    for (AsyncResult<?> result : results) {
      result.get(LONG.toSeconds(), TimeUnit.SECONDS);
    }
  }

  @Test
  void workersMinMax_workWaitsAndEnds_growsAndShrinks() throws Exception {
    AtomicInteger finalized = new AtomicInteger();
    PoolOptions options = options()
        .workers(0, 3)
        .idleTimeout(Duration.ofMillis(50))
        .finalizer(finalized::incrementAndGet)
        .build();
    try (Pool pool = Pool.open(options)) {
      assertThat(pool.statistics().spawnedWorkers()).isZero();
      runTogether(pool, 3);
      awaitReady(pool, 0);
      await().atMost(LONG).until(() -> finalized.get() == 3);
      PoolStatistics now = pool.statistics();
      assertThat(now.minWorkers()).isZero();
      assertThat(now.maxWorkers()).isEqualTo(3);
      runTogether(pool, 2);
    }
    assertThat(finalized).hasValue(5);
  }

  /** No task is lost or run twice, however often the number changes. */
  @Test
  void resize_storm_losesNothing() throws Exception {
    AtomicInteger runs = new AtomicInteger();
    Random random = new Random(7);
    try (Pool pool = Pool.open(options().workers(2).build())) {
      List<AsyncResult<?>> results = new ArrayList<>();
      for (int i = 0; i < 2_000; i++) {
        results.add(pool.submit((RunnableTask) runs::incrementAndGet));
        int min = random.nextInt(4);
        pool.resize(min, Math.max(1, min) + random.nextInt(3));
      }
      for (AsyncResult<?> result : results) {
        result.get(LONG.toSeconds(), TimeUnit.SECONDS);
      }
      assertThat(runs).hasValue(2_000);
      pool.resize(4);
      runTogether(pool, 4);
      pool.resize(1);
      awaitReady(pool, 1);
    }
  }

  @Test
  void finalizer_throws_isToldAndPoolCloses() {
    List<String> told = new CopyOnWriteArrayList<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void workerFinalizerFailed(WorkerEvent worker, String reason) {
        told.add(reason);
      }
    };
    RunnableTask finalizer = () -> {
      throw new IllegalStateException("cannot say goodbye");
    };
    try (Pool pool =
        Pool.open(options().workers(1).finalizer(finalizer).listener(listener).build())) {
      awaitReady(pool, 1);
    }
    await().atMost(LONG).until(() -> told.size() == 1);
    assertThat(told.get(0)).contains("cannot say goodbye");
  }

  @Test
  void whatThreadsCannot_isRefused() {
    try (Pool pool = Pool.open(options().workers(1).build())) {
      assertThatThrownBy(pool::refresh)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("\"threads\"");
      assertThatThrownBy(() -> pool.resize(3, 2)).isInstanceOf(IllegalArgumentException.class);
    }
    try (Pool inline =
        Pool.open(PoolOptions.builder().backend(PoolOptions.INLINE).build())) {
      assertThatThrownBy(() -> inline.resize(2))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("\"inline\"");
    }
    assertThatThrownBy(() -> Pool.open(PoolOptions.builder()
            .backend(PoolOptions.INLINE)
            .workers(1, 2)
            .idleTimeout(Duration.ofSeconds(1))
            .finalizer(() -> {})
            .build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("workers(min, max)", "idleTimeout", "finalizer");
  }
}
