// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RecyclePolicy;
import io.procpool.TaskFunction;
import io.procpool.WorkerCrashedException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Resizes, recycling, refreshes, spares and finalizers all at once, while processes of the pool are killed from outside at random: I1 to I6 hold. */
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class LifeStormTest {
  private static final int TASKS =
      Integer.getInteger("procpool.test.stormTasks", LongForm.choose(1_000, 40));
  private static final int WINDOW = 40;
  private static final int KILL_EVERY_TASKS = 3;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** With and without kills: without, every single task has its value. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void storm_anything_eachTaskEndsOnceAndRunsAtMostOnce(boolean kills) throws Exception {
    Random random = new Random(20261122);
    Faults.Journal runs = Faults.Journal.in(directory);
    Faults.Journal ended = Faults.Journal.in(directory);
    PoolOptions options = Faults.options("storm")
        .workers(1, 3)
        .idleTimeout(Duration.ofMillis(60))
        .spares(1)
        .maxStartAttempts(1000)
        .gracePeriod(LONG)
        .maxHeapBytes(32 << 20)
        .recycling(
            RecyclePolicy.never().maxTasks(25).maxAge(Duration.ofMillis(250)).ageJitter(0.5))
        .finalizer(() -> ended.add(Faults.pid()))
        .build();
    TaskFunction<Integer, Integer> task = n -> {
      runs.add(n);
      Thread.sleep(n % 7 == 0 ? 10 : 1);
      return n;
    };
    int values = 0;
    int lost = 0;
    List<String> neverRun = new ArrayList<>();
    AtomicBoolean over = new AtomicBoolean();
    try (Pool pool = Pool.open(options)) {
      Thread changes = new Thread(() -> change(pool, over, kills), "storm-changes");
      changes.start();
      try {
        List<AsyncResult<Integer>> results = new ArrayList<>();
        for (int i = 0; i < TASKS; i++) {
          results.add(pool.applyAsync(task, i));
          if (i >= WINDOW && random.nextInt(3) > 0) {
            results.get(i - WINDOW).await(LONG);
          }
        }
        for (int i = 0; i < TASKS; i++) {
          try {
            assertThat(results.get(i).get(LONG.toMillis(), TimeUnit.MILLISECONDS))
                .isEqualTo(i);
            values++;
          } catch (ExecutionException failed) {
            assertThat(failed).hasCauseInstanceOf(WorkerCrashedException.class);
            if (((WorkerCrashedException) failed.getCause()).certainty()
                == Certainty.NEVER_STARTED) {
              neverRun.add(Integer.toString(i));
            }
            lost++;
          }
        }
      } finally {
        over.set(true);
      }
      changes.join();
      Faults.assertBalanced(pool, TASKS);
      pool.resize(2);
      Faults.awaitFull(pool, 2);
    }
    assertThat(values + lost).isEqualTo(TASKS);
    Map<String, Integer> counts = new HashMap<>();
    runs.lines().forEach(line -> counts.merge(line, 1, Integer::sum));
    assertThat(counts.values()).as("runs of a task").allMatch(count -> count == 1);
    assertThat(counts).doesNotContainKeys(neverRun.toArray(String[]::new));
    assertThat(counts).hasSizeGreaterThanOrEqualTo(values);
    assertThat(ended.lines()).as("workers that ended as planned").isNotEmpty();
    if (!kills) {
      assertThat(lost).isZero();
      assertThat(counts).hasSize(TASKS);
    }
  }

  /** Resizes and refreshes, and kills any process of the pool, be it a worker, one that starts or ends, or a spare. */
  private static void change(Pool pool, AtomicBoolean over, boolean kills) {
    Random random = new Random(47);
    long progress = 0;
    while (!over.get()) {
      switch (random.nextInt(kills ? 6 : 4)) {
        case 0 -> pool.resize(random.nextInt(2), 1 + random.nextInt(3));
        case 1 -> pool.resize(1 + random.nextInt(3));
        case 2 -> {
          for (int i = 0; i < 10; i++) {
            pool.resize(1 + random.nextInt(3));
          }
        }
        case 3 -> pool.refresh();
        default -> {
          // Not again before something has been done: a slow machine would start workers for
          // nothing but being killed.
          long done = pool.statistics().completedTasks();
          if (done < progress + KILL_EVERY_TASKS) {
            break;
          }
          progress = done;
          List<ProcessHandle> processes = ProcessHandle.current().children().toList();
          if (!processes.isEmpty()) {
            processes.get(random.nextInt(processes.size())).destroyForcibly();
          }
        }
      }
      try {
        Thread.sleep(random.nextInt(40)); // the rate of changes, not a wait for anything
      } catch (InterruptedException e) {
        return;
      }
    }
  }
}
