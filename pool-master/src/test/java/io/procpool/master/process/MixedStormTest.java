// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import io.procpool.TaskFunction;
import io.procpool.TaskOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.shared.SharedIntArray;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A mixed load of good tasks, crashes, hangs and OutOfMemoryErrors, drawn by a seed, while the pool is resized, refreshed and recycled: each task has exactly the outcome that was drawn. */
@Timeout(value = 10, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class MixedStormTest {
  private static final int TASKS =
      Integer.getInteger("procpool.test.mixedTasks", LongForm.choose(2_000, 100));
  private static final int WINDOW = 50;
  private static final Duration HANG_TIMEOUT = Duration.ofMillis(500);

  /** What a task is drawn to do, of a hundred. */
  private enum Fate {
    VALUE(84),
    THROW(5),
    EXIT(2),
    KILLED(3),
    HANG(3),
    OOM(3);

    private final int parts;

    Fate(int parts) {
      this.parts = parts;
    }

    static Fate draw(Random random) {
      int drawn = random.nextInt(100);
      for (Fate fate : values()) {
        drawn -= fate.parts;
        if (drawn < 0) {
          return fate;
        }
      }
      throw new AssertionError(drawn);
    }

    static Fate of(Throwable failure) {
      return switch (failure.getClass().getSimpleName()) {
        case "IllegalStateException" -> THROW;
        case "TaskTimeoutException" -> HANG;
        case "WorkerCrashedException" -> of((WorkerCrashedException) failure);
        default -> throw new AssertionError("an outcome that no task was drawn to have", failure);
      };
    }

    private static Fate of(WorkerCrashedException crash) {
      if (crash.reason().name().startsWith("OUT_OF_")) {
        return OOM;
      }
      return crash.report().exitValue() == 9 ? EXIT : KILLED;
    }

    private int meet(int n) throws Exception {
      switch (this) {
        case VALUE -> Thread.sleep(n % 4);
        case THROW -> throw new IllegalStateException("drawn");
        case EXIT -> System.exit(9);
        case KILLED -> {
          Faults.signal("KILL", Faults.pid());
          Thread.sleep(LONG.toMillis());
        }
        case HANG -> {
          while (n >= 0) {
            Thread.onSpinWait();
          }
        }
        case OOM -> {
          List<byte[]> hoard = new ArrayList<>();
          while (hoard.size() < n + 1_000_000) {
            hoard.add(new byte[4 << 20]);
          }
        }
      }
      return n;
    }
  }

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void storm_seeded_countsAreExact() throws Exception {
    Random random = new Random(20261122);
    PoolOptions options = Faults.options("mixed")
        .workers(1, 3)
        .idleTimeout(Duration.ofMillis(100))
        .maxHeapBytes(48 << 20)
        .recycling(RecyclePolicy.never().maxTasks(30).maxAge(Duration.ofSeconds(1)))
        .build();
    Map<Fate, Integer> drawn = new EnumMap<>(Fate.class);
    Map<Fate, Integer> met = new EnumMap<>(Fate.class);
    AtomicBoolean over = new AtomicBoolean();
    try (SharedIntArray begun = SharedIntArray.create(TASKS);
        Pool pool = Pool.open(options)) {
      TaskFunction<Integer, Integer> function = n -> n;
      Thread changes = new Thread(() -> change(pool, over), "mixed-changes");
      changes.start();
      List<Fate> fates = new ArrayList<>();
      List<AsyncResult<Integer>> results = new ArrayList<>();
      try {
        Pool hanging = pool.with(TaskOptions.defaults().timeout(HANG_TIMEOUT));
        for (int i = 0; i < TASKS; i++) {
          int n = i;
          Fate fate = Fate.draw(random);
          fates.add(fate);
          drawn.merge(fate, 1, Integer::sum);
          Pool way = fate == Fate.HANG ? hanging : pool;
          results.add(way.submit(() -> {
            begun.getAndAdd(n, 1);
            return function.apply(fate.meet(n));
          }));
          if (i >= WINDOW) {
            assertThat(results.get(i - WINDOW).await(LONG)).isTrue();
          }
        }
        for (int i = 0; i < TASKS; i++) {
          Fate outcome = outcome(results.get(i), i);
          assertThat(outcome).as("task %d", i).isEqualTo(fates.get(i));
          met.merge(outcome, 1, Integer::sum);
        }
      } finally {
        over.set(true);
      }
      changes.join();
      assertThat(met).isEqualTo(drawn);
      for (int i = 0; i < TASKS; i++) {
        assertThat(begun.get(i)).as("runs of task %d", i).isEqualTo(1);
      }
      Faults.assertBalanced(pool, TASKS);
      pool.resize(2);
      Faults.awaitFull(pool, 2);
    }
  }

  private static Fate outcome(AsyncResult<Integer> result, int n) throws Exception {
    try {
      assertThat(result.get(LONG.toMillis(), TimeUnit.MILLISECONDS)).isEqualTo(n);
      return Fate.VALUE;
    } catch (ExecutionException failed) {
      return Fate.of(failed.getCause());
    }
  }

  private static void change(Pool pool, AtomicBoolean over) {
    Random random = new Random(48);
    while (!over.get()) {
      switch (random.nextInt(3)) {
        case 0 -> pool.resize(random.nextInt(2), 1 + random.nextInt(3));
        case 1 -> pool.resize(1 + random.nextInt(3));
        default -> pool.refresh();
      }
      try {
        Thread.sleep(random.nextInt(200)); // the rate of changes, not a wait for anything
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}
