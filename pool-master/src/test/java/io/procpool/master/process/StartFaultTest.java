// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.failureOf;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.InfrastructureException.Certainty;
import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.ResultLostException;
import io.procpool.RunnableTask;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerCrashedException.Reason;
import io.procpool.WorkerStartException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Workers that do not come up, or are no workers: waiting tasks are told why after a bounded number of attempts, and when the
 * cause is gone the next submission works.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "shell scripts")
final class StartFaultTest {
  private static final int ATTEMPTS = LongForm.choose(3, 2);
  private static final int TIMED_ATTEMPTS =
      LongForm.choose(2, 1); // where each lasts as long as the start timeout
  private static final int WORKERS = LongForm.choose(2, 1);
  private static final Duration SHORT_START = SHORT.multipliedBy(6);

  @TempDir
  Path directory;

  private FakeJava java;

  @BeforeEach
  void makeJava() throws Exception {
    java = FakeJava.in(directory);
  }

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private PoolOptions.Builder options() {
    return Faults.options("start")
        .workers(WORKERS)
        .javaExecutable(java.path())
        .maxStartAttempts(ATTEMPTS);
  }

  private PoolOptions timed(Duration startTimeout) {
    return options().startTimeout(startTimeout).maxStartAttempts(TIMED_ATTEMPTS).build();
  }

