// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.procpool.PoolOptions.Overflow;
import io.procpool.PoolOptions.WorkerStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;

/** Options as a backend honours or refuses them: limits, initializer, listeners, names, timeouts; and the statistics. */
public abstract class PoolOptionsContract extends PoolContract {
  private static final String THREAD = "a thread cannot be killed";

  @PoolTest(workers = {1, 3})
  void options_areWhatWasAsked(PoolContext context) {
    PoolOptions asked = context.options().build();
    try (Pool pool = Pool.open(asked)) {
      assertThat(pool.options().name()).isEqualTo(asked.name());
      assertThat(pool.options().backend()).isEqualTo(asked.backend());
      assertThat(pool.options().workers()).isEqualTo(asked.workers());
      assertThat(pool.with(TaskOptions.defaults()).options()).isSameAs(pool.options());
      assertThat(pool.toString()).contains(asked.name(), asked.backend());
    }
  }

  @PoolTest
  void open_unknownBackend_listsKnownOnes(PoolContext context) {
    String known = context.options().build().backend();
    assertThatThrownBy(() -> Pool.open(PoolOptions.builder().backend("threds").build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll("\"threds\"", known);
  }

  @PoolTest(except = PoolOptions.PROCESSES, because = "it honours them")
  void open_optionsForProcesses_areRefusedAllAtOnce(PoolContext context) {
    PoolOptions options = context
        .options()
        .taskDefaults(TaskOptions.defaults().timeout(Duration.ofSeconds(1)))
        .recycling(RecyclePolicy.never().maxTasks(1))
        .spares(1)
        .memory(PoolOptions.Memory.UNBUDGETED)
        .maxHeapBytes(64 << 20)
        .jvmArgs(List.of("-Xss1m"))
        .environment(Map.of("A", "b"))
        .workingDirectory(Path.of("/"))
        .classPath(List.of(Path.of("a.jar")))
        .javaExecutable(Path.of("java"))
        .workerStdout(WorkerStream.DISCARD)
        .workerStderr(WorkerStream.FILE)
        .workerOutputFile(Path.of("workers.log"))
        .workerLogs(System.Logger.Level.INFO)
        .debugWorkers(true)
        .startTimeout(Duration.ofSeconds(1))
        .gracePeriod(Duration.ZERO)
        .maxPendingBytes(1)
        .prefetch(0)
        .build();
    assertThatThrownBy(() -> Pool.open(options))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(
            "\"" + options.backend() + "\"",
            "timeout",
            "recycling",
            "spares",
            "memory",
            "maxHeapBytes",
            "jvmArgs",
            "environment",
            "workingDirectory",
            "classPath",
            "javaExecutable",
            "workerStdout",
            "workerStderr",
            "workerOutputFile",
            "workerLogs",
            "debugWorkers",
            "startTimeout",
            "gracePeriod",
            "maxPendingBytes",
            "prefetch");
  }

  // Options of single tasks.

  /** A timeout that cannot be kept is refused by every method, in the caller, and takes no room in the pool. */
  @PoolTest(except = PoolOptions.PROCESSES, because = "it honours them")
  void with_timeoutNotSupported_isRefusedAtSubmission(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(1));
    Pool timed = pool.with(TaskOptions.defaults().timeout(Duration.ofSeconds(1)));
    assertAllRefused(timed, IllegalArgumentException.class, "timeout", "\"processes\"");
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
    assertThat(pool.with(TaskOptions.defaults().timeout(Duration.ZERO)).apply(() -> 2))
        .isEqualTo(2);
  }

  @PoolTest(
      workers = 1,
      except = {PoolOptions.THREADS, PoolOptions.INLINE},
      because = THREAD)
  void with_timeout_endsTaskAndPoolGoesOn(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    AsyncResult<?> result = pool.with(TaskOptions.defaults().name("slow").timeout(Times.SHORT))
        .submit(gate::passUninterruptibly);
    assertThat(failureOf(result)).isInstanceOfSatisfying(TaskTimeoutException.class, timeout -> {
      assertThat(timeout.timeout()).isEqualTo(Times.SHORT);
      assertThat(timeout.report().runTime()).isGreaterThanOrEqualTo(Times.SHORT);
      assertThat(timeout.taskId()).isEqualTo(result.taskId());
      assertThat(timeout.poolUsable()).isTrue();
      assertThat(timeout).hasMessageContaining("slow");
    });
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
  }

  @PoolTest
  void with_name_standsInEvents(PoolContext context) throws Exception {
    Recorder recorder = new Recorder();
    Pool pool = context.open(context.options().listener(recorder));
    pool.with(TaskOptions.defaults().name("render")).apply(() -> 1);
    pool.apply(() -> 1);
    pool.close();
    await().atMost(Times.LONG).until(() -> recorder.ofKind("finished").size() == 2);
    assertThat(recorder.ofKind("finished").get(0)).contains("render");
    assertThat(recorder.ofKind("finished").get(1)).contains("PoolOptionsContract");
  }

  // Limits.

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void maxPendingTasks_reject_refusesUntilThereIsRoom(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(3));
    Gate gate = context.gate();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    AsyncResult<Integer> queued = pool.submit(() -> 1);
    AsyncResult<Integer> cancelled = pool.submit(() -> 2);
    assertAllRefused(
        pool.with(TaskOptions.defaults()),
        List.of("imap", "imap, chunk", "imapUnordered", "imapUnordered, chunk"),
        "\"" + pool.options().name() + "\" is full",
        "are pending (maxPendingTasks=3); wait");
    assertThatThrownBy(() -> pool.mapAsync(ContractTasks::square, range(0, 10)))
        .isInstanceOf(RejectedExecutionException.class);
    cancelled.cancel(false);
    await().atMost(Times.LONG).ignoreExceptions().until(() -> {
      pool.schedule(() -> 3, Duration.ofDays(1)).cancel(false);
      return true;
    });
    gate.open();
    valueOf(running);
    assertThat(valueOf(queued)).isEqualTo(1);
    // A submission larger than the limit is accepted when it is alone.
    await()
        .atMost(Times.LONG)
        .ignoreExceptions()
        .until(() -> pool.map(ContractTasks::square, range(0, 10)).equals(squares(0, 10)));
    assertThat(valueOf(pool.submit(() -> 4))).isEqualTo(4);
  }

