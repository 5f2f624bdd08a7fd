// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.ResultIterator;
import io.procpool.TaskOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MisbehaveTest {
  @TempDir
  Path directory;

  /** The harms that a thread survives fail their own input and no other. */
  @Test
  void run_survivableHarms_failAlone() throws Exception {
    JobRun run =
        JobRun.of(Misbehave::new, "ok", "throw", "ok", "stackoverflow", "oom", "undecodable", "ok");

    assertThat(run.outText())
        .isEqualTo(
            "ok\nthrow: IllegalStateException\nok\nstackoverflow: StackOverflowError\noom: OutOfMemoryError\n"
                + "undecodable: InvalidObjectException\nok\n");
  }

  /** On worker processes every harm costs its own input and no other, each with the reason. */
  @Test
  @Timeout(120)
  void process_onWorkerProcesses_eachHarmFailsAlone() throws Exception {
    PoolOptions options = PoolOptions.builder()
        .workers(2)
        .maxHeapBytes(64 << 20)
        .taskDefaults(TaskOptions.defaults().timeout(Duration.ofSeconds(60)))
        .workerStdout(WorkerStream.DISCARD)
        .workerStderr(WorkerStream.DISCARD)
        .jvmArgs(List.of("-XX:-CreateCoredumpOnCrash", "-XX:MaxMetaspaceSize=48m"))
        .build();
    Set<Harm> endless = EnumSet.of(Harm.LOOP, Harm.MONITOR, Harm.NATIVE, Harm.STOP, Harm.CHILDREN);
    Map<Harm, String> outcomes = new EnumMap<>(Harm.class);
    try (Pool pool = Pool.open(options)) {
      Duration shortTime = Duration.ofSeconds(1);
      outcomes.putAll(outcomes(pool, EnumSet.complementOf(EnumSet.copyOf(endless))));
      outcomes.putAll(outcomes(pool.with(TaskOptions.defaults().timeout(shortTime)), endless));
      assertThat(pool.map(n -> n + 1, List.of(1, 2))).containsExactly(2, 3);
    }
    String crash = "WorkerCrashedException";
    String timeout = "TaskTimeoutException";
    Map<Harm, String> expected = new EnumMap<>(Harm.class);
    expected.putAll(
        Map.of(Harm.THROW, "IllegalStateException", Harm.EXIT, crash, Harm.HALT, crash));
    expected.putAll(Map.of(Harm.OOM, crash, Harm.METASPACE, crash, Harm.DIRECT, crash));
    expected.putAll(Map.of(Harm.STACKOVERFLOW, "StackOverflowError", Harm.LOOP, timeout));
    expected.putAll(Map.of(Harm.MONITOR, timeout, Harm.NATIVE, timeout, Harm.STOP, timeout));
    expected.putAll(Map.of(Harm.CHILDREN, timeout, Harm.SEGFAULT, crash));
    expected.put(Harm.DESCRIPTORS, "FileNotFoundException");
    expected.put(Harm.UNDECODABLE, "ResultLostException");
    for (Harm harm : Harm.values()) {
      expected.putIfAbsent(harm, harm.word());
    }
    assertThat(outcomes).isEqualTo(expected);
    assertThat(ProcessHandle.current().descendants()).isEmpty();
  }

  /** Does each of some harms, and nothing before each; returns what became of them. */
  private static Map<Harm, String> outcomes(Pool pool, Set<Harm> harms) {
    List<Harm> inputs = new ArrayList<>();
    for (Harm harm : harms) {
      inputs.addAll(List.of(Harm.OK, harm));
    }
    Map<Harm, String> outcomes = new EnumMap<>(Harm.class);
    try (ResultIterator<Object> results =
        pool.imap(harm -> new Misbehave().process(harm), inputs, 1)) {
      for (Harm harm : inputs) {
        Outcome<Object> outcome = results.nextOutcome();
        Throwable error = outcome.error();
        String text =
            error == null ? String.valueOf(outcome.value()) : error.getClass().getSimpleName();
        assertThat(outcomes.getOrDefault(harm, text)).as("%s", harm).isEqualTo(text);
        outcomes.put(harm, text);
      }
    }
    return outcomes;
  }

  /** The harms that end a JVM do end it. */
  @ParameterizedTest
  @CsvSource({"exit, 3", "halt, 4"})
  void process_fatalHarm_endsTheJvm(String word, int exitValue) throws Exception {
    Process child = java(word);

    assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isEqualTo(exitValue);
  }

  /** The segmentation fault is a real one: the JVM writes its crash report. */
  @Test
  void process_segfault_crashesTheJvm() throws Exception {
    Process child = java("segfault");

    assertThat(child.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(child.exitValue()).isNotZero();
    assertThat(directory.resolve("report")).content().contains("SIGSEGV");
  }

  /** The endless loop does not end by itself. */
  @Test
  void process_loop_runsUntilKilled() throws Exception {
    Process child = java("loop");
    try {
      assertThat(child.getInputStream().read())
          .as("the first byte, written before the loop")
          .isEqualTo('s');
      assertThat(child.waitFor(200, TimeUnit.MILLISECONDS)).isFalse();
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void inputs_unknownWord_refusedWithTheWords() {
    String words = Harm.words();
    assertThat(words).startsWith("ok, throw, exit, halt, oom, ");
    assertThatThrownBy(() -> JobRun.of(Misbehave::new, "ok", "Segv"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("\"Segv\" (expected: " + words + ")");
    assertThatThrownBy(() -> JobRun.of(Misbehave::new))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0 arguments (usage: misbehave WORD..., each one of: " + words + ")");
  }

  /** Runs {@link #main} in a JVM of its own. */
  private Process java(String word) throws Exception {
    return new ProcessBuilder(List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=" + directory.resolve("report"),
            "-cp",
            System.getProperty("java.class.path"),
            MisbehaveTest.class.getName(),
            word))
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** Does what the word says, in this JVM. */
  public static void main(String[] args) throws Exception {
    System.out.println("started");
    new Misbehave().process(Harm.valueOf(args[0].toUpperCase(Locale.ROOT)));
  }
}
