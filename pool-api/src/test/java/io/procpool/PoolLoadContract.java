// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Many tasks from many threads, with an exact account. */
public abstract class PoolLoadContract extends PoolContract {
  private static final String SEED = "procpool.test.seed";

  /** Each of 10 000 tasks from 8 threads is run once, and each result has its own value. */
  @PoolTest(
      fresh = true,
      workers = {1, 4})
  void submit_tenThousandTasksFromEightThreads_eachRunsOnce(Pool pool, PoolContext context)
      throws Exception {
    int threads = 8;
    int tasks = 10_000;
    Journal journal = context.journal();
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < tasks; i++) {
      results.add(null);
    }
    inThreads(context, threads, thread -> {
      for (int i = thread; i < tasks; i += threads) {
        results.set(
            i,
            pool.applyAsync(
                n -> {
                  journal.add(n);
                  return n + 1;
                },
                i));
      }
    });
    for (int i = 0; i < tasks; i++) {
      assertThat(valueOf(results.get(i))).isEqualTo(i + 1);
    }
    List<Integer> run = journal.lines().stream().map(Integer::valueOf).sorted().toList();
    assertThat(run).isEqualTo(range(0, tasks));
    pool.close();
    assertThat(pool.statistics().completedTasks()).isEqualTo(tasks);
  }

  /** A random mixture of all operations: each result is right, each task runs at most once, and the counts agree. */
  @PoolTest(
      fresh = true,
      workers = {1, 3})
  void anything_randomMixtureFromFourThreads_accountIsExact(Pool pool, PoolContext context)
      throws Exception {
    long seed = Long.getLong(SEED, 20261121L);
    Account account = new Account(context.journal());
    try {
      inThreads(context, 4, thread -> {
        Random random = new Random(seed + thread);
        for (int i = 0; i < 250; i++) {
          account.step(pool, random);
        }
      });
      pool.close();
      account.check(pool.statistics());
    } catch (Throwable e) {
      throw new AssertionError("seed " + seed + " (-D" + SEED + "): " + e.getMessage(), e);
    }
  }

  private interface Body {
    void run(int thread) throws Exception;
  }

  private static void inThreads(PoolContext context, int threads, Body body) throws Exception {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      int thread = i;
      all.add(context.thread(() -> {
        try {
          body.run(thread);
        } catch (Throwable e) {
          failure.compareAndSet(null, e);
        }
      }));
    }
    for (Thread thread : all) {
      thread.join(Times.LONG.toMillis());
      assertThat(thread.isAlive()).as("thread still submitting").isFalse();
    }
    if (failure.get() != null) {
      throw new AssertionError("in a submitting thread: " + failure.get(), failure.get());
    }
  }

  /** What was submitted, and how it must end. Safe for use by multiple threads. */
  private static final class Account {
    private final Journal journal;
    private final AtomicInteger nextId = new AtomicInteger();
    private final AtomicLong accepted = new AtomicLong();
    private final Map<Integer, AsyncResult<Integer>> single = new HashMap<>(); // guarded by this
    private final Map<Integer, AtomicInteger> callbacks = new HashMap<>(); // guarded by this
    private final List<AsyncResult<List<Integer>>> maps = new ArrayList<>(); // guarded by this

    Account(Journal journal) {
      this.journal = journal;
    }

    /** A task that notes its number, and fails if it is a multiple of seven. */
    private static int task(Journal journal, int id) {
      journal.add(id);
      return id % 7 == 0 ? ContractTasks.failUnchecked(id) : -id;
    }

    void step(Pool pool, Random random) throws Exception {
      Journal lines = journal;
      int id = nextId.incrementAndGet();
      switch (random.nextInt(8)) {
        case 0 -> keep(id, pool.submit(() -> task(lines, id)));
        case 1 -> keep(id, pool.applyAsync(n -> task(lines, n), id));
        case 2 -> {
          AtomicInteger calls = new AtomicInteger();
          synchronized (this) {
            callbacks.put(id, calls);
          }
          keep(
              id,
              pool.applyAsync(
                  (a, b) -> task(lines, a + b),
                  id,
                  0,
                  value -> calls.incrementAndGet(),
                  error -> calls.incrementAndGet()));
        }
        case 3 ->
          keep(
              id,
              pool.schedule(() -> task(lines, id), Duration.ofNanos(random.nextInt(3_000_000))));
        case 4 -> {
          AsyncResult<Integer> result = pool.submit(() -> task(lines, id));
          keep(id, result);
          result.cancel(random.nextBoolean());
        }
        case 5 -> {
          int size = random.nextInt(30);
          accepted.addAndGet(size);
          AsyncResult<List<Integer>> map = random.nextBoolean()
              ? pool.mapAsync(ContractTasks::square, range(0, size))
              : pool.mapAsync(ContractTasks::square, range(0, size), 1 + random.nextInt(10));
          synchronized (this) {
            maps.add(map);
          }
        }
        case 6 -> {
          int size = random.nextInt(30);
          accepted.addAndGet(size);
          List<Integer> values = listOf(
              random.nextBoolean()
                  ? pool.imap(ContractTasks::square, range(0, size))
                  : pool.imapUnordered(ContractTasks::square, range(0, size)));
          assertThat(values).containsExactlyInAnyOrderElementsOf(squares(0, size));
        }
        default -> {
          AsyncResult<Integer> old;
          synchronized (this) {
            old = single.get(1 + random.nextInt(id));
          }
          if (old != null && random.nextBoolean()) {
            old.cancel(random.nextBoolean());
          }
        }
      }
    }

    private synchronized void keep(int id, AsyncResult<Integer> result) {
      accepted.incrementAndGet();
      single.put(id, result);
    }

    synchronized void check(PoolStatistics end) throws Exception {
      Map<Integer, Integer> runs = new HashMap<>();
      journal.lines().forEach(line -> runs.merge(Integer.valueOf(line), 1, Integer::sum));
      assertThat(runs.values()).allMatch(count -> count == 1);
      for (Map.Entry<Integer, AsyncResult<Integer>> entry : single.entrySet()) {
        checkOne(entry.getKey(), entry.getValue(), runs);
      }
      for (AsyncResult<List<Integer>> map : maps) {
        assertThat(map.isDone()).isTrue();
        assertThat(map.get()).isEqualTo(squares(0, map.get().size()));
      }
      callbacks.forEach(
          (id, calls) -> assertThat(calls).as("callbacks of %d", id).hasValue(1));
      assertThat(end.completedTasks() + end.cancelledTasks() + end.lostTasks())
          .as("completed, cancelled and lost of %s", end)
          .isEqualTo(accepted.get());
      assertThat(end.lostTasks()).isZero();
    }

    private static void checkOne(int id, AsyncResult<Integer> result, Map<Integer, Integer> runs)
        throws Exception {
      assertThat(result.isDone()).as("task %d is done", id).isTrue();
      try {
        assertThat(result.get(0, TimeUnit.SECONDS)).isEqualTo(-id);
        assertThat(id % 7).isNotZero();
        assertThat(runs).containsKey(id);
      } catch (ExecutionException e) {
        assertThat(e.getCause()).hasMessage("bad " + id);
        assertThat(id % 7).isZero();
        assertThat(runs).containsKey(id);
      } catch (CancellationException e) {
        assertThat(result.isCancelled()).isTrue();
      }
    }
  }
}