  private static void assertAllRefused(Pool pool, List<String> butNot, String... parts) {
    submissions(pool).forEach((name, submission) -> {
      if (!butNot.contains(name)) {
        assertThatThrownBy(submission::call)
            .as(name)
            .isInstanceOf(RejectedExecutionException.class)
            .hasMessageContainingAll(parts);
      }
    });
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void maxPendingTasks_block_waitsForRoom(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(2).overflow(Overflow.BLOCK));
    Gate gate = context.gate();
    pool.submit(gate::passUninterruptibly);
    pool.submit(() -> 1);
    AtomicReference<Object> value = new AtomicReference<>();
    Thread submitter = context.thread(() -> value.set(resultOrFailure(pool)));
    awaitBlocked(submitter);
    assertThat(value.get()).isNull();
    gate.open();
    submitter.join(Times.LONG.toMillis());
    assertThat(value.get()).isEqualTo(9);
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void maxPendingTasks_blockInterruptedOrClosed_rejects(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(1).overflow(Overflow.BLOCK));
    Gate gate = context.gate();
    pool.submit(gate::passUninterruptibly);
    AtomicReference<Object> interrupted = new AtomicReference<>();
    AtomicReference<Object> status = new AtomicReference<>();
    Thread first = context.thread(() -> {
      interrupted.set(resultOrFailure(pool));
      status.set(Thread.currentThread().isInterrupted());
    });
    awaitBlocked(first);
    first.interrupt();
    first.join(Times.LONG.toMillis());
    assertThat(interrupted.get())
        .isInstanceOfSatisfying(
            RejectedExecutionException.class,
            e -> assertThat(e)
                .hasMessageContainingAll("interrupted", pool.options().name()));
    assertThat(status.get()).isEqualTo(true);

    AtomicReference<Object> closed = new AtomicReference<>();
    Thread second = context.thread(() -> closed.set(resultOrFailure(pool)));
    awaitBlocked(second);
    pool.shutdown();
    second.join(Times.LONG.toMillis());
    assertThat(closed.get())
        .isInstanceOfSatisfying(
            RejectedExecutionException.class, e -> assertThat(e).hasMessageContaining("closed"));
  }

