// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Pool;
import io.procpool.RecyclePolicy;
import io.procpool.Shared;
import io.procpool.TaskOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerGoneException;
import io.procpool.WorkerLocal;
import io.procpool.WorkerOutcome;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Workers die, stop, or are retired while a key, a broadcast or a shared value is theirs. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SchedulingFaultTest {
  private static final TaskOptions PLAIN = TaskOptions.defaults();

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static Pool open(String name, int workers) {
    return Pool.open(Faults.options(name).workers(workers).build());
  }

  /** Only what runs is lost; the rest of the key goes to another worker, in order. */
  @Test
  void key_workerKilled_restRunsElsewhereInOrder() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Faults.Journal journal = Faults.Journal.in(directory);
    try (Pool pool = open("key", 2)) {
      Pool keyed = pool.with(PLAIN.key("a"));
      AsyncResult<?> running = keyed.submit(gate::pass);
      List<AsyncResult<?>> rest = new ArrayList<>();
      for (int i = 0; i < 60; i++) { // more than wait inside a worker
        int number = i;
        rest.add(keyed.submit(() -> journal.add(number + " " + Faults.pid())));
      }
      long pid = gate.entered().awaitPid();
      Faults.signal("KILL", pid);
      assertThat(failureOf(running)).isInstanceOf(WorkerCrashedException.class);
      for (AsyncResult<?> result : rest) {
        valueOf(result);
      }
      List<String> lines = journal.lines();
      String next = lines.get(0).split(" ")[1];
      assertThat(next).isNotEqualTo(Long.toString(pid));
      assertThat(lines)
          .isEqualTo(IntStream.range(0, 60).mapToObj(i -> i + " " + next).toList());
      Faults.assertBalanced(pool, 61);
      Faults.awaitFull(pool);
    }
  }

  /** The only worker dies: its key goes to the one that comes in its place. */
  @Test
  void key_onlyWorkerKilled_restRunsInItsSuccessor() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Faults.Journal journal = Faults.Journal.in(directory);
    try (Pool pool = open("only", 1)) {
      AsyncResult<?> running = pool.with(PLAIN.key("a")).submit(gate::pass);
      long pid = gate.entered().awaitPid();
      List<AsyncResult<?>> rest = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        int number = i;
        rest.add(pool.with(PLAIN.key("a")).submit(() -> journal.add(number)));
        rest.add(pool.submit(() -> 1));
      }
      Faults.signal("KILL", pid);
      assertThat(failureOf(running)).isInstanceOf(WorkerCrashedException.class);
      for (AsyncResult<?> result : rest) {
        valueOf(result);
      }
      assertThat(journal.lines())
          .isEqualTo(IntStream.range(0, 40).mapToObj(String::valueOf).toList());
    }
  }

  /** A worker that somebody has stopped loses its keys, as far as it does not run any of them. */
  @Test
  void key_idleWorkerStopped_runsElsewhere() throws Exception {
    try (Pool pool = open("stopped", 2)) {
      Pool keyed = pool.with(PLAIN.key("a"));
      long pid = valueOf(keyed.submit(Faults::pid));
      assertThat(valueOf(keyed.submit(Faults::pid))).isEqualTo(pid);
      Faults.signal("STOP", pid);
      try {
        Faults.awaitLong("stop").until(() -> Faults.isSuspended(pid));
        assertThat(valueOf(keyed.submit(Faults::pid))).isNotEqualTo(pid);
      } finally {
        Faults.signal("CONT", pid);
      }
      Faults.awaitFull(pool);
    }
  }

  /** Workers are retired after a few tasks: keys go on, never two tasks of a key at once. */
  @Test
  void key_workersRetired_oneAfterTheOtherInOrder() throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    try (Pool pool = Pool.open(Faults.options("retired")
        .workers(2)
        .recycling(RecyclePolicy.never().maxTasks(7))
        .build())) {
      List<AsyncResult<?>> results = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        int number = i;
        String key = "key" + i % 2;
        results.add(pool.with(PLAIN.key(key)).submit(() -> {
          journal.add(key + " begin " + number);
          journal.add(key + " end " + number);
        }));
      }
      for (AsyncResult<?> result : results) {
        valueOf(result);
      }
      for (int key = 0; key < 2; key++) {
        String name = "key" + key;
        List<String> expected = new ArrayList<>();
        for (int i = key; i < 40; i += 2) {
          expected.addAll(List.of(name + " begin " + i, name + " end " + i));
        }
        assertThat(journal.lines().stream().filter(line -> line.startsWith(name)))
            .containsExactlyElementsOf(expected);
      }
      assertThat(pool.statistics().retiredWorkers()).isPositive();
    }
  }

  /** One worker dies of the broadcast, one before it has begun it; the others are not concerned. */
  @Test
  void broadcast_workersKilled_haveTheirOutcomes() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    Faults.Journal journal = Faults.Journal.in(directory);
    try (Pool pool = open("broadcast", 3)) {
      Faults.awaitFull(pool);
      AsyncResult<?> running = pool.submit(gate::pass);
      long busy = gate.entered().awaitPid();
      AsyncResult<List<WorkerOutcome<Long>>> broadcast = pool.broadcastAsync(() -> {
        journal.add(Faults.pid());
        gate.pass();
        return Faults.pid();
      });
      long dying = journal.awaitPid();
      journal.awaitLines(2);
      Faults.signal("KILL", busy);
      assertThat(failureOf(running)).isInstanceOf(WorkerCrashedException.class);
      Faults.signal("KILL", dying);
      Faults.awaitLong("both deaths").until(() -> pool.statistics().crashedWorkers() == 2);
      gate.open();
      List<WorkerOutcome<Long>> outcomes = valueOf(broadcast);
      assertThat(outcomes).hasSize(3);
      assertThat(outcomes.stream().filter(WorkerOutcome::isSuccess)).hasSize(1);
      assertThat(outcomes.stream().map(WorkerOutcome::error))
          .satisfiesOnlyOnce(e -> assertThat(e).isInstanceOf(WorkerCrashedException.class))
          .satisfiesOnlyOnce(e -> assertThat(e)
              .isInstanceOfSatisfying(WorkerGoneException.class, gone -> {
                assertThat(gone.certainty()).isEqualTo(Certainty.NEVER_STARTED);
                assertThat(gone.poolUsable()).isTrue();
                assertThat(gone)
                    .hasMessageContainingAll(gone.worker(), Long.toString(busy), "never started");
              }));
      assertThat(journal.lines()).hasSize(2).doesNotContain(Long.toString(busy));
      Faults.assertBalanced(pool, 4);
      Faults.awaitFull(pool);
    }
  }

  /** A worker that is about to be retired still does its part. */
  @Test
  void broadcast_workerRetired_runsItBefore() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("parting")
        .workers(1)
        .recycling(RecyclePolicy.never().maxTasks(2))
        .build())) {
      AsyncResult<?> first = pool.submit(gate::pass);
      long pid = gate.entered().awaitPid();
      AsyncResult<Long> second = pool.submit(Faults::pid); // the last one of this worker
      Faults.awaitLong("both at the worker").until(() -> pool.statistics().activeTasks() == 2);
      AsyncResult<List<WorkerOutcome<Long>>> broadcast = pool.broadcastAsync(Faults::pid);
      gate.open();
      valueOf(first);
      assertThat(valueOf(second)).isEqualTo(pid);
      List<WorkerOutcome<Long>> outcomes = valueOf(broadcast);
      List<Long> ran = outcomes.stream().map(WorkerOutcome::value).toList();
      assertThat(ran)
          .contains(pid)
          .hasSizeBetween(1, 2)
          .doesNotHaveDuplicates(); // its successor lives already
      assertThat(valueOf(pool.submit(Faults::pid))).isNotEqualTo(pid);
    }
  }

  /** A worker that begins nothing more, because a task has hidden an OutOfMemoryError, holds up no broadcast. */
  @Test
  void broadcast_workerThatBeginsNoMore_isGone() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool =
        Pool.open(Faults.options("worn").workers(1).maxHeapBytes(64 << 20).build())) {
      AsyncResult<Integer> first = pool.submit(() -> {
        gate.pass();
        try {
          return new byte[256 << 20].length;
        } catch (OutOfMemoryError expected) {
          return 0;
        }
      });
      gate.entered().awaitPid();
      AsyncResult<List<WorkerOutcome<Long>>> broadcast = pool.broadcastAsync(Faults::pid);
      gate.open();
      assertThat(valueOf(first)).isZero();
      assertThat(valueOf(broadcast))
          .hasSize(1)
          .allSatisfy(
              outcome -> assertThat(outcome.error()).isInstanceOf(WorkerGoneException.class));
      assertThat(valueOf(pool.submit(Faults::pid))).isPositive();
    }
  }

  /** What is closed when workers end as planned is not when they are killed, and the next one makes its own. */
  @Test
  void workerLocal_workerKilled_nextOneMakesItsOwn() throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    WorkerLocal<AutoCloseable> local = WorkerLocal.of(() -> {
      journal.add("made " + Faults.pid());
      return () -> journal.add("closed " + Faults.pid());
    });
    long first;
    long second;
    try (Pool pool = open("local", 1)) {
      first = valueOf(pool.submit(() -> {
        local.get();
        return Faults.pid();
      }));
      Faults.signal("KILL", first);
      Faults.awaitLong("its end").until(() -> pool.statistics().crashedWorkers() == 1);
      second = valueOf(pool.submit(() -> {
        local.get();
        return Faults.pid();
      }));
    }
    assertThat(journal.lines())
        .containsExactly("made " + first, "made " + second, "closed " + second);
  }

  /** Knows in its process whether it is still there. */
  static final class Traced implements Serializable {
    private static final long serialVersionUID = 1;
    static volatile WeakReference<Traced> last = new WeakReference<>(null);

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      last = new WeakReference<>(this);
    }

    static boolean isGone() {
      System.gc();
      return last.get() == null;
    }
  }

  @Test
  void share_workerKilled_nextOneGetsIt() throws Exception {
    try (Pool pool = open("share", 1);
        Shared<List<Integer>> shared =
            pool.share(IntStream.range(0, 100_000).boxed().toList())) {
      for (int i = 0; i < 3; i++) {
        assertThat(valueOf(pool.submit(() -> shared.get().size()))).isEqualTo(100_000);
        Faults.signal("KILL", valueOf(pool.submit(Faults::pid)));
        long deaths = i + 1;
        Faults.awaitLong("its end").until(() -> pool.statistics().crashedWorkers() == deaths);
      }
    }
  }

  /** Workers keep a value as long as it is shared, and no longer. */
  @Test
  void share_closedOrUnreachable_workersDropIt() throws Exception {
    try (Pool pool = open("drop", 1)) {
      try (Shared<Traced> shared = pool.share(new Traced())) {
        pool.apply(() -> shared.get().hashCode());
        assertThat(pool.apply(Traced::isGone)).isFalse();
      }
      Faults.awaitLong("the closed one to be dropped").until(() -> pool.apply(Traced::isGone));
      use(pool);
      Faults.awaitLong("the unreachable one to be dropped").until(() -> {
        System.gc();
        return pool.apply(Traced::isGone);
      });
    }
  }

  private static void use(Pool pool) throws Exception {
    Shared<Traced> shared = pool.share(new Traced());
    pool.apply((Shared<Traced> passed) -> passed.get().hashCode(), shared);
    assertThat(pool.apply(Traced::isGone)).isFalse();
  }

  /** A handle that nobody has any more, but a task that waits, is still good for that. */
  @Test
  void share_unreachableWhileTaskWaits_taskGetsIt() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = open("waits", 1)) {
      AsyncResult<?> first = pool.submit(gate::pass);
      gate.entered().awaitLines(1);
      List<WeakReference<Shared<String>>> handles = new ArrayList<>();
      AsyncResult<String> waiting = submitWithShared(pool, handles);
      Faults.awaitLong("the handle to be collected").until(() -> {
        System.gc();
        return handles.get(0).get() == null;
      });
      gate.open();
      valueOf(first);
      assertThat(valueOf(waiting)).isEqualTo("value");
    }
  }

  private static AsyncResult<String> submitWithShared(
      Pool pool, List<WeakReference<Shared<String>>> handles) {
    Shared<String> shared = pool.share("value");
    handles.add(new WeakReference<>(shared));
    return pool.applyAsync(Shared::get, shared);
  }
}
