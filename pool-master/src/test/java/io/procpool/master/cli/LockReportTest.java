// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.sync.ProcessLock;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code pool-master doctor --locks}: deadlocks in a program that has nothing to do with this one. */
@Timeout(120)
final class LockReportTest {
  @TempDir
  Path directory;

  /** A program with a thread that waits for itself, for ever. */
  static final class WaitsForItself {
    private WaitsForItself() {}

    /** Takes no arguments. */
    public static void main(String[] arguments) {
      ProcessLock lock = ProcessLock.create("the only one");
      lock.lock();
      lock.lock();
    }
  }

  private Process doctor(Object... options) throws Exception {
    Object[] words = new Object[options.length + 2];
    words[0] = "doctor";
    words[1] = "--locks";
    System.arraycopy(options, 0, words, 2, options.length);
    Process doctor = new ProcessBuilder(Cli.words(flags(), words)).start();
    doctor.waitFor();
    return doctor;
  }

  private List<String> flags() {
    return List.of("-XX:-UsePerfData", "-Dprocpool.directory=" + directory);
  }

  private static String out(Process ended) throws Exception {
    return new String(ended.getInputStream().readAllBytes());
  }

  @Test
  void deadlock_inAnotherProgram_isNamed() throws Exception {
    Process none = doctor();
    assertThat(out(none)).isEqualTo("no deadlock\n");
    assertThat(none.exitValue()).isZero();

    List<String> words = new ArrayList<>(Cli.words(flags()));
    words.set(words.size() - 1, WaitsForItself.class.getName());
    Process program = new ProcessBuilder(words).inheritIO().start();
    try {
      await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
        Process found = doctor();
        assertThat(found.exitValue()).isEqualTo(1);
        assertThat(out(found))
            .startsWith("deadlock of 1 thread, which waits for itself\n  pid " + program.pid()
                + ", thread \"main\"\n    waits since ")
            .contains(" for ProcessLock \"the only one\"\n    held by pid " + program.pid())
            .containsPattern("\n      at .*WaitsForItself.main\\(LockReportTest.java:[0-9]+\\)\n$");
      });
      assertThat(out(doctor("--json")))
          .hasLineCount(1)
          .startsWith("{\"cycle\":[{\"pid\":" + program.pid() + ",\"thread\":\"main\",");
    } finally {
      program.destroyForcibly().waitFor();
    }
    assertThat(out(doctor())).isEqualTo("no deadlock\n");
  }
}