  /** The time is over, and nothing of the task is left: there is room for the next one as soon as the first has ended. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void overflowTimeout_noRoomInTime_rejects(PoolContext context) throws Exception {
    Pool pool = context.open(
        context.options().maxPendingTasks(1).overflow(Overflow.BLOCK).overflowTimeout(Times.SHORT));
    Gate gate = context.gate();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    assertThat(resultOrFailure(pool))
        .isInstanceOfSatisfying(
            RejectedExecutionException.class,
            e -> assertThat(e)
                .hasMessageContainingAll(
                    pool.options().name(), "no room within", "1 tasks", "maxPendingTasks=1"));
    gate.open();
    valueOf(running);
    assertThat(resultOrFailure(pool)).isEqualTo(9);
  }

  /** A large submission that waits is not passed by small ones for which there would be room; one that gives up lets them. */
  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void overflowBlock_largeOneWaits_isNotPassed(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(4).overflow(Overflow.BLOCK));
    Gate gate = context.gate();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    pool.submit(() -> 1);
    AtomicReference<Object> large = new AtomicReference<>();
    Thread first = context.thread(() -> {
      try {
        large.set(pool.map(ContractTasks::square, range(0, 4)));
      } catch (Exception | Error e) {
        large.set(e);
      }
    });
    awaitBlocked(first);
    AtomicReference<Object> small = new AtomicReference<>();
    Thread second = context.thread(() -> small.set(resultOrFailure(pool)));
    awaitBlocked(second);
    assertThat(pool.statistics().pendingTasks() + pool.statistics().activeTasks())
        .isEqualTo(2);
    first.interrupt();
    await()
        .atMost(Times.LONG)
        .until(() -> pool.statistics().pendingTasks() + pool.statistics().activeTasks() == 3);
    gate.open();
    valueOf(running);
    second.join(Times.LONG.toMillis());
    assertThat(small.get()).isEqualTo(9);
    first.join(Times.LONG.toMillis());
    assertThat(large.get()).isInstanceOf(RejectedExecutionException.class);
  }

  private static Object resultOrFailure(Pool pool) {
    try {
      return valueOf(pool.applyAsync(ContractTasks::square, 3));
    } catch (Throwable e) {
      return e;
    }
  }

  private static void awaitBlocked(Thread thread) {
    await().atMost(Times.LONG).until(() -> thread.getState() == Thread.State.WAITING);
  }

  @PoolTest(
      workers = {1, 3},
      except = PoolOptions.INLINE,
      because = "it refuses overflow=BLOCK")
  void maxPendingTasks_blockManyTasks_allComplete(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxPendingTasks(4).overflow(Overflow.BLOCK));
    List<AsyncResult<Integer>> results = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      results.add(pool.applyAsync(ContractTasks::square, i));
    }
    for (int i = 0; i < 1000; i++) {
      assertThat(valueOf(results.get(i))).isEqualTo(i * i);
    }
  }

  // Initializer.

  @PoolTest(workers = {1, 3})
  void initializer_runsOnceInEachWorkerBeforeItsFirstTask(PoolContext context) throws Exception {
    Journal journal = context.journal();
    boolean process = !context.options().build().backend().equals(PoolOptions.THREADS);
    Pool pool = context.open(
        context.options().initializer(() -> journal.add("init " + ContractTasks.worker(process))));
    pool.map(
        n -> {
          journal.add("task " + ContractTasks.worker(process));
          return n;
        },
        range(0, 100),
        1);
    pool.close();
    Set<String> ready = new HashSet<>();
    int tasks = 0;
    for (String line : journal.lines()) {
      String worker = line.substring(5);
      if (line.startsWith("init ")) {
        assertThat(ready.add(worker)).as("first initialization of %s", worker).isTrue();
      } else {
        assertThat(ready).contains(worker);
        tasks++;
      }
    }
    assertThat(tasks).isEqualTo(100);
    assertThat(ready.size()).isBetween(1, context.workers());
  }

  /** A failing initializer is tried a bounded number of times, the tasks are told why, and the pool recovers. */
  @PoolTest(workers = {1, 2})
  void initializer_throws_tasksFailUntilTheCauseGoesAway(PoolContext context) throws Exception {
    Journal tries = context.journal();
    Path cured = context.newPath();
    String curedPath = cured.toString();
    Pool pool = context.open(context.options().maxStartAttempts(3).initializer(() -> {
      tries.add("try");
      if (!Files.exists(Path.of(curedPath))) {
        throw new IllegalStateException("no database");
      }
    }));
    Journal ran = context.journal();
    for (int round = 0; round < 2; round++) {
      List<AsyncResult<?>> results = List.of(
          pool.submit(() -> ran.add("task")), pool.mapAsync(ContractTasks::square, range(0, 3)));
      for (AsyncResult<?> result : results) {
        assertThat(failureOf(result))
            .isInstanceOfSatisfying(WorkerStartException.class, failure -> {
              assertThat(failure.certainty())
                  .isEqualTo(InfrastructureException.Certainty.NEVER_STARTED);
              assertThat(failure.attempts()).isEqualTo(3);
              assertThat(failure.poolUsable()).isTrue();
              assertThat(failure)
                  .hasMessageContainingAll("no database", pool.options().name());
            });
      }
    }
    // Opening and each submission may begin a row of attempts; a row may have one more per further
    // worker.
    int bound = 5 * (3 + context.workers() - 1);
    await().during(Times.SHORT).atMost(Times.LONG).until(() -> tries.lines().size() <= bound);
    assertThat(ran.lines()).isEmpty();
    assertThat(pool.statistics().lostTasks()).isEqualTo(8);

    Files.writeString(cured, "");
    assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    assertThat(pool.map(ContractTasks::square, range(0, 10))).isEqualTo(squares(0, 10));
  }

  /** A pool whose workers cannot start can still be closed, with tasks waiting. */
  @PoolTest(workers = {1, 2})
  void initializer_throws_closeEnds(PoolContext context) throws Exception {
    Pool pool = context.open(context.options().maxStartAttempts(2).initializer(() -> {
      throw new IllegalStateException("no database");
    }));
    AsyncResult<Integer> result = pool.submit(() -> 1);
    pool.close();
    assertThat(result.isDone()).isTrue();
    assertThat(failureOf(result)).isInstanceOf(InfrastructureException.class);
  }

  // Listeners.

  private static final class Recorder implements PoolListener {
    final List<String> events = new CopyOnWriteArrayList<>();
    final Set<Thread> threads = java.util.concurrent.ConcurrentHashMap.newKeySet();

    private void add(String event) {
      threads.add(Thread.currentThread());
      events.add(event);
    }

    @Override
    public void workerStarted(WorkerEvent worker) {
      add("started " + worker.worker() + " of " + worker.pool());
    }

    @Override
    public void workerExited(WorkerEvent worker, int exitValue) {
      add("exited " + worker.worker() + " " + exitValue);
    }

    @Override
    public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
      add("crashed " + worker.worker());
    }

    @Override
    public void taskStarted(TaskEvent task) {
      add("running " + task.taskId() + " " + task.worker().worker());
    }

    @Override
    public void taskFinished(TaskEvent task, boolean success, Duration runTime) {
      assertThat(runTime.isNegative()).isFalse();
      add("finished " + task.taskId() + " " + task.worker().worker() + " " + success + " "
          + task.name());
    }

    List<String> ofKind(String kind) {
      return events.stream().filter(event -> event.startsWith(kind)).toList();
    }
  }

  @PoolTest(workers = {1, 2})
  void listener_tasksAndWorkers_eventsComeInOrder(PoolContext context) throws Exception {
    Recorder recorder = new Recorder();
    Recorder second = new Recorder();
    Pool pool = context.open(context.options().listener(recorder).listener(second));
    List<Long> ids = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      AsyncResult<Integer> result = pool.applyAsync(ContractTasks::failThirds, i);
      result.await(Times.LONG);
      ids.add(result.taskId());
    }
    pool.close();
    await()
        .atMost(Times.LONG)
        .until(() -> recorder.ofKind("finished").size() == 20
            && recorder.ofKind("exited").size() == recorder.ofKind("started").size()
            && second.events.size() == recorder.events.size());

    Map<String, String> workers = new HashMap<>(); // worker to its state
    Map<String, String> runningOn = new HashMap<>(); // task to worker
    for (String event : recorder.events) {
      String[] words = event.split(" ");
      switch (words[0]) {
        case "started" -> {
          assertThat(workers.put(words[1], "up")).isNull();
          assertThat(words[3]).isEqualTo(pool.options().name());
        }
        case "running" -> {
          assertThat(workers.get(words[2])).as(event).isEqualTo("up");
          assertThat(runningOn.put(words[1], words[2])).as(event).isNull();
        }
        case "finished" -> {
          assertThat(runningOn.get(words[1])).as(event).isEqualTo(words[2]);
          assertThat(workers.get(words[2])).as(event).isEqualTo("up");
          int input = ids.indexOf(Long.valueOf(words[1]));
          assertThat(Boolean.parseBoolean(words[3])).isEqualTo(input % 3 != 0);
        }
        case "exited" -> assertThat(workers.put(words[1], "down")).as(event).isEqualTo("up");
        default -> throw new AssertionError(event);
      }
    }
    assertThat(runningOn).hasSize(20);
    assertThat(recorder.ofKind("finished")).hasSize(20);
    assertThat(second.events).isEqualTo(recorder.events);
    assertThat(recorder.threads).hasSize(1).doesNotContain(Thread.currentThread());
  }

  @PoolTest
  void listener_throwsOrIsSlow_hurtsNoTask(PoolContext context) throws Exception {
    java.util.concurrent.CountDownLatch leave = new java.util.concurrent.CountDownLatch(1);
    Pool pool = context.open(context.options().listener(new PoolListener() {
      @Override
      public void workerStarted(WorkerEvent worker) {
        throw new IllegalStateException("from the listener, expected in the log");
      }

      @Override
      public void taskStarted(TaskEvent task) {
        PoolSubmitContract.awaitLatch(leave);
      }
    }));
    try {
      assertThat(pool.map(ContractTasks::square, range(0, 50))).isEqualTo(squares(0, 50));
    } finally {
      leave.countDown();
    }
  }

  // Statistics.

  @PoolTest(
      fresh = true,
      workers = {1, 3})
  void statistics_quietPool_addUp(Pool pool, PoolContext context) throws Exception {
    for (int i = 0; i < 10; i++) {
      valueOf(pool.applyAsync(ContractTasks::square, i));
      failureOf(pool.applyAsync(ContractTasks::failUnchecked, i));
    }
    pool.map(ContractTasks::square, range(0, 100));
    listOf(pool.imap(ContractTasks::square, range(0, 100)));
    pool.schedule(() -> 1, Duration.ofDays(1)).cancel(false);
    await().atMost(Times.LONG).untilAsserted(() -> {
      PoolStatistics now = pool.statistics();
      assertThat(now.completedTasks()).isEqualTo(220);
      assertThat(now.cancelledTasks()).isEqualTo(1);
      assertThat(now.lostTasks()).isZero();
      assertThat(now.pendingTasks() + now.activeTasks()).isZero();
      assertThat(now.workersBusy()).isZero();
      if (!context.isInline()) {
        assertThat(now.workersStarting() + now.workersReady()).isEqualTo(context.workers());
        assertThat(now.spawnedWorkers()).isEqualTo(context.workers());
      }
      assertThat(now.crashedWorkers() + now.retiredWorkers()).isZero();
    });
    pool.close();
    PoolStatistics end = pool.statistics();
    assertThat(end.workersReady() + end.workersStarting() + end.workersBusy()).isZero();
    assertThat(end.retiredWorkers() + end.crashedWorkers()).isEqualTo(end.spawnedWorkers());
  }

  @PoolTest(fresh = true, workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void statistics_busyPool_countsPendingAndCancelled(Pool pool, PoolContext context)
      throws Exception {
    Gate gate = context.gate();
    AsyncResult<?> running = pool.submit(gate::passUninterruptibly);
    gate.awaitEntered(1);
    List<AsyncResult<Integer>> queued = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      queued.add(pool.applyAsync(ContractTasks::square, i));
    }
    AsyncResult<Integer> later = pool.schedule(() -> 1, Duration.ofDays(1));
    await().atMost(Times.LONG).untilAsserted(() -> {
      PoolStatistics now = pool.statistics();
      assertThat(now.workersBusy()).isEqualTo(1);
      assertThat(now.pendingTasks() + now.activeTasks()).isEqualTo(12);
    });
    queued.subList(0, 4).forEach(result -> result.cancel(true));
    later.cancel(true);
    gate.open();
    valueOf(running);
    pool.close();
    PoolStatistics end = pool.statistics();
    assertThat(end.cancelledTasks()).isEqualTo(5);
    assertThat(end.completedTasks()).isEqualTo(7);
    assertThat(end.lostTasks()).isZero();
  }
}
