// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** However a parent ends: its children are awaited, or end with it, and nothing is left. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals")
final class ParentEndTest {
  @TempDir
  Path directory;

  private Notes notes;
  private Process parent;

  @BeforeEach
  void makeNotes() throws Exception {
    notes = Notes.in(directory);
  }

  @AfterEach
  void nothingLeft() {
    parent.destroyForcibly();
    Faults.awaitLong("nobody left").untilAsserted(() -> {
      for (String line : notes.lines()) {
        if (line.startsWith("pid ") || line.startsWith("tool ") || line.startsWith("middle ")) {
          long pid = Long.parseLong(line.substring(line.indexOf(' ') + 1));
          assertThat(Faults.isAlive(pid)).as(line).isFalse();
        }
      }
      assertThat(Files.exists(Path.of(notes.await("session ")))).as("session").isFalse();
    });
  }

  private void start(String what) throws Exception {
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        ParentProgram.class.getName(),
        notes.path(),
        what));
    parent = new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(directory.resolve("stderr").toFile())
        .start();
  }

  private void awaitEnd(int exitValue) throws Exception {
    assertThat(parent.waitFor(LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    assertThat(parent.exitValue())
        .as(Files.readString(directory.resolve("stderr")))
        .isEqualTo(exitValue);
  }

  @Test
  void mainReturns_normalChildAwaitedAndDaemonTerminated() throws Exception {
    start("ends");
    notes.await("ready");
    assertThat(parent.waitFor(Faults.SHORT.toMillis(), TimeUnit.MILLISECONDS)).isFalse();
    assertThat(notes.lines()).doesNotContain("daemon finally", "normal finally");
    // Told in the same moment, the daemon may end by itself as well.
    notes.add("let go");
    awaitEnd(0);
    assertThat(notes.lines()).contains("normal ended", "daemon finally");
  }

  @Test
  void mainReturns_onlyDaemon_isTerminated() throws Exception {
    start("daemon");
    awaitEnd(0);
    assertThat(notes.lines()).contains("daemon interrupted", "daemon finally");
  }

  @Test
  void systemExit_allTerminated() throws Exception {
    start("exits");
    awaitEnd(3);
    assertThat(notes.lines())
        .contains("daemon interrupted", "daemon finally", "normal interrupted", "normal finally");
  }

  @Test
  void sigterm_allTerminated() throws Exception {
    start("all");
    notes.await("ready");
    parent.destroy();
    awaitEnd(143);
    // A tool that the worker's child has started is nobody's; on a busy machine the worker was
    // killed, and it with it.
    ProcessHandle.of(Long.parseLong(notes.await("tool ")))
        .ifPresent(ProcessHandle::destroyForcibly);
    assertThat(notes.lines())
        .contains("daemon interrupted", "daemon finally", "normal interrupted", "normal finally")
        .contains("grandchild finally");
  }

  /** Children, grandchildren and what those have started, and spares. */
  @Test
  void sigkill_allGo() throws Exception {
    start("all");
    notes.await("ready");
    assertThat(notes.lines()).contains("spares 2");
    parent.destroyForcibly();
    awaitEnd(137);
  }

  /** What the middle has started with procpool goes when it is killed; what else it has started, nobody knows of any more. */
  @Test
  void sigkillOfMiddle_grandchildrenGo() throws Exception {
    start("tree");
    notes.await("ready");
    Faults.signal("KILL", Long.parseLong(notes.await("middle ")));
    Faults.awaitLong("end of the grandchild")
        .until(() -> !Faults.isAlive(Long.parseLong(notes.await("pid "))));
    Faults.signal("KILL", Long.parseLong(notes.await("tool ")));
    parent
        .destroy(); // without children nobody would clear away the session of a root that is killed
    awaitEnd(143);
  }

  /** A worker that is told to stop ends its children politely. */
  @Test
  void poolCloses_childrenOfWorkersAreTerminated() throws Exception {
    start("worker-tree");
    notes.await("closed");
    awaitEnd(0);
    Faults.signal("KILL", Long.parseLong(notes.await("tool ")));
    assertThat(notes.lines()).contains("grandchild finally");
  }

  @Test
  void startInShutdown_isRefused() throws Exception {
    start("late");
    awaitEnd(0);
    assertThat(notes.await("refused: ")).contains("this JVM is shutting down");
  }
}
