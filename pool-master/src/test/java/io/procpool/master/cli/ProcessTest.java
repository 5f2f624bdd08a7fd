// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The command as a process: exit status, signals, pipes. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
final class ProcessTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  // Input n sleeps for an hour if it is "hang"; the others end at once.
  private static final String HANG =
      "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
          + "public String process(String in) throws Exception {"
          + " if (in.equals(\"hang\")) Thread.sleep(3600_000);"
          + " while (in.equals(\"spin\")) Thread.interrupted(); return in; }";

  @TempDir
  Path folder;

  private Process start(File out, Object... args) throws IOException {
    return new ProcessBuilder(Cli.words(List.of(), args))
        .redirectOutput(out)
        .redirectError(folder.resolve("err").toFile())
        .start();
  }

  private String err() {
    return Cli.read(folder.resolve("err"));
  }

  @Test
  void exit_status_isThatOfTheRun() throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path out = folder.resolve("out");
    Process done = start(out.toFile(), "run", jar, "--backend", "inline", "--", "a");
    assertThat(done.waitFor()).isZero();
    assertThat(out).hasContent("a");
    assertThat(start(out.toFile(), "run", folder.resolve("no.jar")).waitFor()).isEqualTo(3);
    assertThat(start(out.toFile(), "run").waitFor()).isEqualTo(2);
  }

  /** A signal ends running tasks, even one that ignores interrupts; finished results are out and in the log. */
  @ParameterizedTest
  @CsvSource({
    "INT,130,hang,threads",
    "TERM,143,hang,threads",
    "INT,130,spin,threads",
    "INT,130,spin,inline"
  })
  void signal_tasksRunning_endsThemAndSaysWhatWasDone(
      String signal, int status, String input, String backend) throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path log = folder.resolve("log");
    Path out = folder.resolve("out");
    Process command = start(
        out.toFile(),
        "run",
        jar,
        "--backend",
        backend,
        "--joblog",
        log,
        "--",
        "a",
        "b",
        input,
        "c");
    await().atMost(LONG).until(() -> Cli.read(log).lines().count() == 4);

    kill(signal, command);

    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(status);
    assertThat(Cli.read(log)).endsWith("\n").hasLineCount(Cli.read(out).split("\n").length + 2);
    assertThat(err())
        .contains("pool-master: interrupted: ", " of 4 inputs done, ", "; go on with --resume");
  }

  /** SIGQUIT says what is going on and what threads of workers do, as often as it comes, beside the JVM's own thread dump, and changes nothing. */
  @Test
  void quit_tasksRunning_saysWhatTheyAre() throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path out = folder.resolve("out");
    Process command = start(out.toFile(), "run", jar, "--workers", 1, "--quiet", "--", "a", "hang");
    await().atMost(LONG).until(() -> Cli.read(out).equals("a\n"));
    try {
      // The JVM is told who wants to know in the background; before that it dumps its threads only.
      await().atMost(LONG).pollInterval(Duration.ofMillis(300)).until(() -> {
        kill("QUIT", command);
        return err().contains(" is at input 2 (hang)\n");
      });
      String first = err();
      assertThat(first)
          .contains(
              "pool-master: asked by SIGQUIT:\npool \"", "1 completed", "BUSY", "\n  worker-");
      await()
          .atMost(LONG)
          .until(() -> err().contains("pool-master: threads of worker-1 (pid ")
              && err().contains("), which was at input 2 (hang):\n  \"procpool-task\"")
              && err().contains("demo.Hang.process(Hang.java:"));
      String both = err();
      kill("QUIT", command);
      await().atMost(LONG).until(() -> err().length() > both.length());
      assertThat(Cli.read(out)).contains("Full thread dump");
      kill("INT", command);
      assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
      assertThat(command.exitValue()).isEqualTo(130);
    } finally {
      command.destroyForcibly();
    }
  }

  /** A second signal while the first is being dealt with changes nothing. */
  @Test
  void signal_twice_endsOnce() throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path out = folder.resolve("out");
    Process command = start(out.toFile(), "run", jar, "--backend", "inline", "--", "a", "spin");
    await().atMost(LONG).until(() -> Cli.read(out).equals("a\n"));
    kill("INT", command);
    kill("INT", command);
    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(130);
    assertThat(err().split("interrupted:", -1)).hasSize(2);
  }

  /** When the reader of the results leaves, the command ends quietly, however endless its input. */
  @Test
  void pipe_readerLeaves_endsQuietly() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Endless",
            "public Iterable<String> inputs(JobContext c) {"
                + " return () -> Stream.generate(() -> \"x\").iterator(); }"
                + "public String process(String in) { return in; }")
        .build("endless.jar");
    Process command = new ProcessBuilder(Cli.words(List.of(), "run", jar, "--backend", "threads"))
        .redirectError(folder.resolve("err").toFile())
        .start();
    try (BufferedReader reader = new BufferedReader(
        new InputStreamReader(command.getInputStream(), StandardCharsets.UTF_8))) {
      assertThat(reader.readLine()).isEqualTo("x");
    }
    assertThat(command.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(141);
    assertThat(err()).isEmpty();
  }

  /** Code of the job that ends this process is not a Ctrl-C, whatever status it gives. */
  @ParameterizedTest
  @CsvSource({"process,inline", "process,threads", "onResult,threads", "onResult,inline"})
  void systemExit_inTheMaster_isNamed(String where, String backend) throws Exception {
    String exit = " if (in.equals(\"b\")) System.exit(0);";
    Path jar = JobJars.in(folder)
        .addJob(
            "Exit",
            "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
                + "public String process(String in) {" + (where.equals("process") ? exit : "")
                + " return in; }\n"
                + "public void onResult(String in, String r, JobContext c) {"
                + (where.equals("onResult") ? exit : "") + " c.out().println(r); }")
        .build("exit.jar");
    Path out = folder.resolve("out");
    Process command = start(out.toFile(), "run", jar, "--backend", backend, "--", "a", "b", "c");
    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(1);
    assertThat(err())
        .contains("pool-master: demo.Exit." + where + " called System.exit in this process: ")
        .contains(" of 3 inputs done, ")
        .doesNotContain("interrupted");
  }

  @Test
  void systemExit_inInputs_isNamed() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Exit",
            "public Iterable<String> inputs(JobContext c) { System.exit(0); return null; }\n"
                + "public String process(String in) { return in; }")
        .build("exit.jar");
    Process command = start(folder.resolve("out").toFile(), "run", jar);
    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(3);
    assertThat(err()).contains("demo.Exit.inputs called System.exit while").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"run", "jobs", "compare"})
  void systemExit_whileLoading_isNamed(String name) throws Exception {
    Path jar =
        JobJars.in(folder).addJob("Exit", "static { System.exit(0); }" + HANG).build("exit.jar");
    Process command = start(folder.resolve("out").toFile(), name, jar);
    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(3);
    assertThat(err())
        .startsWith("pool-master: " + jar + ": demo.Exit.<clinit> called System.exit while")
        .hasLineCount(1);
  }

  @Test
  void doctor_badSurroundings_areSaid() throws Exception {
    Path file = Files.writeString(folder.resolve("file"), "");
    ProcessBuilder builder = new ProcessBuilder(
            Cli.words(List.of("-Dprocpool.transport=carrier-pigeon"), "doctor"))
        .redirectOutput(folder.resolve("out").toFile());
    builder.environment().put("XDG_CACHE_HOME", file.toString());
    builder.start().waitFor();
    assertThat(Cli.read(folder.resolve("out")))
        .containsPattern("(?m)^warn +class archive +" + file + "/procpool cannot be written \\("
            + file + " is not a folder\\); ")
        .containsPattern("(?m)^warn +transport +procpool.transport is \"carrier-pigeon\"");
  }

  /** What was measured before Ctrl-C is printed and kept, and marked as incomplete. */
  @Test
  @Tag("stress")
  void compare_interrupted_keepsWhatWasMeasured() throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path out = folder.resolve("out");
    Path figures = folder.resolve("figures.json");
    Process command = start(
        out.toFile(), "compare", jar, "--workers", 1, "--repeat", 100, "--out", figures, "--", "a");
    await().atMost(Duration.ofSeconds(90)).until(() -> err().contains("round 2 of 100"));
    kill("INT", command);
    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(130);
    assertThat(Cli.read(out))
        .contains("median of what was done of 100 rounds; ")
        .containsPattern("processes +1 +[0-9.]+ m?s");
    assertThat(Cli.read(figures)).contains("\"complete\": false").endsWith("}\n");
    assertThat(err())
        .containsPattern(
            "interrupted: the comparison is not complete, \\d+ of 300 runs were done; ")
        .doesNotContain("nothing was kept", "not measured");
  }

  /** Results that cannot be written are no result: the command says so, and does not take it for a reader that left. */
  @ParameterizedTest
  @ValueSource(strings = {"run", "map", "jobs", "--help", "--version"})
  void out_diskFull_isSaid(String command) throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    File full = new File("/dev/full");
    Path lines = Files.writeString(folder.resolve("lines"), "1\n2\n");
    Process process = switch (command) {
      case "run" -> start(full, "run", jar, "--backend", "threads", "--", "a", "b");
      case "map" ->
        start(full, "map", jar, "java.lang.Math::sqrt", "--backend", "inline", "--input", lines);
      case "jobs" -> start(full, "jobs", jar);
      default -> start(full, command);
    };
    assertThat(process.waitFor()).isEqualTo(1);
    assertThat(err())
        .startsWith("pool-master: cannot write to standard output: No space left on device; ")
        .hasLineCount(1);
  }

  /** A command that is killed can be resumed: nothing is run twice that the log has, nothing is left out. */
  @Test
  void resume_afterSigkill_runsTheRest() throws Exception {
    Path jar = JobJars.in(folder).addJob("Hang", HANG).build("hang.jar");
    Path log = folder.resolve("log");
    Path out = folder.resolve("out");
    Process command = start(
        out.toFile(),
        "run",
        jar,
        "--backend",
        "threads",
        "--unordered",
        "--joblog",
        log,
        "--",
        "a",
        "hang",
        "c");
    await().atMost(LONG).until(() -> Cli.read(log).lines().count() == 4);
    command.destroyForcibly().waitFor();
    assertThat(Cli.read(out).lines()).containsExactlyInAnyOrder("a", "c");

    Process rest = start(
        folder.resolve("rest").toFile(),
        "run",
        jar,
        "--backend",
        "threads",
        "--joblog",
        log,
        "--resume",
        "--",
        "a",
        "hang",
        "c");
    await().atMost(LONG).until(() -> rest.isAlive() && Files.exists(folder.resolve("rest")));
    kill("INT", rest);
    assertThat(rest.waitFor()).isEqualTo(130);
    assertThat(Cli.read(folder.resolve("rest"))).isEmpty();
  }

  private static void kill(String signal, Process process) throws Exception {
    new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
        .start()
        .waitFor();
  }
}
