// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.RecyclePolicy;
import io.procpool.RunnableTask;
import io.procpool.Task;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The spares of a pool are workers that are ready but for work; what becomes of them costs no task. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class PoolSparesTest {
  private static final Task<Long> PID = Faults::pid;

  @TempDir
  Path directory;

  private Faults.Journal initialized;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** Its initializer notes which processes are workers or spares: another child of this JVM may be one that makes a class archive. */
  private PoolOptions.Builder options() throws Exception {
    Faults.Journal noted = Faults.Journal.in(directory);
    initialized = noted;
    return Faults.options("spares").workers(1).spares(1).initializer(() -> noted.add(Faults.pid()));
  }

  /** Waits for a spare whose process is alive: the pool may not have noticed a death yet. */
  private void awaitSpare(Pool pool) {
    Faults.awaitLong("a spare")
        .until(() -> pool.statistics().readySpares() == 1
            && alive().size() > pool.options().workers());
  }

  /** Returns the processes of the pool that are alive. */
  private List<Long> alive() throws Exception {
    return initialized.lines().stream()
        .map(Long::valueOf)
        .filter(Faults::isAlive)
        .toList();
  }

  /** Returns the process that is a spare. */
  private long spareBeside(long worker) throws Exception {
    List<Long> spares = alive().stream().filter(pid -> pid != worker).toList();
    assertThat(spares).hasSize(1);
    return spares.get(0);
  }

  private static void awaitGone(long pid) {
    Faults.awaitLong("its end").until(() -> !Faults.isAlive(pid));
  }

  /** A worker that is killed is replaced by the process that was there before, initializer included; that one's place is filled again. */
  @Test
  void workerKilled_spareTakesOver() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      long pid = pool.apply(PID);
      awaitSpare(pool);
      long spare = spareBeside(pid);
      assertThat(initialized.lines()).containsExactly("" + pid, "" + spare);
      AsyncResult<Long> killed = pool.submit(() -> {
        Faults.signal("KILL", Faults.pid());
        return 0L;
      });
      AsyncResult<Long> next = pool.submit(PID);
      assertThat(Faults.failureOf(killed)).isInstanceOf(WorkerCrashedException.class);
      assertThat(valueOf(next)).isEqualTo(spare);
      awaitSpare(pool);
      PoolStatistics now = pool.statistics();
      assertThat(now.spawnedWorkers()).isEqualTo(2);
      assertThat(now.crashedWorkers()).isEqualTo(1);
    }
  }

  /** The spare takes the place of a worker that is killed before the process of that one is gone; its end is told before what follows from it. */
  @Test
  void workerKilledByItsTimeout_spareTakesOverAtOnce() throws Exception {
    List<String> told = new CopyOnWriteArrayList<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void workerStarted(WorkerEvent worker) {
        told.add("started " + worker.worker());
      }

      @Override
      public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
        told.add("crashed " + worker.worker());
      }

      @Override
      public void workerReplaced(WorkerEvent old, WorkerEvent replacement) {
        told.add("replaced " + old.worker() + " by " + replacement.worker());
      }
    };
    try (Pool pool = Pool.open(options().listener(listener).build())) {
      pool.apply(PID);
      awaitSpare(pool);
      AsyncResult<Long> late = pool.with(TaskOptions.defaults().timeout(Faults.SHORT))
          .submit(() -> {
            while (true) {
              Thread.onSpinWait();
            }
          });
      AsyncResult<Long> next = pool.submit(PID);
      assertThat(Faults.failureOf(late)).isInstanceOf(TaskTimeoutException.class);
      assertThat(valueOf(next)).isPositive();
      Faults.awaitLong("the events").until(() -> told.size() == 4);
      assertThat(told)
          .containsExactly(
              "started worker-1",
              "started worker-2",
              "crashed worker-1",
              "replaced worker-1 by worker-2");
      awaitSpare(pool);
    }
  }

  /** A worker that says that its memory is used up, and then does as it is told: listeners hear who took its place nevertheless. */
  @Test
  void workerOutOfMemoryGoesOn_spareTakesOver_isToldWhenItStops() throws Exception {
    FakeJava java = FakeJava.in(directory);
    java.fakeFirst("out-of-memory-and-goes-on");
    List<String> told = new CopyOnWriteArrayList<>();
    PoolListener listener = new PoolListener() {
      @Override
      public void workerReplaced(WorkerEvent old, WorkerEvent replacement) {
        told.add(old.worker() + " by " + replacement.worker());
      }
    };
    PoolOptions options = Faults.options("spares")
        .workers(1)
        .spares(1)
        .javaExecutable(java.path())
        .gracePeriod(LONG)
        .listener(listener)
        .build();
    try (Pool pool = Pool.open(options)) {
      Faults.awaitLong("a spare").until(() -> pool.statistics().readySpares() == 1);
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
    }
    Faults.awaitLong("the events").until(() -> !told.isEmpty());
    assertThat(told).containsExactly("worker-1 by worker-2");
  }

  /** A spare that dies is replaced, and nobody is told of a crash; nor of one that dies just when it is needed, but for what ran. */
  @Test
  void spareKilled_isReplaced() throws Exception {
    AtomicInteger crashes = new AtomicInteger();
    PoolListener listener = new PoolListener() {
      @Override
      public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
        crashes.incrementAndGet();
      }
    };
    try (Pool pool = Pool.open(options().listener(listener).build())) {
      long pid = pool.apply(PID);
      for (int i = 0; i < 2; i++) {
        awaitSpare(pool);
        long spare = spareBeside(pid);
        Faults.signal("KILL", spare);
        awaitGone(spare);
      }
      awaitSpare(pool);
      assertThat(valueOf(pool.submit(PID))).isEqualTo(pid);
      assertThat(pool.statistics().crashedWorkers()).isZero();
      Faults.signal("KILL", spareBeside(pid));
      Faults.signal("KILL", pid);
      Faults.awaitLong("a worker").until(() -> valueOfNext(pool) > 0);
    }
    assertThat(crashes.get()).isBetween(1, 2);
  }

  private static long valueOfNext(Pool pool) throws InterruptedException {
    try {
      return pool.apply(PID);
    } catch (WorkerCrashedException killed) {
      return 0;
    }
  }

  /** The initializer of spares fails from some time on: the worker goes on, and spares are tried again. */
  @Test
  void initializerFailsInSpares_poolGoesOn() throws Exception {
    Path broken = directory.resolve("broken");
    String file = broken.toString();
    PoolOptions.Builder builder = options();
    Faults.Journal tried = initialized;
    PoolOptions options = builder
        .initializer(() -> {
          tried.add(Faults.pid());
          if (Files.exists(Path.of(file))) {
            throw new IllegalStateException("broken");
          }
        })
        .build();
    try (Pool pool = Pool.open(options)) {
      awaitSpare(pool);
      long pid = pool.apply(PID);
      Files.createFile(broken);
      Faults.signal("KILL", spareBeside(pid));
      tried.awaitLines(4);
      assertThat(valueOf(pool.submit(PID))).isEqualTo(pid);
      Files.delete(broken);
      awaitSpare(pool);
      assertThat(pool.statistics().crashedWorkers()).isZero();
    }
  }

  /** Workers that are recycled are followed by spares, one after the other; the finalizer runs in all, in spares that were never used, too. */
  @Test
  void workersRecycled_sparesFollow() throws Exception {
    Faults.Journal finalized = Faults.Journal.in(directory);
    List<Long> pids = new ArrayList<>();
    List<Long> expected = new ArrayList<>();
    long last;
    PoolOptions options = options()
        .recycling(RecyclePolicy.never().maxTasks(1))
        .gracePeriod(LONG)
        .finalizer(() -> finalized.add(Faults.pid()))
        .build();
    try (Pool pool = Pool.open(options)) {
      pids.add(pool.apply(PID));
      for (int i = 0; i < 3; i++) {
        awaitSpare(pool);
        Faults.awaitLong("a worker").until(() -> pool.statistics().workersReady() == 1);
        pids.add(pool.apply(PID));
      }
      awaitSpare(pool);
      Faults.awaitLong("the last").until(() -> pool.statistics().recycledWorkers() == 4);
      assertThat(alive()).hasSize(2);
      expected.addAll(alive());
    }
    expected.addAll(pids);
    assertThat(finalized.lines())
        .containsExactlyInAnyOrderElementsOf(
            expected.stream().map(String::valueOf).toList());
  }

  /** A worker that is worn, though it could go on, is followed by a spare that was spawned before. */
  @Test
  void workerTooOld_spareFollows() throws Exception {
    PoolOptions options =
        options().recycling(RecyclePolicy.never().maxAge(Duration.ofSeconds(3))).build();
    try (Pool pool = Pool.open(options)) {
      long pid = pool.apply(PID);
      awaitSpare(pool);
      long spare = spareBeside(pid);
      AtomicLong next = new AtomicLong(pid);
      Faults.awaitLong("another worker").until(() -> {
        next.set(pool.apply(PID));
        return next.get() != pid;
      });
      assertThat(next.get()).isEqualTo(spare);
      awaitGone(pid);
    }
  }

  /** After a refresh no process is there that was there before, be it a worker or a spare. */
  @Test
  void refresh_renewsSpares() throws Exception {
    try (Pool pool = Pool.open(options().build())) {
      long pid = pool.apply(PID);
      awaitSpare(pool);
      long spare = spareBeside(pid);
      pool.refresh().get();
      awaitGone(pid);
      awaitGone(spare);
      awaitSpare(pool);
      assertThat(pool.apply(PID)).isNotIn(pid, spare);
    }
  }

  /** A pool that is terminated, or closed, while its spares start leaves none. */
  @Test
  void poolEnds_whileSparesStart_noneIsLeft() throws Exception {
    for (boolean terminated : new boolean[] {true, false}) {
      Pool pool = Pool.open(options().spares(3).build());
      AsyncResult<?> running = pool.submit((RunnableTask) () -> {});
      valueOf(running);
      if (terminated) {
        pool.terminate();
      }
      pool.close();
      Faults.assertNothingLeft();
    }
  }

  /** One that was stopped when it is needed does not keep the task. */
  @Test
  void spareStopped_taskGoesElsewhere() throws Exception {
    try (Pool pool = Pool.open(options().workers(2).build())) {
      Faults.awaitFull(pool);
      awaitSpare(pool);
      long victim = pool.apply(PID);
      long spare = alive().get(2); // it was the last to be ready
      Faults.signal("STOP", spare);
      Faults.signal("KILL", victim);
      awaitGone(victim);
      List<AsyncResult<Long>> results = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        results.add(pool.submit(PID));
      }
      for (AsyncResult<Long> result : results) {
        assertThat(valueOf(result)).isNotIn(victim, spare);
      }
      Faults.signal("CONT", spare);
    } catch (ExecutionException e) {
      throw new AssertionError(e);
    }
  }
}
