// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.UndecodableTaskException;
import io.procpool.WorkerCrashedException;
import io.procpool.ipc.memory.Session;
import io.procpool.shared.SharedByteArray;
import io.procpool.shared.SharedDoubleArray;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.shared.SharedLong;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Shared values and arrays between a master and its workers. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SharedMemoryTest {
  private static final int TASKS = 8;
  private static final int ROUNDS = 20_000;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  /** No addition of any process is lost, in values, in wide elements and in those that share a word. */
  @Test
  void getAndAdd_fromAllProcesses_losesNothing() throws Exception {
    try (Pool pool = Pool.open(Faults.options("shared").build());
        SharedLong value = SharedLong.create(0);
        SharedIntArray ints = SharedIntArray.create(3);
        SharedByteArray bytes = SharedByteArray.create(5);
        SharedDoubleArray doubles = SharedDoubleArray.create(100_000)) {
      List<AsyncResult<Long>> results = new ArrayList<>();
      for (int i = 0; i < TASKS; i++) {
        int task = i;
        results.add(pool.submit(() -> {
          for (int round = 0; round < ROUNDS; round++) {
            value.getAndAdd(1);
            ints.getAndAdd(round % 3, 1);
            bytes.getAndAdd(task % 5, (byte) 1);
            doubles.getAndAdd(99_999, 0.5);
          }
          return ProcessHandle.current().pid();
        }));
      }
      int rounds = 0;
      for (AsyncResult<Long> result : results) {
        assertThat(valueOf(result)).isNotEqualTo(Faults.pid());
        rounds += ROUNDS;
      }
      assertThat(value.get()).isEqualTo(rounds);
      assertThat(ints.stream().sum()).isEqualTo(rounds);
      assertThat(doubles.get(99_999)).isEqualTo(rounds / 2.0);
      int[] tasksAt = {2, 2, 2, 1, 1};
      for (int i = 0; i < tasksAt.length; i++) {
        assertThat(bytes.get(i)).isEqualTo((byte) (tasksAt[i] * ROUNDS));
      }
    }
  }

  /** Who sees what was stored last also sees what was stored before it. */
  @Test
  void get_valueSetLast_showsWhatWasWrittenBefore() throws Exception {
    int count = 200_000;
    try (Pool pool = Pool.open(Faults.options("order").workers(1).build());
        SharedIntArray data = SharedIntArray.create(count);
        SharedInt published = SharedInt.create(0)) {
      AsyncResult<?> writer = pool.submit(() -> {
        for (int i = 0; i < count; i++) {
          data.setPlain(i, i + 1);
          published.setRelease(i + 1);
        }
      });
      long deadline = System.nanoTime() + LONG.toNanos();
      int seen = 0;
      while (seen < count) {
        int now = published.getAcquire();
        if (now > seen) {
          assertThat(data.getPlain(now - 1)).isEqualTo(now);
          seen = now;
        }
        assertThat(System.nanoTime()).isLessThan(deadline);
      }
      valueOf(writer);
    }
  }

  /** A handle works however deep it lies in an argument or a result; copies of it are one and the same. */
  @Test
  void handle_nestedInArgumentAndResult_isTheSameMemory() throws Exception {
    try (Pool pool = Pool.open(Faults.options("nested").build());
        SharedLong value = SharedLong.create(1)) {
      Map<String, List<SharedLong>> argument = new HashMap<>();
      argument.put("values", new ArrayList<>(List.of(value, value)));
      Map<String, List<SharedLong>> result = pool.apply(
          map -> {
            map.get("values").forEach(each -> each.getAndAdd(10));
            return map;
          },
          argument);
      assertThat(value.get()).isEqualTo(21);
      assertThat(result.get("values")).containsExactly(value, value);
    }
  }

  /** What a worker has made stays when the worker is gone, however it went. */
  @Test
  void handle_makerKilled_staysUsable() throws Exception {
    try (Pool pool = Pool.open(Faults.options("maker").workers(1).build())) {
      SharedIntArray small = pool.apply(() -> SharedIntArray.of(1, 2, 3));
      SharedDoubleArray large = pool.apply(() -> SharedDoubleArray.create(10_000));
      assertThat(failureOf(pool.submit(() -> Runtime.getRuntime().halt(1))))
          .isInstanceOf(WorkerCrashedException.class);
      large.set(9_999, 1.5);
      int sum = pool.apply(() -> small.stream().sum() + (int) (2 * large.get(9_999)));
      assertThat(sum).isEqualTo(9);
      small.close();
      large.close();
    }
  }

  @Test
  void handle_closedByItsMakerOnTheWay_failsTheTaskOnly() throws Exception {
    try (Pool pool = Pool.open(Faults.options("closed").workers(1).build());
        SharedInt open = SharedInt.create(5)) {
      Faults.Gate gate = Faults.Gate.in(directory);
      AsyncResult<?> first = pool.submit(() -> gate.pass());
      SharedInt value = SharedInt.create(1);
      AsyncResult<Integer> late = pool.submit(() -> value.get());
      value.close();
      gate.open();
      valueOf(first);
      assertThat(failureOf(late))
          .isInstanceOf(UndecodableTaskException.class)
          .hasMessageContaining(
              "the SharedInt of 4 bytes is gone: it was closed by the process that made it");
      assertThat(pool.apply(() -> open.get())).isEqualTo(5);
    }
  }

  /** Memory of closed arrays is used again, also if workers that held it were killed; no process takes it from another. */
  @Test
  void close_holdersKilled_memoryIsUsedAgain() throws Exception {
    File session = new File(Session.current().path());
    try (Pool pool = Pool.open(Faults.options("reuse").workers(1).build());
        SharedByteArray kept = SharedByteArray.create(4000)) {
      kept.fill((byte) 7);
      for (int round = 0; round < 10; round++) {
        List<SharedByteArray> arrays = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          SharedByteArray array = SharedByteArray.create(4000);
          assertThat(array.get(3999)).isZero();
          array.fill((byte) -1);
          arrays.add(array);
        }
        SharedByteArray large = SharedByteArray.create(100_000);
        arrays.add(large);
        AsyncResult<?> killed = pool.submit(() -> {
          arrays.forEach(array -> array.set(1, (byte) 2));
          Runtime.getRuntime().halt(1);
        });
        assertThat(failureOf(killed)).isInstanceOf(WorkerCrashedException.class);
        assertThat(large.get(1)).isEqualTo((byte) 2);
        arrays.forEach(SharedByteArray::close);
      }
      for (int i = 0; i < 4000; i++) {
        assertThat(kept.get(i)).isEqualTo((byte) 7);
      }
      String[] left = session.list((directory, name) -> name.startsWith("block-"));
      assertThat(left).isEmpty();
    }
  }

  /** Arrays that several processes make and close at random begin with zeros and are nobody else's; their files come and go. */
  @Test
  void createAndClose_fromAllProcesses_noneIsDirtyOrForeign() throws Exception {
    try (Pool pool = Pool.open(Faults.options("churn").workers(3).build())) {
      List<AsyncResult<Integer>> results = new ArrayList<>();
      int rounds = LongForm.choose(3000, 1000);
      for (int task = 1; task <= 3; task++) {
        int seed = task;
        results.add(pool.submit(() -> makeAndClose(seed, rounds)));
      }
      for (AsyncResult<Integer> result : results) {
        assertThat(valueOf(result)).isZero();
      }
    }
  }

  private static int makeAndClose(int value, int rounds) {
    Random random = new Random(value);
    List<SharedIntArray> arrays = new ArrayList<>();
    int wrong = 0;
    for (int round = 0; round < rounds; round++) {
      if (random.nextInt(100) == 0) {
        arrays.forEach(SharedIntArray::close);
        arrays.clear();
      }
      SharedIntArray made = SharedIntArray.create(1 + random.nextInt(1900));
      wrong += made.stream().filter(element -> element != 0).count();
      made.fill(value);
      arrays.add(made);
      SharedIntArray some = arrays.get(random.nextInt(arrays.size()));
      wrong += some.stream().filter(element -> element != value).count();
    }
    arrays.forEach(SharedIntArray::close);
    return wrong;
  }
}