  /** Fails for the cause, without a storm of attempts; works again without it. */
  private void checkFailureAndRecovery(PoolOptions options, String text) throws Exception {
    int attempts = options.maxStartAttempts();
    try (Pool pool = Pool.open(options)) {
      Throwable failure = failureOf(pool.submit(() -> 1));
      assertThat(failure)
          .isInstanceOf(WorkerStartException.class)
          .hasMessageContaining("task 1 never started")
          .hasMessageContaining("in " + attempts + " attempts")
          .hasMessageContaining(text);
      WorkerStartException start = (WorkerStartException) failure;
      assertThat(start.attempts()).isEqualTo(attempts);
      assertThat(start.certainty()).isEqualTo(Certainty.NEVER_STARTED);
      assertThat(start.poolUsable()).isTrue();
      assertThat(java.starts()).isBetween(attempts, attempts * WORKERS);
      java.real();
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2);
    }
  }

  @Test
  void start_exitsAtOnce_failsWithExitValue() throws Exception {
    java.shell("exit 9");
    checkFailureAndRecovery(options().build(), "exited with 9 before it was ready");
  }

  @Test
  void start_complainsAndExits_failsWithItsWords() throws Exception {
    java.shell("echo 'no such luck today' >&2; exit 1");
    checkFailureAndRecovery(options().build(), "no such luck today");
  }

  /** What the worker's own JVM says of a flag reaches the caller. */
  @Test
  void start_flagRefused_failsWithTheJvmsComplaint() throws Exception {
    java.shell("exec \"$JAVA\" -XX:NoSuchFlag \"$@\"");
    checkFailureAndRecovery(options().build(), "Unrecognized VM option 'NoSuchFlag'");
  }

  @Test
  void start_neverConnects_failsAfterStartTimeout() throws Exception {
    java.shell("exec sleep 1000");
    checkFailureAndRecovery(timed(SHORT_START), "has not connected within the start timeout");
  }

  @Test
  void start_silentAfterConnecting_failsAfterStartTimeout() throws Exception {
    java.fake("silent");
    checkFailureAndRecovery(
        timed(SHORT_START.multipliedBy(2)), "has not connected within the start timeout");
  }

  @Test
  void start_garbageBytes_neverGetsIn() throws Exception {
    java.fake("garbage");
    checkFailureAndRecovery(
        timed(SHORT_START.multipliedBy(2)), "has not connected within the start timeout");
  }

  @Test
  void start_wrongKey_isRefused() throws Exception {
    java.fake("wrong-key");
    checkFailureAndRecovery(options().build(), "its connection was refused");
  }

  @ParameterizedTest
  @ValueSource(strings = {"garbage-frames", "huge-frame", "unknown-message"})
  void start_brokenFrames_isKilled(String manner) throws Exception {
    java.fake(manner);
    checkFailureAndRecovery(options().build(), "last attempt:");
  }

  @Test
  void start_slow_isWaitedFor() throws Exception {
    java.shell("sleep 1; exec \"$JAVA\" \"$@\"");
    try (Pool pool = Pool.open(options().build())) {
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
      Faults.awaitFull(pool);
      assertThat(java.starts()).isEqualTo(WORKERS);
    }
  }

  /** Removed after the pool was opened: its absence is named, and its return is noticed. */
  @Test
  void start_programVanishes_failsNamingIt() throws Exception {
    Path hidden = directory.resolve("hidden");
    PoolOptions options = options().build();
    java.shell("exit 9");
    try (Pool pool = Pool.open(options)) {
      failureOf(pool.submit(() -> 1));
      Files.move(java.path(), hidden);
      Throwable failure = failureOf(pool.submit(() -> 1));
      assertThat(failure)
          .isInstanceOf(WorkerStartException.class)
          .hasMessageContaining("could not be started")
          .hasMessageContaining(java.path().toString());
      java.real();
      Files.move(hidden, java.path());
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
    }
  }

  @Test
  void open_programMissingOrNotExecutable_isRefused() throws Exception {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> Pool.open(options().javaExecutable(missing).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("javaExecutable: " + missing);
    Files.writeString(missing, "");
    assertThatThrownBy(() -> Pool.open(options().javaExecutable(missing).build()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("expected: an executable file");
  }

  @ParameterizedTest
  @CsvSource({
    "THROW, its initializer failed: java.lang.IllegalStateException: struck on purpose",
    "STACK_OVERFLOW, its initializer failed: java.lang.StackOverflowError",
    "EXIT_0, exited with 0 before it was ready",
    "HALT, exited with 42 before it was ready",
    "SIGKILL, exited with 137",
    "ENDLESS_LOOP, its initializer has not returned within the start timeout"
  })
  void start_initializerStrikes_failsWithReason(Strike how, String text) throws Exception {
    Faults.Gate mended = Faults.Gate.in(directory);
    RunnableTask initializer = () -> {
      if (!mended.isOpen()) {
        how.strike();
      }
    };
    boolean timed = how == Strike.ENDLESS_LOOP;
    int attempts = timed ? TIMED_ATTEMPTS : ATTEMPTS;
    PoolOptions options = options()
        .environment(Map.of(Strike.WORKER_MARK, "1"))
        .initializer(initializer)
        .startTimeout(timed ? Duration.ofSeconds(2) : Faults.LONG)
        .maxStartAttempts(attempts)
        .build();
    try (Pool pool = Pool.open(options)) {
      Throwable failure = failureOf(pool.submit(() -> 1));
      assertThat(failure).isInstanceOf(WorkerStartException.class).hasMessageContaining(text);
      assertThat(java.starts()).isBetween(attempts, attempts * WORKERS);
      mended.open();
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
      Faults.awaitFull(pool);
    }
  }

  /** A pool whose workers cannot start can be closed, and what waited is told. */
  @Test
  void close_whileStartsFail_failsWhatWaits() throws Exception {
    java.shell("exit 9");
    Pool pool = Pool.open(options().build());
    var waiting = List.of(pool.submit(() -> 1), pool.submit(() -> 2));
    pool.close();
    for (var result : waiting) {
      assertThat(failureOf(result)).isInstanceOf(WorkerStartException.class);
    }
  }

  /** A worker that is not what it says costs its own task only. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ready-twice",
        "other-unit",
        "too-many-results",
        "overflowing-count",
        "negative-count",
        "early-end",
        "silent-after-nothing",
        "out-of-memory-and-stays",
        "garbage-value",
        "close-connection",
        "endless-questions",
        "flood-after-close"
      })
  void run_workerLies_costsItsTaskOnly(String manner) throws Exception {
    java.fakeFirst(manner);
    try (Pool pool = Pool.open(options().workers(1).build())) {
      var result = pool.submit(() -> 1);
      Faults.awaitLong("the task to be sent")
          .until(() -> pool.statistics().activeTasks() == 1 || result.isDone());
      if (manner.equals("silent-after-nothing")) {
        // It has said nothing wrong yet: it is silent about the rest.
        result.cancel(true);
      }
      Throwable failure = failureOf(result);
      switch (manner) {
        case "garbage-value" -> assertThat(failure).isInstanceOf(ResultLostException.class);
        case "silent-after-nothing" ->
          assertThat(failure).isInstanceOf(CancellationException.class);
        case "out-of-memory-and-stays" ->
          assertThat(failure).hasMessageContaining("exited with 137 (out of memory)");
        default -> {
          assertThat(failure)
              .isInstanceOf(WorkerCrashedException.class)
              .hasMessageContaining("broke the protocol: it");
          assertThat(((WorkerCrashedException) failure).reason()).isEqualTo(Reason.PROTOCOL);
        }
      }
      if (manner.equals("garbage-value")) {
        Faults.signal("KILL", pool.snapshot().workers().get(0).pid());
      }
      assertThat(valueOf(pool.submit(() -> 2))).isEqualTo(2);
      Faults.awaitFull(pool);
      Faults.assertBalanced(pool, 2);
    }
  }

  /** Listeners hear of the end of those workers only of whose start they have heard. */
  @Test
  void close_whileAWorkerStarts_listenersHearNothingOfIt() throws Exception {
    Faults.Gate gate = Faults.Gate.in(directory);
    RunnableTask initializer = gate::pass;
    List<String> events = new CopyOnWriteArrayList<>();
    Pool pool = Pool.open(Faults.options("half-started")
        .workers(1)
        .initializer(initializer)
        .listener(new PoolListener() {
          @Override
          public void workerStarted(WorkerEvent worker) {
            events.add("started");
          }

          @Override
          public void workerExited(WorkerEvent worker, int exitValue) {
            events.add("exited");
          }

          @Override
          public void workerCrashed(WorkerEvent worker, int exitValue, String reason) {
            events.add("crashed");
          }
        })
        .build());
    gate.entered().awaitPid();
    pool.terminate();
    assertThat(pool.awaitTermination(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS))
        .isTrue();
    Faults.awaitLong("end of the thread of events")
        .until(() -> Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.getName().contains("half-started-events")));
    assertThat(events).isEmpty();
  }
}
