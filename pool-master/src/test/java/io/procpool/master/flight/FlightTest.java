// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.flight;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.RetryPolicy;
import io.procpool.TaskContext;
import io.procpool.TaskOptions;
import io.procpool.WorkerCrashedException;
import io.procpool.master.process.Faults;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a flight recording has of pools. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class FlightTest {
  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private static int nap(int millis) throws InterruptedException {
    Thread.sleep(millis);
    return millis;
  }

  private static int fail(int n) {
    throw new IllegalStateException("bad " + n);
  }

  private List<RecordedEvent> stop(Recording recording, String pool) throws IOException {
    Path file = directory.resolve("recording.jfr");
    recording.stop();
    recording.dump(file);
    List<RecordedEvent> events = new ArrayList<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      if (event.getEventType().getName().startsWith("procpool.")
          && event.getString("pool").equals(pool)) {
        events.add(event);
      }
    }
    return events;
  }

  private static List<RecordedEvent> named(List<RecordedEvent> events, String name) {
    return events.stream().filter(e -> e.getEventType().getName().equals(name)).toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"processes", "threads", "inline"})
  void recording_withoutThreshold_hasEveryTask(String backend) throws Exception {
    try (Recording recording = new Recording()) {
      recording.enable("procpool.Task").withThreshold(Duration.ZERO);
      recording.start();
      long taskId;
      try (Pool pool = Pool.open(PoolOptions.builder()
          .backend(backend)
          .name(Faults.PREFIX + "flight")
          .workers(1)
          .build())) {
        AsyncResult<Integer> first =
            pool.with(TaskOptions.defaults().name("nap")).applyAsync(FlightTest::nap, 60);
        AsyncResult<Integer> second = pool.applyAsync(FlightTest::nap, 1);
        taskId = first.taskId();
        Faults.valueOf(second);
        Faults.failureOf(pool.applyAsync(FlightTest::fail, 1));
      }
      List<RecordedEvent> tasks = named(stop(recording, Faults.PREFIX + "flight"), "procpool.Task");
      assertThat(tasks).hasSize(3);
      RecordedEvent nap = tasks.get(0);
      assertThat(nap.getLong("taskId")).isEqualTo(taskId);
      assertThat(nap.getString("task")).isEqualTo("nap");
      assertThat(nap.getString("worker"))
          .isEqualTo(backend.equals("inline") ? "inline" : "worker-1");
      assertThat(nap.getString("outcome")).isEqualTo("VALUE");
      assertThat(nap.getDuration("runTime")).isBetween(Duration.ofMillis(60), Faults.LONG);
      assertThat(nap.getDuration()).isGreaterThanOrEqualTo(Duration.ofMillis(59));
      if (!backend.equals("inline")) {
        assertThat(tasks.get(1).getDuration("queueTime"))
            .as("behind the first")
            .isBetween(Duration.ofMillis(50), Faults.LONG);
      }
      assertThat(tasks.get(2).getString("outcome")).isEqualTo("FAILURE");
    }
  }

  /** As it comes, a recording has only tasks that take a while. */
  @Test
  void recording_asItComes_leavesOutShortTasks() throws Exception {
    try (Recording recording = new Recording()) {
      recording.enable("procpool.Task");
      recording.start();
      try (Pool pool = Pool.open(Faults.options("flight-short").build())) {
        pool.apply(FlightTest::nap, 0); // the first one also waits for its worker
        pool.map(n -> n + 1, List.of(1, 2, 3, 4));
        pool.apply(FlightTest::nap, 100);
      }
      List<RecordedEvent> tasks =
          named(stop(recording, Faults.PREFIX + "flight-short"), "procpool.Task");
      assertThat(tasks).noneMatch(task -> task.getDuration().toMillis() < 20);
      assertThat(tasks).anyMatch(task -> task.getDuration("runTime").toMillis() >= 100);
    }
  }

  @Test
  void recording_workerKilled_hasTheLossAndTheWorkers() throws Exception {
    try (Recording recording = new Recording()) {
      for (String name : List.of("TaskLost", "WorkerStart", "WorkerEnd", "PoolResize")) {
        recording.enable("procpool." + name);
      }
      recording.start();
      long pid;
      AsyncResult<Integer> held;
      try (Pool pool = Pool.open(Faults.options("flight-killed").workers(1).build())) {
        held = pool.submit(() -> {
          String self = Long.toString(ProcessHandle.current().pid());
          return new ProcessBuilder("kill", "-KILL", self).start().waitFor();
        });
        pid = ((WorkerCrashedException) Faults.failureOf(held)).report().pid();
        pool.resize(2);
        Faults.awaitLong("two workers").until(() -> pool.statistics().workersReady() == 2);
      }
      List<RecordedEvent> events = stop(recording, Faults.PREFIX + "flight-killed");
      RecordedEvent lost = named(events, "procpool.TaskLost").get(0);
      assertThat(lost.getLong("taskId")).isEqualTo(held.taskId());
      assertThat(lost.getLong("pid")).isEqualTo(pid);
      assertThat(lost.getString("failure")).isEqualTo("WorkerCrashedException");
      assertThat(lost.getString("certainty")).isEqualTo("MAY_HAVE_RUN");
      assertThat(lost.getString("message")).contains("137");
      assertThat(named(events, "procpool.WorkerStart"))
          .hasSize(3)
          .allSatisfy(start -> assertThat(start.getDuration("startTaken")).isPositive());
      List<RecordedEvent> ends = named(events, "procpool.WorkerEnd");
      assertThat(ends)
          .extracting(end -> end.getString("how"))
          .containsExactlyInAnyOrder("CRASHED", "RETIRED", "RETIRED");
      assertThat(ends.get(0).getInt("exitValue")).isEqualTo(137);
      assertThat(named(events, "procpool.PoolResize"))
          .singleElement()
          .satisfies(resize -> assertThat(resize.getInt("maxWorkers")).isEqualTo(2));
    }
  }

  @Test
  void recording_taskRetried_hasEachAttemptThatFailed() throws Exception {
    try (Recording recording = new Recording()) {
      recording.enable("procpool.TaskRetried");
      recording.start();
      long taskId;
      RetryPolicy policy = RetryPolicy.of(3)
          .backOff(new RetryPolicy.BackOff(Duration.ofMillis(10), 2, Duration.ofSeconds(1), 0));
      try (Pool pool = Pool.open(Faults.options("flight-retried").workers(1).build())) {
        AsyncResult<Integer> result = pool.with(
                TaskOptions.defaults().name("stubborn").retries(policy))
            .submit(() -> {
              int attempt = TaskContext.current().attempt();
              if (attempt < 3) {
                Runtime.getRuntime().halt(40 + attempt);
              }
              return attempt;
            });
        assertThat(Faults.valueOf(result)).isEqualTo(3);
        taskId = result.taskId();
      }
      List<RecordedEvent> retried =
          named(stop(recording, Faults.PREFIX + "flight-retried"), "procpool.TaskRetried");
      assertThat(retried).hasSize(2);
      for (int i = 0; i < 2; i++) {
        RecordedEvent event = retried.get(i);
        assertThat(event.getLong("taskId")).isEqualTo(taskId);
        assertThat(event.getString("task")).isEqualTo("stubborn");
        assertThat(event.getString("worker")).isEqualTo("worker-" + (i + 1));
        assertThat(event.getLong("pid")).isPositive();
        assertThat(event.getInt("attempt")).isEqualTo(i + 1);
        assertThat(event.getString("cause")).isEqualTo("CRASH");
        assertThat(event.getString("message")).contains("exited with 4" + (i + 1));
        assertThat(event.getDuration("delay")).isEqualTo(Duration.ofMillis(10 << i));
      }
    }
  }

  /** Where the recorder's module has been left out of the JVM, pools work as ever. */
  @Test
  void pool_withoutTheModule_works() throws Exception {
    Process program = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--limit-modules",
            "java.base,java.logging,java.management,java.naming,java.xml,jdk.unsupported",
            "-cp",
            System.getProperty("java.class.path"),
            WithoutRecorder.class.getName())
        .redirectErrorStream(true)
        .start();
    program.getOutputStream().close();
    String printed = new String(program.getInputStream().readAllBytes());
    assertThat(program.waitFor()).as(printed).isZero();
    assertThat(printed).contains("jfr false, 9");
  }

  /** The program of a test. */
  static final class WithoutRecorder {
    private WithoutRecorder() {}

    public static void main(String[] args) throws Exception {
      try (Pool pool = Pool.open(PoolOptions.builder().workers(1).build())) {
        int nine = pool.apply(n -> n * n, 3);
        System.out.println(
            "jfr " + ModuleLayer.boot().findModule("jdk.jfr").isPresent() + ", " + nine);
      }
    }
  }
}
