// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import io.procpool.WorkerCrashedException;
import io.procpool.shared.SharedLong;
import io.procpool.sync.ProcessLock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** What ends before its time: workers that are killed, tasks that run too long, workers whose master is gone. */
final class Deaths {
  private static final int IN_FLIGHT = 4;
  private static final long KILL_AFTER_NANOS = 100_000_000;
  private static final int SETTLE_MILLIS = 100; // after a spare has started
  private static final Duration TIMEOUT = Duration.ofMillis(200);

  private Deaths() {}

  /**
   * A worker of two is killed with four tasks in flight: from the kill until the caller has the exception, {@code p50} and
   * {@code max} in milliseconds, and {@code lost}, how many of the four tasks failed.
   */
  static Map<String, Double> death(Effort effort) throws Exception {
    int count = effort.choose(11, 1);
    Samples times = new Samples(count);
    Samples lost = new Samples(count);
    Path note = note();
    try (Pool pool = Pool.ofWorkers(2)) {
      for (int i = -1; i < count; i++) {
        AsyncResult<Integer> victim = pool.applyAsync(Tasks::noteAndSleep, note.toString());
        List<AsyncResult<Integer>> others = new ArrayList<>();
        for (int k = 1; k < IN_FLIGHT; k++) {
          others.add(pool.applyAsync(Tasks::sleep, 20));
        }
        long pid = Tasks.Note.await(note).pid();
        ProcessHandle worker = ProcessHandle.of(pid).orElseThrow();
        long start = System.nanoTime();
        worker.destroyForcibly();
        if (!(failureOf(victim) instanceof WorkerCrashedException)) {
          throw new AssertionError("the killed worker's task did not fail as it should");
        }
        double millis = (System.nanoTime() - start) / 1e6;
        int failed = 1;
        for (AsyncResult<Integer> other : others) {
          failed += failureOf(other) == null ? 0 : 1;
        }
        if (i >= 0) { // the first one loads classes
          times.add(millis);
          lost.add(failed);
        }
      }
    }
    return Map.of("p50", times.median(), "max", times.max(), "lost", lost.max());
  }

  /**
   * A worker is killed while it holds a lock that the caller has been waiting for: from the kill until the caller has the lock,
   * {@code p50} and {@code max} in milliseconds.
   */
  static Map<String, Double> lockOwner(Effort effort) throws Exception {
    int count = effort.choose(51, 1);
    Samples times = new Samples(count);
    try (Pool pool = Pool.ofWorkers(1);
        ProcessLock lock = ProcessLock.create();
        SharedLong owner = SharedLong.create(0)) {
      for (int i = -1; i < count; i++) {
        owner.set(0);
        AsyncResult<?> victim = pool.submit(() -> {
          lock.lock();
          owner.set(ProcessHandle.current().pid());
          Thread.sleep(Duration.ofMinutes(1).toMillis());
          return 0;
        });
        while (owner.get() == 0) {
          Thread.onSpinWait();
        }
        ProcessHandle worker = ProcessHandle.of(owner.get()).orElseThrow();
        AtomicLong start = new AtomicLong();
        Thread killer = new Thread(() -> {
          LockSupport.parkNanos(KILL_AFTER_NANOS); // the caller sleeps by then
          start.set(System.nanoTime());
          worker.destroyForcibly();
        });
        killer.start();
        lock.lock();
        double millis = (System.nanoTime() - start.get()) / 1e6;
        Checks.equal(lock.deadOwner().orElseThrow().pid().orElse(0), worker.pid());
        lock.unlock();
        killer.join();
        Checks.equal(failureOf(victim) instanceof WorkerCrashedException, true);
        if (i >= 0) { // the first one loads classes
          times.add(millis);
        }
      }
    }
    return Map.of("p50", times.median(), "max", times.max());
  }

  /** How much later than its timeout of 200 ms a task is known to have failed: {@code p50}, {@code max} in milliseconds. */
  static Map<String, Double> timeout(Effort effort) throws Exception {
    int count = effort.choose(11, 1);
    Samples late = new Samples(count);
    Path note = note();
    PoolOptions options = PoolOptions.builder()
        .workers(1)
        .taskDefaults(TaskOptions.defaults().timeout(TIMEOUT))
        .build();
    try (Pool pool = Pool.open(options)) {
      for (int i = -1; i < count; i++) {
        pool.apply(Tasks::noteAndSpin, note.toString(), 0); // the new worker loads classes
        Tasks.Note.await(note);
        AsyncResult<Integer> endless =
            pool.applyAsync(Tasks::noteAndSpin, note.toString(), Tasks.LONG_SECONDS);
        if (!(failureOf(endless) instanceof TaskTimeoutException)) {
          throw new AssertionError("the endless task did not fail as it should");
        }
        long end = System.nanoTime();
        long start = Tasks.Note.await(note).startNanos();
        if (i >= 0) {
          late.add((end - start - TIMEOUT.toNanos()) / 1e6);
        }
      }
    }
    return Map.of("p50", late.median(), "max", late.max());
  }

  /**
   * The only worker is killed, a spare is ready, and a task waits: from the moment the caller has the exception of the killed task until the next one begins, {@code p50} and {@code max} in
   * milliseconds; {@code whole}: the same from the kill, median.
   */
  static Map<String, Double> handOver(Effort effort) throws Exception {
    int count = effort.choose(21, 1);
    Samples times = new Samples(count);
    Samples whole = new Samples(count);
    Path note = note();
    PoolOptions options = PoolOptions.builder().workers(1).spares(1).build();
    try (Pool pool = Pool.open(options)) {
      for (int i = -1; i < count; i++) {
        AsyncResult<Integer> victim = pool.applyAsync(Tasks::noteAndSleep, note.toString());
        long pid = Tasks.Note.await(note).pid();
        while (pool.statistics().readySpares() == 0) {
          Thread.sleep(1);
        }
        AsyncResult<Long> next = pool.submit(() -> System.nanoTime());
        Thread.sleep(SETTLE_MILLIS);
        ProcessHandle worker = ProcessHandle.of(pid).orElseThrow();
        long kill = System.nanoTime();
        worker.destroyForcibly();
        if (!(failureOf(victim) instanceof WorkerCrashedException)) {
          throw new AssertionError("the killed worker's task did not fail as it should");
        }
        long known = System.nanoTime();
        long begun = next.get();
        if (i >= 0) { // the first one loads classes
          times.add((begun - known) / 1e6);
          whole.add((begun - kill) / 1e6);
        }
      }
    }
    return Map.of("p50", times.median(), "max", times.max(), "whole", whole.median());
  }

  /** A master with two busy workers, for others to kill: says {@code ready} and stays. */
  static Map<String, Double> busyMaster(Effort effort) throws Exception {
    Path[] notes = {note(), note()};
    Pool pool = Pool.ofWorkers(2);
    try {
      for (Path note : notes) {
        pool.applyAsync(Tasks::noteAndSpin, note.toString(), Tasks.LONG_SECONDS);
      }
      for (Path note : notes) {
        Tasks.Note.await(note);
      }
      if (effort == Effort.FULL) {
        System.out.println("ready");
        Thread.sleep(Duration.ofMinutes(1).toMillis());
      }
    } finally {
      pool.terminate();
    }
    return Map.of();
  }

  private static @Nullable Throwable failureOf(AsyncResult<?> result) throws InterruptedException {
    try {
      result.get();
      return null;
    } catch (ExecutionException failed) {
      return failed.getCause();
    }
  }

  private static Path note() throws IOException {
    Path file = Files.createTempFile("procpool-benchmark-", ".note");
    Files.delete(file);
    return file;
  }
}
