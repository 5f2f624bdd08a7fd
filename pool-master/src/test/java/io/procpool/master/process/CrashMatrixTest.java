// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.procpool.AsyncResult;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.LongForm;
import io.procpool.NotSerializableTaskException;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.RemoteTrace;
import io.procpool.ResultLostException;
import io.procpool.Task;
import io.procpool.TaskOptions;
import io.procpool.TaskTimeoutException;
import io.procpool.UndecodableTaskException;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import io.procpool.WorkerStartException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Code of the user goes wrong: wherever and however it does, its task fails with the right type and text, tasks beside it have
 * their values, and the pool is whole afterwards.
 */
@Timeout(value = 4, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CrashMatrixTest {
  private static final long HEAP_BYTES = 48L << 20;
  private static final int BYSTANDERS = 6;
  private static final int IMPOSSIBLE_CELLS = 14;

  enum Where {
    ENCODING_TASK,
    CONNECTING,
    DECODING_TASK,
    CLASS_INITIALIZATION,
    RUNNING,
    ENCODING_RESULT,
    DECODING_RESULT,
    CALLBACK,
    IDLE,
    CLOSING
  }

  @TempDir
  Path directory;

  private Pool pool;

  @BeforeAll
  void open() {
    pool = Pool.open(options("matrix").build());
  }

  @AfterAll
  void close() {
    pool.close();
    Faults.assertNothingLeft();
  }

  private static PoolOptions.Builder options(String name) {
    return Faults.options(name)
        .maxHeapBytes(HEAP_BYTES)
        .jvmArgs(List.of("-XX:MaxDirectMemorySize=16m"))
        .environment(Map.of(Strike.WORKER_MARK, "1"));
  }

  @TestFactory
  Stream<DynamicTest> cell() {
    List<DynamicTest> cells = new ArrayList<>();
    for (Where where : Where.values()) {
      for (Strike how : Strike.values()) {
        cells.add(dynamicTest(where + " x " + how, () -> cell(where, how)));
      }
    }
    return LongForm.choose(cells, 3)
        .stream(); // of a number of strikes without that factor, so that each comes with a third of
    // the places
  }

  /** The cells that cannot be run are those that would hit the master itself, and no others. */
  @Test
  void impossible_cells_areCounted() {
    List<String> impossible = new ArrayList<>();
    for (Where where : Where.values()) {
      for (Strike how : Strike.values()) {
        if (whyImpossible(where, how) != null) {
          impossible.add(where + " x " + how + ": " + whyImpossible(where, how));
        }
      }
    }
    assertThat(impossible).as(String.join("\n", impossible)).hasSize(IMPOSSIBLE_CELLS);
  }

  private static String whyImpossible(Where where, Strike how) {
    boolean inMaster =
        where == Where.ENCODING_TASK || where == Where.DECODING_RESULT || where == Where.CALLBACK;
    if (inMaster && (how == Strike.EXIT_0 || how == Strike.HALT || how == Strike.SIGKILL)) {
      return "it would end the master, which is what runs this test";
    }
    if (inMaster && how == Strike.DIRECT_MEMORY) {
      return "what others in the master need would be missing";
    }
    if (how == Strike.ENDLESS_LOOP
        && (where == Where.ENCODING_TASK || where == Where.DECODING_RESULT)) {
      return "it is the caller's own thread that loops, inside the caller's own class";
    }
    return null;
  }

  private void cell(Where where, Strike how) throws Exception {
    String impossible = whyImpossible(where, how);
    if (impossible != null) {
      abort(where + " x " + how + ": " + impossible);
    }
    switch (where) {
      case CONNECTING -> connecting(how);
      case CLOSING -> closing(how);
      default -> {
        Faults.Bystanders bystanders = new Faults.Bystanders(pool);
        PoolStatistics before = pool.statistics();
        bystanders.submit(BYSTANDERS);
        int struck = strike(where, how);
        bystanders.submit(BYSTANDERS);
        bystanders.check();
        Faults.awaitFull(pool);
        Faults.assertBalanced(pool, before, struck + bystanders.count());
        boolean crash = where != Where.ENCODING_TASK
            && where != Where.DECODING_RESULT
            && where != Where.CALLBACK
            && (endsWorker(where, how)
                || how == Strike.ENDLESS_LOOP); // an idle loop is ended by us
        assertThat(pool.statistics().crashedWorkers() - before.crashedWorkers())
            .isEqualTo(crash ? 1 : 0);
      }
    }
  }

  private static boolean endsWorker(Where where, Strike how) {
    return switch (how) {
      case THROW, STACK_OVERFLOW -> false;
      case EXIT_0, HALT, SIGKILL -> true;
      case OUT_OF_MEMORY, DIRECT_MEMORY, THREADS, ENDLESS_LOOP -> where != Where.IDLE;
    };
  }

  /** Returns how many tasks it has submitted. */
  private int strike(Where where, Strike how) throws Exception {
    Pool timed =
        how == Strike.ENDLESS_LOOP ? pool.with(TaskOptions.defaults().timeout(SHORT)) : pool;
    switch (where) {
      case ENCODING_TASK -> {
        return encodingTask(how);
      }
      case DECODING_TASK ->
        checkBeforeStart(how, failureOf(timed.submit(new StrikesInDecoding(how))));
      case CLASS_INITIALIZATION ->
        checkBeforeStart(how, failureOf(timed.submit(Initialization.TASKS.get(how))));
      case RUNNING -> checkRunning(how, failureOf(timed.submit(new StrikesRunning(how))));
      case ENCODING_RESULT ->
        checkEncodingResult(how, failureOf(timed.submit(new ReturnsUnencodable(how))));
      case DECODING_RESULT ->
        checkDecodingResult(how, failureOf(timed.submit(new ReturnsUndecodable(how))));
      case CALLBACK -> {
        return callback(how);
      }
      case IDLE -> {
        return idle(how);
      }
      default -> throw new AssertionError(where);
    }
    return 1;
  }

  private int encodingTask(Strike how) {
    Throwable refusal = Assertions.catchThrowable(() -> pool.submit(new StrikesInEncoding(how)));
    if (how == Strike.OUT_OF_MEMORY || how == Strike.THREADS) {
      assertThat(refusal).isInstanceOf(OutOfMemoryError.class);
    } else {
      assertThat(refusal)
          .isInstanceOf(NotSerializableTaskException.class)
          .hasMessageContaining("StrikesInEncoding")
          .hasMessageContaining("not accepted");
    }
    return 0;
  }

  private static void checkBeforeStart(Strike how, Throwable failure) {
    switch (how) {
      case THROW, STACK_OVERFLOW -> {
        assertThat(failure)
            .isInstanceOf(UndecodableTaskException.class)
            .hasMessageContaining("never started")
            .hasMessageContaining("could not decode");
        checkInfrastructure(failure, Certainty.NEVER_STARTED);
        assertThat(failure)
            .hasStackTraceContaining(how == Strike.THROW ? Strike.TEXT : "StackOverflowError");
      }
      default -> checkEndOfWorker(how, failure);
    }
  }

  private static void checkRunning(Strike how, Throwable failure) {
    switch (how) {
      case THROW ->
        assertThat(failure)
            .isExactlyInstanceOf(IllegalStateException.class)
            .hasMessage(Strike.TEXT)
            .hasRootCauseInstanceOf(RemoteTrace.class)
            .hasStackTraceContaining("in worker-");
      case STACK_OVERFLOW ->
        assertThat(failure)
            .isExactlyInstanceOf(StackOverflowError.class)
            .hasRootCauseInstanceOf(RemoteTrace.class);
      default -> checkEndOfWorker(how, failure);
    }
  }

  private static void checkEncodingResult(Strike how, Throwable failure) {
    switch (how) {
      case THROW, STACK_OVERFLOW -> {
        assertThat(failure)
            .isInstanceOf(ResultLostException.class)
            .hasMessageContaining("ended, but")
            .hasMessageContaining("Unencodable");
        checkInfrastructure(failure, Certainty.RESULT_LOST);
      }
      default -> checkEndOfWorker(how, failure);
    }
  }

  private static void checkDecodingResult(Strike how, Throwable failure) {
    assertThat(failure)
        .isInstanceOf(ResultLostException.class)
        .hasMessageContaining("cannot be decoded here");
    checkInfrastructure(failure, Certainty.RESULT_LOST);
    assertThat(failure)
        .hasStackTraceContaining(
            switch (how) {
              case THROW -> Strike.TEXT;
              case OUT_OF_MEMORY, THREADS -> "OutOfMemoryError";
              default -> "StackOverflowError";
            });
  }

  private static void checkEndOfWorker(Strike how, Throwable failure) {
    checkInfrastructure(failure, Certainty.MAY_HAVE_RUN);
    if (how == Strike.ENDLESS_LOOP) {
      assertThat(failure)
          .isInstanceOf(TaskTimeoutException.class)
          .hasMessageContaining("longer than its timeout of 0.200 s")
          .hasMessageContaining("the pool is usable");
      assertThat(((TaskTimeoutException) failure).timeout()).isEqualTo(SHORT);
      assertThat(((TaskTimeoutException) failure).report().runTime()).isBetween(SHORT, LONG);
      return;
    }
    assertThat(failure)
        .isInstanceOf(WorkerCrashedException.class)
        .hasMessageContaining("the pool is usable")
        .hasMessageContaining("is not retried");
    WorkerCrashedException crash = (WorkerCrashedException) failure;
    assertThat(crash.report().pid()).isPositive();
    assertThat(crash)
        .hasMessageContaining(
            crash.report().worker() + " (pid " + crash.report().pid() + ") exited with")
        .hasMessageContaining("task " + crash.taskId());
    switch (how) {
      case EXIT_0 -> checkExit(crash, 0, Reason.EXIT, "System.exit was called");
      case HALT -> checkExit(crash, Strike.HALT_VALUE, Reason.EXIT, "Runtime.halt");
      case SIGKILL -> checkExit(crash, 137, Reason.SIGNAL, "SIGKILL");
      case DIRECT_MEMORY ->
        checkExit(crash, 3, Reason.OUT_OF_DIRECT_MEMORY, "direct buffer memory");
      case THREADS -> checkExit(crash, 3, Reason.OUT_OF_THREADS, "unable to create native thread");
      default -> checkExit(crash, 3, Reason.OUT_OF_HEAP, "java.lang.OutOfMemoryError");
    }
  }

  private static void checkExit(
      WorkerCrashedException crash, int value, Reason reason, String text) {
    assertThat(crash.report().exitValue()).isEqualTo(value);
    assertThat(crash.reason()).isEqualTo(reason);
    assertThat(crash).hasMessageContaining(text);
  }

  private static void checkInfrastructure(Throwable failure, Certainty certainty) {
    assertThat(failure).isInstanceOf(InfrastructureException.class);
    InfrastructureException infrastructure = (InfrastructureException) failure;
    assertThat(infrastructure.certainty()).as(failure.getMessage()).isEqualTo(certainty);
    assertThat(infrastructure.poolUsable()).isTrue();
    assertThat(infrastructure.taskId()).isPositive();
  }

  private int callback(Strike how) throws Exception {
    Strike.loopEnd = new CountDownLatch(1);
    AsyncResult<Integer> result = pool.applyAsync(n -> n + 1, 1, value -> how.strike());
    try {
      assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
    } finally {
      Strike.loopEnd.countDown();
    }
    assertThat(valueOf(result)).isEqualTo(2);
    return 2;
  }

  /** A thread that a task has left behind strikes while its worker has nothing to do. */
  private int idle(Strike how) throws Exception {
    Faults.awaitFull(pool);
    long spawned = pool.statistics().spawnedWorkers();
    Faults.Gate gate = Faults.Gate.in(directory);
    Faults.Journal struck = Faults.Journal.in(directory);
    valueOf(pool.submit(() -> {
      Thread thread = new Thread(
          () -> {
            gate.pass();
            struck.add("striking");
            how.strike();
          },
          "left-behind");
      thread.setDaemon(true);
      thread.start();
      return null;
    }));
    Faults.awaitFull(pool);
    gate.open();
    struck.awaitLines(1);
    if (endsWorker(Where.IDLE, how)) {
      Faults.awaitLong("the dead worker to be replaced")
          .until(() -> pool.statistics().spawnedWorkers() > spawned);
    } else if (how == Strike.ENDLESS_LOOP) {
      Faults.signal(
          "KILL", gate.entered().awaitPid()); // so that it does not spin beside later cells
      Faults.awaitLong("the dead worker to be replaced")
          .until(() -> pool.statistics().spawnedWorkers() > spawned);
    } else if (how == Strike.OUT_OF_MEMORY) {
      return 1 + runUntilReplaced(spawned);
    }
    return 1;
  }

  /** A worker in which a thread ran out of memory is replaced when its next task has ended; returns how many tasks that took. */
  private int runUntilReplaced(long spawned) throws Exception {
    int tasks = 0;
    while (pool.statistics().spawnedWorkers() == spawned) {
      List<AsyncResult<?>> results = new ArrayList<>();
      for (int i = 0; i < 2 * pool.options().workers(); i++, tasks++) {
        results.add(pool.submit(() -> {
          Thread.sleep(2);
          return null;
        }));
      }
      for (AsyncResult<?> result : results) {
        valueOf(result);
      }
    }
    return tasks;
  }

  /** A worker strikes after it has connected and before the handshake is over. */
  private void connecting(Strike how) throws Exception {
    FakeJava java = FakeJava.in(directory);
    java.fake("strike-" + how);
    PoolOptions options = options("matrix-connect")
        .javaExecutable(java.path())
        .maxStartAttempts(1)
        .startTimeout(how == Strike.ENDLESS_LOOP ? Duration.ofSeconds(3) : LONG)
        .build();
    try (Pool failing = Pool.open(options)) {
      Throwable failure = failureOf(failing.submit(() -> 1));
      assertThat(failure)
          .isInstanceOf(WorkerStartException.class)
          .hasMessageContaining("never started")
          .hasMessageContaining("last attempt:")
          .message()
          .containsPattern(
              how == Strike.ENDLESS_LOOP
                  ? "has not connected within the start timeout"
                  : "the connection ended during the handshake|exited with [0-9]+.* before it was ready");
      checkInfrastructure(failure, Certainty.NEVER_STARTED);
      java.real();
      assertThat(valueOf(failing.submit(() -> 2))).isEqualTo(2);
      Faults.awaitFull(failing);
      Faults.assertBalanced(failing, 2);
    }
    Faults.assertSessionsOnlyOf(pool);
  }

  /** A shutdown hook of a task strikes while the pool is being closed. */
  private void closing(Strike how) throws Exception {
    Pool closing = Pool.open(options("matrix-close").build());
    Faults.Journal pids = Faults.Journal.in(directory);
    valueOf(closing.submit(() -> {
      Runtime.getRuntime().addShutdownHook(new Thread(how::strike));
      pids.add(Faults.pid());
      return null;
    }));
    Faults.Bystanders bystanders = new Faults.Bystanders(closing);
    bystanders.submit(BYSTANDERS);
    long start = System.nanoTime();
    closing.close();
    Duration took = Duration.ofNanos(System.nanoTime() - start);
    bystanders.check();
    Faults.assertBalanced(closing, 1L + bystanders.count());
    assertThat(took).isLessThan(SHORT.multipliedBy(2).plusSeconds(3));
    assertThat(Faults.isAlive(pids.awaitPid())).isFalse();
    PoolStatistics end = closing.statistics();
    assertThat(end.crashedWorkers() + end.retiredWorkers())
        .as("%s", end)
        .isEqualTo(end.spawnedWorkers());
    Faults.assertSessionsOnlyOf(pool);
  }

  private record StrikesRunning(Strike how) implements Task<String> {
    @Override
    public String call() {
      how.strike();
      return "survived";
    }
  }

  private static final class StrikesInEncoding implements Task<String> {
    private final Strike how;

    StrikesInEncoding(Strike how) {
      this.how = how;
    }

    @Override
    public String call() {
      return "decoded";
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      how.strike();
      out.defaultWriteObject();
    }
  }

  private static final class StrikesInDecoding implements Task<String> {
    private final Strike how;

    StrikesInDecoding(Strike how) {
      this.how = how;
    }

    @Override
    public String call() {
      return "survived";
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      how.strike();
    }
  }

  private record ReturnsUnencodable(Strike how) implements Task<Object> {
    @Override
    public Object call() {
      return new Unencodable(how);
    }
  }

  private static final class Unencodable implements Serializable {
    private final Strike how;

    Unencodable(Strike how) {
      this.how = how;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      how.strike();
      out.defaultWriteObject();
    }
  }

  private record ReturnsUndecodable(Strike how) implements Task<Object> {
    @Override
    public Object call() {
      return new Undecodable(how);
    }
  }

  private static final class Undecodable implements Serializable {
    private final Strike how;

    Undecodable(Strike how) {
      this.how = how;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      how.strike();
    }
  }

  /** Tasks whose classes strike when a worker initializes them; a class is initialized but once, so each has its own. */
  private static final class Initialization {
    static final Map<Strike, Task<String>> TASKS = new EnumMap<>(Map.of(
        Strike.THROW, new Throws(),
        Strike.EXIT_0, new Exits(),
        Strike.HALT, new Halts(),
        Strike.SIGKILL, new Kills(),
        Strike.OUT_OF_MEMORY, new Exhausts(),
        Strike.DIRECT_MEMORY, new ExhaustsDirect(),
        Strike.THREADS, new ExhaustsThreads(),
        Strike.STACK_OVERFLOW, new Overflows(),
        Strike.ENDLESS_LOOP, new Loops()));

    private abstract static class Base implements Task<String> {
      @Override
      public String call() {
        return "initialized";
      }
    }

    private static final class Throws extends Base {
      static {
        Strike.THROW.strikeInWorker();
      }
    }

    private static final class Exits extends Base {
      static {
        Strike.EXIT_0.strikeInWorker();
      }
    }

    private static final class Halts extends Base {
      static {
        Strike.HALT.strikeInWorker();
      }
    }

    private static final class Kills extends Base {
      static {
        Strike.SIGKILL.strikeInWorker();
      }
    }

    private static final class Exhausts extends Base {
      static {
        Strike.OUT_OF_MEMORY.strikeInWorker();
      }
    }

    private static final class ExhaustsDirect extends Base {
      static {
        Strike.DIRECT_MEMORY.strikeInWorker();
      }
    }

    private static final class ExhaustsThreads extends Base {
      static {
        Strike.THREADS.strikeInWorker();
      }
    }

    private static final class Overflows extends Base {
      static {
        Strike.STACK_OVERFLOW.strikeInWorker();
      }
    }

    private static final class Loops extends Base {
      static {
        Strike.ENDLESS_LOOP.strikeInWorker();
      }
    }
  }
}
