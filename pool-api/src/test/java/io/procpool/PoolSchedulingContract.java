// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;

/** What runs when and where: priorities, submitters, keys; and what is there once in each worker: objects, broadcasts, shared values. */
public abstract class PoolSchedulingContract extends PoolContract {
  private static final TaskOptions PLAIN = TaskOptions.defaults();

  // Priorities.

  /** The order is that of a stable sort by priority, wherever the tasks were when the others came. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = "it refuses priorities")
  void priority_mixed_higherFirstEqualsInOrder(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<?> first = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    List<Integer> priorities = new ArrayList<>(Collections.nCopies(20, 0));
    Random random = new Random(1);
    for (int i = 0; i < 40; i++) {
      priorities.add(random.nextInt(5) - 2);
    }
    List<AsyncResult<?>> results = new ArrayList<>();
    for (int i = 0; i < priorities.size(); i++) {
      int number = i;
      int priority = priorities.get(i);
      if (i == 20 && context.isProcesses()) {
        await()
            .atMost(Times.LONG)
            .until(() -> pool.statistics().activeTasks() > 10); // inside the worker
      }
      Pool ranked = priority == 0 ? pool : pool.with(PLAIN.priority(priority));
      results.add(ranked.submit(() -> journal.add(number)));
    }
    await()
        .atMost(Times.LONG)
        .until(() -> pool.statistics().pendingTasks() == priorities.size()); // none in the worker
    gate.open();
    valueOf(first);
    for (AsyncResult<?> result : results) {
      valueOf(result);
    }
    List<Integer> expected = new ArrayList<>(range(0, priorities.size()));
    expected.sort(Comparator.comparing(i -> -priorities.get(i)));
    assertThat(journal.lines()).isEqualTo(expected.stream().map(String::valueOf).toList());
  }

  /** A chunk of a map that runs is left for something with a higher priority as soon as its input has ended. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = "it refuses priorities")
  void priority_higherWhileChunkRuns_runsNext(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<List<Integer>> map = pool.mapAsync(
        n -> {
          if (n == 5) {
            gate.passUninterruptibly();
          }
          journal.add(n);
          return n;
        },
        range(0, 100),
        100);
    gate.awaitEntered(1);
    AsyncResult<?> high = pool.with(PLAIN.priority(1)).submit(() -> journal.add("high"));
    await().atMost(Times.LONG).until(() -> pool.statistics().pendingTasks() >= 95);
    gate.open();
    valueOf(high);
    assertThat(valueOf(map)).isEqualTo(range(0, 100));
    assertThat(journal.lines().subList(0, 8))
        .containsExactly("0", "1", "2", "3", "4", "5", "high", "6");
  }

  // Submitters.

  /** One with many tasks does not keep one with ten, who came later, waiting to the end; neither does it wait for him. */
  @PoolTest(
      workers = {1, 2},
      except = PoolOptions.INLINE,
      because = "it refuses submitters")
  void submitter_cameLate_takesTurns(Pool pool, PoolContext context) throws Exception {
    int count = 300 * context.workers();
    Gate gate = context.gate();
    Journal journal = context.journal();
    List<AsyncResult<?>> gated = new ArrayList<>();
    for (int i = 0; i < context.workers(); i++) {
      gated.add(pool.submit(gate::passUninterruptibly));
    }
    gate.awaitEntered(context.workers());
    AsyncResult<List<Integer>> many =
        pool.with(PLAIN.submitter("many")).mapAsync(n -> work(journal, "many"), range(0, count), 1);
    List<AsyncResult<?>> few = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      few.add(pool.with(PLAIN.submitter("few")).submit(() -> work(journal, "few")));
    }
    gate.open();
    for (AsyncResult<?> result : few) {
      valueOf(result);
    }
    assertThat(valueOf(many)).hasSize(count);
    List<String> lines = journal.lines();
    assertThat(lines).hasSize(count + 10);
    assertThat(lines.lastIndexOf("few")).isBetween(10, count * 3 / 4);
  }

  /** Takes about as long each time: turns are shares of time, and the first task of its kind is slow. */
  private static int work(Journal journal, String line) throws InterruptedException {
    Thread.sleep(2);
    journal.add(line);
    return 1;
  }

  // Keys.

  @PoolTest(workers = 3, except = PoolOptions.INLINE, because = "it refuses keys")
  void key_manyTasks_sameWorkerInOrder(Pool pool, PoolContext context) throws Exception {
    boolean process = context.isProcesses();
    Journal journal = context.journal();
    List<AsyncResult<?>> results = new ArrayList<>();
    for (int i = 0; i < 300; i++) {
      int number = i;
      String key = "key" + i % 10;
      results.add(pool.with(PLAIN.key(key))
          .submit(() -> journal.add(
              key + "/" + number + "/" + ContractTasks.worker(process).replace("/", " "))));
      if (i % 3 == 0) {
        results.add(pool.submit(() -> 1));
      }
    }
    AsyncResult<List<Integer>> map = pool.with(PLAIN.key("key0"))
        .mapAsync(
            n -> {
              journal.add("key0/" + n + "/" + ContractTasks.worker(process));
              return n;
            },
            range(1000, 1100));
    for (AsyncResult<?> result : results) {
      valueOf(result);
    }
    valueOf(map);
    Map<String, String> workers = new HashMap<>();
    Map<String, Integer> last = new HashMap<>();
    for (String line : journal.lines()) {
      String[] parts = line.split("/");
      assertThat(workers.computeIfAbsent(parts[0], key -> parts[2])).as(line).isEqualTo(parts[2]);
      int number = Integer.parseInt(parts[1]);
      assertThat(last.getOrDefault(parts[0], -1)).as(line).isLessThan(number);
      last.put(parts[0], number);
    }
    assertThat(journal.lines()).hasSize(400);
    assertThat(new HashSet<>(workers.values())).hasSize(3);
  }

  /** What waits for a busy worker keeps nothing else waiting, and an idle worker does not take it away. */
  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = "it refuses keys")
  void key_workerBusy_othersGoOn(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    Pool keyed = pool.with(PLAIN.key("a"));
    AsyncResult<?> running = keyed.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    List<AsyncResult<?>> waiting = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      waiting.add(keyed.submit(() -> journal.add("keyed")));
    }
    for (int i = 0; i < 50; i++) {
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
    assertThat(pool.map(ContractTasks::square, range(0, 100))).isEqualTo(squares(0, 100));
    assertThat(journal.lines()).isEmpty();
    gate.open();
    valueOf(running);
    for (AsyncResult<?> result : waiting) {
      valueOf(result);
    }
    assertThat(journal.lines()).hasSize(30);
  }

  @PoolTest(
      except = {PoolOptions.PROCESSES, PoolOptions.THREADS},
      because = "it honours them")
  void options_inline_refusesWhatNeedsAnOrder(Pool pool, PoolContext context) {
    assertAllRefused(pool.with(PLAIN.priority(1)), IllegalArgumentException.class, "priority");
    assertAllRefused(pool.with(PLAIN.submitter("a")), IllegalArgumentException.class, "submitter");
    assertAllRefused(pool.with(PLAIN.key("a")), IllegalArgumentException.class, "key");
    assertThatThrownBy(() -> context.open(
            context.options().taskDefaults(PLAIN.priority(1).submitter("a").key("b"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("priority", "submitter", "key", "inline");
  }

  // Objects of workers.

  /** Says when it is made and closed. */
  static final class Told implements AutoCloseable {
    private final Journal journal;
    private final String name;
    final AtomicInteger uses = new AtomicInteger();

    Told(Journal journal, String name) {
      this.journal = journal;
      this.name = name;
      journal.add("made " + name);
    }

    @Override
    public void close() {
      journal.add("closed " + name);
    }
  }

  @PoolTest(workers = {1, 3})
  void workerLocal_manyTasks_oneForEachWorkerClosedAtTheEnd(Pool pool, PoolContext context)
      throws Exception {
    boolean process = !context.options().build().backend().equals(PoolOptions.THREADS);
    Journal journal = context.journal();
    WorkerLocal<Told> local =
        WorkerLocal.of(() -> new Told(journal, ContractTasks.worker(process)));
    WorkerLocal<Told> second = WorkerLocal.of(() -> {
      local.get();
      return new Told(journal, "second of " + ContractTasks.worker(process));
    });
    pool.map(n -> local.get().uses.incrementAndGet(), range(0, 200), 1);
    int uses = pool.broadcast(() -> local.get().uses.get()).stream()
        .mapToInt(WorkerOutcome::value)
        .sum();
    assertThat(uses).isEqualTo(200);
    pool.broadcast(() -> second.get().uses.get());
    int workers = context.isInline() ? 1 : context.workers();
    assertThat(journal.lines()).hasSize(2 * workers).doesNotHaveDuplicates();
    pool.close();
    List<String> lines = journal.lines();
    assertThat(lines).hasSize(4 * workers).doesNotHaveDuplicates();
    for (String line : lines.subList(0, 2 * workers)) {
      assertThat(lines).contains(line.replace("made", "closed"));
      if (line.startsWith("made second of ")) { // it was made last
        String name = line.substring("made second of ".length());
        assertThat(lines.indexOf("closed second of " + name))
            .isLessThan(lines.indexOf("closed " + name));
      }
    }
  }

  @PoolTest(workers = 1)
  void workerLocal_factoryFailsOrAsksForItself_isToldAndTriedAgain(Pool pool, PoolContext context)
      throws Exception {
    Journal tries = context.journal();
    WorkerLocal<String> local = WorkerLocal.of(() -> {
      tries.add("");
      if (tries.lines().size() < 3) {
        throw new IOException("no luck");
      }
      return "luck";
    });
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> pool.apply(local::get))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("no luck")
          .hasCauseInstanceOf(IOException.class);
    }
    assertThat(pool.apply(local::get)).isEqualTo("luck");
    assertThat(pool.apply(local::get)).isEqualTo("luck");
    assertThat(tries.lines()).hasSize(3);
    assertThatThrownBy(local::get)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("no worker");
  }

  // Broadcasts.

  @PoolTest(
      fresh = true,
      workers = {1, 4})
  void broadcast_idle_runsOnceOnEachWorker(Pool pool, PoolContext context) throws Exception {
    boolean process = !context.options().build().backend().equals(PoolOptions.THREADS);
    int workers = context.isInline() ? 1 : context.workers();
    for (int round = 0; round < 3; round++) {
      List<WorkerOutcome<String>> outcomes = pool.broadcast(() -> ContractTasks.worker(process));
      assertThat(outcomes)
          .hasSize(workers)
          .allSatisfy(o -> assertThat(o.isSuccess()).isTrue());
      assertThat(outcomes.stream().map(WorkerOutcome::worker)).doesNotHaveDuplicates();
      assertThat(outcomes.stream().map(WorkerOutcome::value)).doesNotHaveDuplicates();
    }
    await().atMost(Times.LONG).until(() -> pool.statistics().completedTasks() == 3L * workers);
  }

  /** Failures are outcomes, each with its worker; what was thrown is there. */
  @PoolTest(workers = 2)
  void broadcast_taskThrows_isTheOutcome(Pool pool) throws Exception {
    List<WorkerOutcome<Integer>> outcomes = pool.broadcast(() -> ContractTasks.failUnchecked(7));
    assertThat(outcomes).isNotEmpty().allSatisfy(outcome -> {
      assertThat(outcome.isSuccess()).isFalse();
      assertThat(outcome.error()).isInstanceOf(IllegalStateException.class).hasMessage("bad 7");
    });
  }

  @PoolTest(workers = 3, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void broadcast_busyWorker_waitsForItAlone(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    AsyncResult<List<WorkerOutcome<Integer>>> broadcast = pool.broadcastAsync(() -> {
      journal.add("");
      return 1;
    });
    await().atMost(Times.LONG).until(() -> journal.lines().size() == 2);
    for (int i = 0; i < 20; i++) {
      valueOf(pool.submit(() -> 1));
    }
    assertThat(broadcast.isDone()).isFalse();
    assertThat(journal.lines()).hasSize(2);
    gate.open();
    valueOf(running);
    assertThat(valueOf(broadcast)).hasSize(3);
    assertThat(journal.lines()).hasSize(3);
  }

  @PoolTest(fresh = true, workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void broadcast_cancelled_doesNotRunWhereItHasNotBegun(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    List<AsyncResult<?>> running = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      running.add(pool.submit(gate::passUninterruptibly));
    }
    gate.awaitEntered(2);
    AsyncResult<?> broadcast = pool.broadcastAsync(() -> {
      journal.add("");
      return 1;
    });
    assertThat(broadcast.cancel(true)).isTrue();
    gate.open();
    for (AsyncResult<?> result : running) {
      valueOf(result);
    }
    pool.close();
    assertThat(journal.lines()).isEmpty();
    assertThat(pool.statistics().cancelledTasks()).isEqualTo(2);
  }

  @PoolTest(workers = 2)
  void broadcast_badInput_isRefused(Pool pool) {
    assertThatThrownBy(() -> pool.broadcastAsync(null)).isInstanceOf(NullPointerException.class);
    if (!pool.options().backend().equals(PoolOptions.INLINE)) {
      assertThatThrownBy(() -> pool.with(PLAIN.key("a")).broadcast(() -> 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("key", "\"a\"", "every worker");
    }
    pool.close();
    assertThatThrownBy(() -> pool.broadcastAsync(() -> 1))
        .isInstanceOf(java.util.concurrent.RejectedExecutionException.class)
        .hasMessageContaining("closed");
  }

  // Shared values.

  /** Counts how often it was decoded in this process. */
  static final class Counted implements Serializable {
    private static final long serialVersionUID = 1;
    static final AtomicInteger DECODED = new AtomicInteger();

    final byte[] bytes;

    Counted(int size) {
      bytes = new byte[size];
      bytes[size - 1] = 7;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      DECODED.incrementAndGet();
    }
  }

  @PoolTest(workers = {1, 3})
  void share_manyTasks_decodedOnceInEachWorker(Pool pool, PoolContext context) throws Exception {
    Counted.DECODED.set(0);
    for (int size : new int[] {100, 5_000_000}) {
      Counted value = new Counted(size);
      try (Shared<Counted> shared = pool.share(value)) {
        assertThat(shared.get()).isSameAs(value);
        value.bytes[0] = 5; // too late for workers that copy
        List<Integer> seen =
            pool.map(n -> shared.get().bytes[size - 1] + shared.get().bytes[0], range(0, 300), 1);
        assertThat(seen).containsOnly(context.isProcesses() ? 7 : 12);
        assertThat(pool.apply((Shared<Counted> passed) -> passed.get().bytes.length, shared))
            .isEqualTo(size);
        assertThat(pool.apply(ContractTasks::same, shared)).isNotNull();
      }
    }
    List<WorkerOutcome<Integer>> decoded = pool.broadcast(() -> Counted.DECODED.get());
    assertThat(decoded)
        .allSatisfy(
            outcome -> assertThat(outcome.value()).isBetween(0, context.isProcesses() ? 2 : 0));
  }

  @PoolTest(workers = 1)
  void share_closed_isTold(Pool pool) throws Exception {
    Shared<String> shared = pool.share("value");
    assertThat(pool.apply(() -> shared.get())).isEqualTo("value");
    shared.close();
    shared.close();
    assertThatThrownBy(shared::get)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> pool.apply(() -> shared.get())).hasMessageContaining("closed");
    Shared<Object> nothing = pool.share(null);
    assertThat(pool.<Object>apply(() -> nothing.get())).isNull();
    nothing.close();
    pool.close();
    assertThatThrownBy(() -> pool.share(1))
        .isInstanceOf(java.util.concurrent.RejectedExecutionException.class);
  }

  @PoolTest(
      workers = 1,
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = "nothing is encoded")
  void share_notSerializable_namesThePath(Pool pool) {
    assertThatThrownBy(() -> pool.share(List.of(new Object())))
        .isInstanceOf(NotSerializableTaskException.class)
        .hasMessageContainingAll("a value to be shared", "java.lang.Object");
  }
}
