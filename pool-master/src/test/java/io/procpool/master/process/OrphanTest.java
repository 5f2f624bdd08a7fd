// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import io.procpool.LongForm;
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

/** However a master dies and whatever its workers do: soon no worker, no child of one and no file is left. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals and FIFOs")
final class OrphanTest {
  // How fast it is stands in the row `orphans`; this is for machines that have much else to do.
  private static final Duration BOUND = Faults.SHORT.multipliedBy(25);

  @TempDir
  Path directory;

  @TestFactory
  Stream<DynamicTest> master_killed_leavesNothing() {
    List<DynamicTest> tests = new ArrayList<>();
    for (String signal : List.of("KILL", "TERM")) {
      for (List<Occupation> occupations : groups()) {
        tests.add(dynamicTest(signal + " x " + occupations, () -> orphan(signal, occupations)));
      }
    }
    return tests.stream();
  }

  /** A master for each occupation, or for several, as starting them is what takes the time. */
  private static List<List<Occupation>> groups() {
    Occupation[] all = Occupation.values();
    List<List<Occupation>> groups = new ArrayList<>();
    int size = LongForm.choose(1, 6);
    for (int from = 0; from < all.length; from += size) {
      groups.add(List.of(all).subList(from, Math.min(all.length, from + size)));
    }
    return groups;
  }

  private void orphan(String signal, List<Occupation> occupations) throws Exception {
    Faults.Journal journal = Faults.Journal.in(directory);
    Path fifo = Path.of(journal.path()).resolveSibling("fifo");
    assertThat(new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor()).isZero();
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx64m",
        "-cp",
        System.getProperty("java.class.path"),
        OrphanMaster.class.getName(),
        journal.path(),
        fifo.toString()));
    occupations.forEach(occupation -> command.add(occupation.name()));
    Process master = new ProcessBuilder(command)
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
      assertThat(pids)
          .hasSizeGreaterThan(
              occupations.size() + (occupations.contains(Occupation.WITH_CHILD) ? 1 : 0));
      long start = System.nanoTime();
      Faults.signal(signal, master.pid());
      Faults.awaitLong("nothing left of the master").untilAsserted(() -> {
        assertThat(pids).noneMatch(Faults::isAlive);
        assertThat(sessions).noneMatch(Files::exists);
      });
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      System.out.printf(
          "SIG%s, workers %s: gone after %d ms%n", signal, occupations, took.toMillis());
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
