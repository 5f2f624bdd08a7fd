// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.procpool.master.process.OrphanMaster.Occupation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** However a master dies and whatever its workers do: a second later no worker, no child of one and no file is left. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals and FIFOs")
final class OrphanTest {
  private static final Duration BOUND = Faults.SHORT.multipliedBy(5);

  @TempDir
  Path directory;

  @TestFactory
  Stream<DynamicTest> master_killed_leavesNothing() {
    List<DynamicTest> tests = new ArrayList<>();
    for (String signal : List.of("KILL", "TERM")) {
      for (Occupation occupation : Occupation.values()) {
        tests.add(dynamicTest(signal + " x " + occupation, () -> orphan(signal, occupation)));
      }
    }
    return tests.stream();
  }

  private void orphan(String signal, Occupation occupation) throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    Path fifo = Path.of(journal.path()).resolveSibling("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    Process master = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            OrphanMaster.class.getName(),
            journal.path(),
            occupation.name(),
            fifo.toString())
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    List<Long> pids = new ArrayList<>();
    List<Path> sessions = new ArrayList<>();
    try {
      Faults.awaitLong("the master").until(() -> journal.lines().contains(OrphanMaster.READY));
      for (String line : journal.lines()) {
        if (line.startsWith(OrphanMaster.SESSION)) {
          sessions.add(Path.of(line.substring(OrphanMaster.SESSION.length())));
        } else if (!line.equals(OrphanMaster.READY)) {
          pids.add(Long.parseLong(line));
        }
      }
      assertThat(sessions).isNotEmpty().allMatch(Files::isDirectory);
      // One more may be the JVM that makes the class-data archive; it has to go, too.
      assertThat(pids).hasSizeGreaterThanOrEqualTo(occupation == Occupation.WITH_CHILD ? 3 : 2);
      long start = System.nanoTime();
      Faults.signal(signal, master.pid());
      Faults.awaitLong("nothing left of the master").untilAsserted(() -> {
        assertThat(pids).noneMatch(Faults::isAlive);
        assertThat(sessions).noneMatch(Files::exists);
      });
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      System.out.printf(
          "SIG%s, worker %s: gone after %d ms%n", signal, occupation, took.toMillis());
      assertThat(took).isLessThan(BOUND);
      assertThat(master.waitFor(Faults.LONG.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
    } finally {
      master.destroyForcibly();
      for (long pid : pids) {
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
  }
}
