// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.WorkerCrashedException;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Threads of several processes do what comes to their minds with locks and the like of all kinds, in one variant while processes are
 * killed. Forbidden: two inside a lock, more permits than there are, half a change seen by a reader, a party ahead of its barrier, a
 * wait that does not end. {@link BrokenCopiesTest} shows that each would be seen. {@code -Dprocpool.test.seed} repeats the choices of
 * a run.
 */
@Timeout(value = 30, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SyncStressTest {
  private static final int WORKERS = 3;
  private static final int THREADS = 3;
  private static final int ALL = WORKERS * THREADS;
  private static final int PERMITS = 4;
  private static final int STEPS_BETWEEN = 20;
  private static final Checks.Patience PATIENCE = new Checks.Patience(Faults.LONG.toMillis());

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  @Test
  void allKinds_randomly_keepTheirPromises() throws Exception {
    run(LongForm.choose(1_000, 300));
  }

  @Test
  @Tag("stress")
  void allKinds_randomlyForLong_keepTheirPromises() throws Exception {
    for (int i = 0; i < 20; i++) {
      run(20_000);
    }
  }

  @Test
  void allKinds_workersKilled_keepTheirPromises() throws Exception {
    runWithKills(4, 300);
  }

  @Test
  @Tag("stress")
  void allKinds_workersKilledForLong_keepTheirPromises() throws Exception {
    for (int i = 0; i < 10; i++) {
      runWithKills(30, 200);
      runWithKills(30, 500);
    }
  }

  private static long seed() {
    return Long.getLong("procpool.test.seed", System.nanoTime());
  }

  private static void run(int steps) throws Exception {
    long seed = seed();
    ProcessLock lock = ProcessLock.create();
    ProcessReadWriteLock pair = ProcessReadWriteLock.create();
    List<Check> mixed = List.of(
        Checks.Exclusion.of(ProcessLock.create(), PATIENCE),
        Checks.Exclusion.of(ProcessLock.reentrant(), PATIENCE),
        Checks.ReadersAndWriters.of(ProcessReadWriteLock.create(), PATIENCE),
        Checks.Permits.of(ProcessSemaphore.create(PERMITS), PERMITS, PATIENCE),
        Checks.Permits.of(ProcessSemaphore.bounded(PERMITS), PERMITS, PATIENCE),
        Checks.Permits.of(ProcessSemaphore.recovering(PERMITS), PERMITS, PATIENCE),
        Checks.Exchange.of(lock, lock.newCondition(), 2, true, PATIENCE),
        Checks.Exchange.of(pair.writeLock(), pair.writeLock().newCondition(), 2, true, PATIENCE));
    List<ProcessCountDownLatch> latches = new ArrayList<>();
    for (int i = 0; i < steps / STEPS_BETWEEN; i++) {
      latches.add(ProcessCountDownLatch.create(ALL));
    }
    Check step = Checks.InStep.of(ProcessBarrier.create(ALL), ALL, PATIENCE);
    ProcessLock turns = ProcessLock.reentrant();
    List<ProcessCondition> conditions = new ArrayList<>();
    for (int i = 0; i < ALL; i++) {
      conditions.add(turns.newCondition());
    }
    List<Check> meetings = List.of(
        step,
        Checks.Turns.of(turns, conditions, ALL, PATIENCE),
        Checks.Turns.of(pair.writeLock(), List.of(pair.writeLock().newCondition()), ALL, PATIENCE),
        Checks.StartingGun.of(ProcessEvent.create(), ProcessEvent.create(), PATIENCE),
        Checks.CountDown.of(latches, ALL, PATIENCE));
    try (SharedInt stop = SharedInt.create(0);
        Pool pool = Pool.open(Faults.options("sync-stress").workers(WORKERS).build())) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      for (int worker = 0; worker < WORKERS; worker++) {
        results.add(pool.submit(new StressRun(
            mixed,
            meetings,
            steps,
            STEPS_BETWEEN,
            seed,
            stop,
            worker * THREADS,
            THREADS,
            PATIENCE)));
      }
      for (AsyncResult<Integer> result : results) {
        assertThat(valueOf(result, seed)).isEqualTo(steps * THREADS);
      }
      for (Check check : mixed) {
        check.finish();
      }
    }
    latches.forEach(ProcessCountDownLatch::close);
  }

  private static int valueOf(AsyncResult<Integer> result, long seed) throws Exception {
    try {
      return result.get(10, TimeUnit.MINUTES);
    } catch (ExecutionException e) {
      throw new AssertionError("seed " + seed + ": " + e.getCause(), e.getCause());
    }
  }

  /** The workers that are ready. */
  private static final class Living implements PoolListener {
    private final List<Long> pids = new CopyOnWriteArrayList<>();

    @Override
    public void workerStarted(WorkerEvent worker) {
      pids.add(worker.pid());
    }

    @Override
    public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
      pids.remove(worker.pid());
    }
  }

  private static void runWithKills(int kills, int mostMillis) throws Exception {
    long seed = seed();
    Random random = new Random(seed);
    ProcessLock lock = ProcessLock.create();
    ProcessCondition condition = lock.newCondition();
    ProcessLock write = ProcessReadWriteLock.create().writeLock();
    List<Checks.Exchange> exchanges = List.of(
        Checks.Exchange.of(lock, condition, 2, false, PATIENCE),
        Checks.Exchange.of(write, write.newCondition(), 2, false, PATIENCE));
    List<Check> mixed = new ArrayList<>(List.of(
        Checks.Exclusion.of(ProcessLock.create(), PATIENCE),
        Checks.Exclusion.of(ProcessLock.reentrant(), PATIENCE),
        Checks.ReadersAndWriters.of(ProcessReadWriteLock.create(), PATIENCE),
        Checks.Permits.of(ProcessSemaphore.recovering(PERMITS), PERMITS, PATIENCE),
        new Checks.BrokenMeetings(ProcessBarrier.create(3), 3, PATIENCE)));
    mixed.addAll(exchanges);
    Living living = new Living();
    try (SharedInt stop = SharedInt.create(0);
        Pool pool = Pool.open(
            Faults.options("sync-kills").workers(WORKERS).listener(living).build())) {
      try {
        List<AsyncResult<Integer>> results = new ArrayList<>();
        for (int worker = 0; worker < WORKERS; worker++) {
          results.add(pool.submit(walk(mixed, stop, worker, random.nextLong())));
        }
        for (int kill = 0; kill < kills; kill++) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1 + random.nextInt(mostMillis)));
          List<Long> pids = Faults.awaitLong("a worker")
              .until(() -> List.copyOf(living.pids), now -> !now.isEmpty());
          ProcessHandle.of(pids.get(random.nextInt(pids.size())))
              .ifPresent(ProcessHandle::destroyForcibly);
          replaceDead(pool, mixed, exchanges, stop, results, random, seed);
        }
        stop.set(1);
        Faults.awaitLong("all to end").until(() -> {
          replaceDead(pool, mixed, exchanges, stop, results, random, seed); // these end at once
          return results.stream().allMatch(result -> result.isDone() && result.successful());
        });
      } finally {
        stop.set(1); // a walk that nobody stops keeps the pool, and what has failed, waiting
      }
      for (Check check : mixed) {
        check.finish();
      }
    }
  }

  private static StressRun walk(List<Check> mixed, SharedInt stop, int worker, long seed) {
    return new StressRun(
        mixed, List.of(), 0, STEPS_BETWEEN, seed, stop, worker * THREADS, THREADS, PATIENCE);
  }

  private static void replaceDead(
      Pool pool,
      List<Check> mixed,
      List<Checks.Exchange> exchanges,
      SharedInt stop,
      List<AsyncResult<Integer>> results,
      Random random,
      long seed)
      throws Exception {
    for (int worker = 0; worker < WORKERS; worker++) {
      AsyncResult<Integer> result = results.get(worker);
      if (result.isDone() && !result.successful()) {
        Throwable failure = result.failure().orElseThrow();
        if (!(failure instanceof WorkerCrashedException)) {
          throw new AssertionError("seed " + seed + ": " + failure, failure);
        }
        exchanges.forEach(exchange -> exchange.replace(THREADS));
        results.set(worker, pool.submit(walk(mixed, stop, worker, random.nextLong())));
      }
    }
  }
}
