// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.WorkerRecording;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import jdk.jfr.Event;
import jdk.jfr.Name;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A flight recording of one worker, and what becomes of it when that is stopped or dies. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class RecordingTest {
  private static final Duration TIMEOUT = LONG.multipliedBy(2);

  @TempDir
  Path directory;

  @TempDir
  Path temp;

  private String usual;

  @BeforeEach
  void ownTemp() {
    usual = System.setProperty("java.io.tmpdir", temp.toString());
  }

  /** Nothing of the recorders is left in the temp directory, which is that of these workers only. */
  @AfterEach
  void nothingLeft() {
    System.setProperty("java.io.tmpdir", usual);
    Faults.assertNothingLeft();
    assertThat(temp).isEmptyDirectory();
  }

  private PoolOptions options() {
    return builder().build();
  }

  private PoolOptions.Builder builder() {
    return Faults.options("flight").workers(1).jvmArgs(List.of("-Djava.io.tmpdir=" + temp));
  }

  @Name("procpool.test.Marked")
  static final class Marked extends Event {
    long pid;
  }

  private static long mark() {
    Marked event = new Marked();
    event.pid = Faults.pid();
    event.commit();
    return event.pid;
  }

  private Pool openFull() throws IOException {
    Pool pool = Pool.open(options());
    Faults.awaitFull(pool);
    return pool;
  }

  private static Stream<Long> marks(Path file) throws IOException {
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().equals("procpool.test.Marked"))
        .map((RecordedEvent event) -> event.getLong("pid"));
  }

  /** It has the events of the worker's tasks from its beginning to its end, replaces the file, and can be written once. A second one has its own. */
  @Test
  void recording_task_hasItsEvents() throws Exception {
    try (Pool pool = Pool.open(options())) {
      Path file = Files.writeString(directory.resolve("a.jfr"), "old");
      valueOf(pool.submit(RecordingTest::mark));
      for (int i = 0; i < 2; i++) {
        try (WorkerRecording recording = pool.startRecording("worker-1", "default", TIMEOUT)) {
          assertThat(recording.worker()).isEqualTo("worker-1");
          long pid = valueOf(pool.submit(RecordingTest::mark));
          Path nowhere = directory.resolve("none/a.jfr");
          assertThatThrownBy(() -> recording.stop(nowhere, TIMEOUT))
              .isInstanceOf(IOException.class)
              .hasMessageContaining("none");
          recording.stop(file, TIMEOUT);
          assertThat(marks(file)).containsExactly(pid);
          assertThatThrownBy(() -> recording.stop(file, TIMEOUT))
              .isInstanceOf(IllegalStateException.class)
              .hasMessageContaining("worker-1");
        }
      }
      pool.startRecording("worker-1", "profile", TIMEOUT).close();
      assertThat(valueOf(pool.submit(() -> 1))).isEqualTo(1);
    }
  }

  /** One that is stopped holds up its caller no longer than that wants; what it does later is not lost. */
  @Test
  void recording_workerStopped_timesOut() throws Exception {
    try (Pool pool = openFull();
        WorkerRecording recording = pool.startRecording("worker-1", "default", TIMEOUT)) {
      long pid = valueOf(pool.submit(RecordingTest::mark));
      Path file = directory.resolve("a.jfr");
      Faults.signal("STOP", pid);
      try {
        Faults.awaitLong("stopped").until(() -> Faults.isSuspended(pid));
        assertThatThrownBy(() -> recording.stop(file, SHORT))
            .isInstanceOf(TimeoutException.class)
            .hasMessageContainingAll("worker-1", "is stopped");
        assertThatThrownBy(() -> pool.startRecording("worker-1", "default", SHORT))
            .isInstanceOf(TimeoutException.class)
            .hasMessageContainingAll("worker-1", "is stopped");
      } finally {
        Faults.signal("CONT", pid);
      }
      recording.stop(file, TIMEOUT);
      assertThat(marks(file)).containsExactly(pid);
    }
  }

  /** One that is killed is named at once, by who waits and by who comes later; nothing is left of its data. */
  @Test
  void recording_workerKilled_fails() throws Exception {
    Path file = directory.resolve("a.jfr");
    try (Pool pool = openFull();
        WorkerRecording recording = pool.startRecording("worker-1", "default", TIMEOUT)) {
      long pid = valueOf(pool.submit(RecordingTest::mark));
      Faults.signal("STOP", pid);
      Faults.awaitLong("stopped").until(() -> Faults.isSuspended(pid));
      Thread killer = new Thread(() -> {
        try {
          TimeUnit.NANOSECONDS.sleep(SHORT.toNanos());
          Faults.signal("KILL", pid);
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      });
      killer.start();
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> recording.stop(file, TIMEOUT))
            .isInstanceOf(IOException.class)
            .hasMessageContainingAll("worker-1", "its process has ended");
      }
      killer.join();
      assertThatThrownBy(() -> pool.startRecording("worker-1", "default", TIMEOUT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("worker-1", "worker-2");
    }
    assertThat(file).doesNotExist();
  }

  /** A worker that has not connected yet is waited for; who has no time for that is told so, and nothing is recorded for nobody. */
  @Test
  void startRecording_workerStarts_isWaitedFor() throws Exception {
    FakeJava java = FakeJava.in(directory);
    Path gate = directory.resolve("gate");
    java.shell("while [ ! -e '" + gate + "' ]; do sleep 0.01; done; exec \"$JAVA\" \"$@\"");
    try (Pool pool = Pool.open(builder().javaExecutable(java.path()).build())) {
      assertThatThrownBy(() -> pool.startRecording("worker-1", "default", SHORT))
          .isInstanceOf(TimeoutException.class)
          .hasMessageContainingAll("worker-1", "it has not connected yet");
      Thread caller = Thread.currentThread();
      Thread opener = new Thread(() -> {
        try {
          Faults.awaitLong("the wait").until(() -> caller.getState() == Thread.State.TIMED_WAITING);
          Files.writeString(gate, "");
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      });
      opener.start();
      try (WorkerRecording recording = pool.startRecording("worker-1", "default", TIMEOUT)) {
        long recordings = valueOf(pool.submit(() ->
            (long) jdk.jfr.FlightRecorder.getFlightRecorder().getRecordings().size()));
        assertThat(recordings).isEqualTo(1);
        Path file = directory.resolve("a.jfr");
        recording.stop(file, TIMEOUT);
        assertThat(file).isNotEmptyFile();
      }
      opener.join();
    }
  }

  /** One that never connects ends the wait with its start. */
  @Test
  void startRecording_workerNeverConnects_fails() throws Exception {
    FakeJava java = FakeJava.in(directory);
    java.shell("exec sleep 1000");
    PoolOptions.Builder options = builder().javaExecutable(java.path());
    try (Pool pool = Pool.open(options.startTimeout(SHORT.multipliedBy(3)).build())) {
      assertThatThrownBy(() -> pool.startRecording("worker-1", "default", TIMEOUT))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll(
              "worker-1", "cannot begin its recording", "it has not connected within the start");
    }
  }

  @Test
  void startRecording_badInput_isNamed() throws Exception {
    Pool pool = Pool.open(options());
    try (pool) {
      Faults.awaitFull(pool);
      assertThatThrownBy(() -> pool.startRecording("worker-7", "default", LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContainingAll("worker-7", "worker-1");
      assertThatThrownBy(() -> pool.startRecording("worker-1", "", LONG))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("settings");
      assertThatThrownBy(() -> pool.startRecording("worker-1", "default", Duration.ofSeconds(-1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("timeout");
      assertThatThrownBy(() -> pool.startRecording("worker-1", "nonsense", TIMEOUT))
          .isInstanceOf(IOException.class)
          .hasMessageContainingAll("worker-1", "nonsense");
    }
    assertThatThrownBy(() -> pool.startRecording("worker-1", "default", LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("worker-1");
    for (String backend : new String[] {"threads", "inline"}) {
      try (Pool local = Pool.open(
          PoolOptions.builder().name("fault-flight").backend(backend).workers(1).build())) {
        assertThatThrownBy(() -> local.startRecording("worker-1", "default", LONG))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContainingAll(backend, "jdk.jfr.Recording");
      }
    }
  }
}
