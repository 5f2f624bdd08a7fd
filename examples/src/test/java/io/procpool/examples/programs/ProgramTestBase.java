// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.PoolOptions;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What tests of programs have in common: short seconds, and what was printed. */
abstract class ProgramTestBase {
  static final long MASTER = ProcessHandle.current().pid();

  @TempDir
  Path directory;

  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @Retention(RetentionPolicy.RUNTIME)
  @ParameterizedTest
  @ValueSource(strings = {PoolOptions.THREADS, PoolOptions.PROCESSES})
  @interface OnEachBackend {}

  ProgramSettings settings(String backend) {
    return ProgramSettings.defaults()
        .withBackend(backend)
        .withSecond(Duration.ofMillis(100))
        .withOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
  }

  String printed() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  List<String> lines() {
    return printed().lines().toList();
  }

  /** What a program wrote, line by line. */
  record Output(List<String> out, List<String> err) {}

  /** Runs the launcher in a JVM of its own. */
  Output launch(int exitValue, String... arguments) throws Exception {
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    List<String> command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        System.getProperty("java.class.path"),
        Programs.class.getName()));
    command.addAll(List.of(arguments));
    Process program = new ProcessBuilder(command)
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .start();
    try {
      assertThat(program.waitFor(50, TimeUnit.SECONDS)).as("ended in time").isTrue();
    } finally {
      program.destroyForcibly();
    }
    Output output = new Output(Files.readAllLines(out), Files.readAllLines(err));
    assertThat(program.exitValue()).as("exit value; %s", output).isEqualTo(exitValue);
    return output;
  }
}
