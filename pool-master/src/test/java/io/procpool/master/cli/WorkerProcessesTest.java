// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command on worker processes: what one input does to its worker leaves the results of the others intact. */
@EnabledOnOs(OS.LINUX)
@Timeout(120)
final class WorkerProcessesTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  // Input "once:FILE" crashes its worker unless FILE exists, and makes it.
  private static final String FRAGILE =
      "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
          + "public String process(String in) throws Exception {"
          + " System.out.println(\"noise\");"
          + " if (in.equals(\"exit\")) System.exit(3);"
          + " if (in.equals(\"hang\")) Thread.sleep(3600_000);"
          + " if (in.equals(\"pid\")) { System.err.println(\"pid=\" + ProcessHandle.current().pid()); Thread.sleep(3600_000); }"
          + " if (in.startsWith(\"once:\") && new java.io.File(in.substring(5)).createNewFile()) Runtime.getRuntime().halt(9);"
          + " return in.startsWith(\"once:\") ? \"twice\" : in; }";

  @TempDir
  Path folder;

  private Path jar() throws IOException {
    return JobJars.in(folder).addJob("Fragile", FRAGILE).build("fragile.jar");
  }

  @Test
  void run_workerExits_costsItsInputOnly() throws IOException {
    Cli.Result run = Cli.run("run", jar(), "--workers", 2, "--quiet", "--", "a", "exit", "b", "c");
    assertThat(run.out()).isEqualTo("a\nb\nc\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains(
            "1 of 4 inputs failed:", "input 2 (exit): WorkerCrashedException: ", "(may have run)");
  }

  @Test
  void run_workerOutput_goesWhereTheFlagSays() throws Exception {
    // As a process: the workers' lines go to standard error itself.
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process tagged = new ProcessBuilder(Cli.words(
            List.of(),
            "run",
            jar(),
            "--workers",
            1,
            "--worker-output",
            "tag",
            "--quiet",
            "--",
            "a"))
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .start();
    assertThat(tagged.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(out).hasContent("a\n");
    assertThat(err).hasContent("[pool-master/worker-1] noise\n");
    Cli.Result dropped =
        Cli.run("run", jar(), "--workers", 1, "--worker-output", "discard", "--quiet", "--", "a");
    assertThat(dropped.err()).isEmpty();
    Path file = folder.resolve("workers.log");
    Cli.Result kept =
        Cli.run("run", jar(), "--workers", 1, "--worker-output", file, "--quiet", "--", "a");
    assertThat(kept.err()).isEmpty();
    assertThat(file).hasContent("[pool-master/worker-1 out] noise\n");
  }

  @Test
  void run_workerOutputThatCannotBe_isRefused() throws IOException {
    Cli.Result unknown = Cli.run("run", jar(), "--worker-output", "tags", "--", "a");
    assertThat(unknown.status()).isEqualTo(2);
    assertThat(unknown.err()).contains("\"tags\"", "./tags");
    Path nowhere = folder.resolve("none").resolve("workers.log");
    Cli.Result missing = Cli.run("run", jar(), "--worker-output", nowhere, "--", "a");
    assertThat(missing.status()).isEqualTo(2);
    assertThat(missing.err())
        .startsWith("pool-master: --worker-output: " + nowhere + " cannot be written (")
        .hasLineCount(1);
    Cli.Result directory = Cli.run("run", jar(), "--worker-output", folder, "--", "a");
    assertThat(directory.err()).contains("--worker-output: " + folder, "(it is a folder)");
    Cli.Result threads =
        Cli.run("run", jar(), "--worker-output", "tag", "--backend", "threads", "--", "a");
    assertThat(threads.status()).isEqualTo(2);
    assertThat(threads.err()).contains("--worker-output: has no effect with --backend threads");
  }

  /** Records of the workers stand on standard error, from the wanted level on, with worker, task, logger and trace. */
  @Test
  void run_workerLogs_areOnStandardError() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Logs",
            "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
                + "public String process(String in) {"
                + " org.slf4j.LoggerFactory.getLogger(\"by.slf4j\").info(\"at {}\", in);"
                + " org.slf4j.LoggerFactory.getLogger(\"by.slf4j\").debug(\"too fine\");"
                + " java.util.logging.Logger.getLogger(\"by.jul\").log(java.util.logging.Level.SEVERE, \"bad\","
                + " new IllegalStateException(\"outer\", new RuntimeException(\"inner\"))); return in; }")
        .build("logs.jar");
    Path err = folder.resolve("err");
    // As a process, whose logging is the command's own.
    Process command = new ProcessBuilder(Cli.words(
            List.of(), "run", jar, "--workers", 1, "--worker-logs", "info", "--quiet", "--", "a"))
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(err.toFile())
        .start();
    assertThat(command.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    assertThat(Cli.read(err))
        .startsWith("[pool-master/worker-1 task 1] INFO  by.slf4j - at a\n"
            + "[pool-master/worker-1 task 1] ERROR by.jul - bad\n"
            + "java.lang.IllegalStateException: outer\n"
            + "\tat demo.Logs.process(Logs.java:")
        .contains("\nCaused by: java.lang.RuntimeException: inner\n\tat demo.Logs.process(")
        .doesNotContain("too fine");
  }

  /** Each worker leaves a recording, one that ends as planned and one that ends without a word. */
  @Test
  void run_record_keepsWhatEachWorkerDid() throws Exception {
    Path jar = JobJars.in(folder)
        .add("Mark", "public class Mark extends jdk.jfr.Event { public String input; }")
        .addJob(
            "Marks",
            "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
                + "public String process(String in) {"
                + " Mark mark = new Mark(); mark.input = in; mark.commit();"
                + " if (in.equals(\"die\")) {"
                // It ends a chunk, so that there is something to save.
                + "  jdk.jfr.FlightRecorder.getFlightRecorder().takeSnapshot().close();"
                + "  Runtime.getRuntime().halt(9); }"
                + " return in; }")
        .build("marks.jar");
    Path to = folder.resolve("a, b/recordings");
    Object[] args = {
      "run",
      jar,
      "--workers",
      1,
      "--jvm-arg=-XX:TieredStopAtLevel=1", // a recorder starts twice as fast
      "--record",
      to,
      "--",
      "a",
      "die",
      "b"
    };
    Cli.Result run = Cli.run(args);
    assertThat(run.out()).isEqualTo("a\nb\n");
    assertThat(run.err())
        .contains("pool-master: the flight recordings of 2 workers are in " + to + "\n")
        .doesNotContain("jfr");
    assertThat(to.toFile().list()).containsExactlyInAnyOrder("worker-1.jfr", "worker-2.jfr");
    assertThat(marks(to.resolve("worker-1.jfr"))).containsExactly("a", "die");
    assertThat(marks(to.resolve("worker-2.jfr"))).containsExactly("b");
  }

  private static List<String> marks(Path recording) throws IOException {
    return RecordingFile.readAllEvents(recording).stream()
        .filter(event -> event.getEventType().getName().equals("demo.Mark"))
        .map(event -> event.getString("input"))
        .toList();
  }

  @Test
  void run_timeout_endsTheInput() throws IOException {
    Cli.Result run =
        Cli.run("run", jar(), "--workers", 2, "--timeout", "2s", "--quiet", "--", "a", "hang", "b");
    assertThat(run.out()).as(run.err()).isEqualTo("a\nb\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("input 2 (hang): TaskTimeoutException: ");
  }

  @Test
  void run_timeoutGrace_interruptsFirst() throws IOException {
    Cli.Result run = Cli.run(
        "run",
        jar(),
        "--workers",
        1,
        "--timeout",
        "2s",
        "--timeout-grace",
        "1m",
        "--quiet",
        "--",
        "a",
        "hang",
        "b");
    assertThat(run.out()).isEqualTo("a\nb\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("input 2 (hang): TaskTimeoutException: ", "it was interrupted and ended");
  }

  @Test
  void run_stallTimeoutAndQueueTimeout_failTheirInputs() throws IOException {
    Cli.Result run = Cli.run(
        "run",
        jar(),
        "--workers",
        1,
        "--stall-timeout",
        "3s",
        "--queue-timeout",
        "1s",
        "--quiet",
        "--",
        "hang",
        "b");
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("input 1 (hang): TaskStalledException: ", "(may have run)")
        .contains("input 2 (b): QueueTimeoutException: ", "(never started)");
  }

  @Test
  void run_limitsThatCannotBe_areRefused() throws IOException {
    assertThat(Cli.run("run", jar(), "--timeout-grace", "1s", "--", "a").err())
        .contains("--timeout-grace: has no effect without a timeout");
    assertThat(Cli.run("run", jar(), "--max-rss", "1m", "--", "a").err())
        .contains("--max-rss: 1m is too small for a worker; give 16m or more");
    assertThat(Cli.run("run", jar(), "--max-heap", "64m", "--heap", "64m", "--", "a")
            .err())
        .contains("--max-heap: 64m is not below --heap 64m");
    assertThat(Cli.run("run", jar(), "--backend", "threads", "--max-heap", "64m", "--", "a")
            .err())
        .contains("--max-heap: has no effect with --backend threads");
  }

  /** An input whose worker crashed is run again, and its result stands in its place. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void retries_workerCrashedOnce_resultIsThere(boolean unordered) throws IOException {
    Path log = folder.resolve("log");
    Object[] args = {
      "run",
      jar(),
      "--workers",
      2,
      "--retries",
      2,
      "--quiet",
      "--joblog",
      log,
      unordered ? "--unordered" : "--max-tasks=100",
      "--",
      "a",
      "once:" + folder.resolve("mark"),
      "b"
    };
    Cli.Result run = Cli.run(args);
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
    if (unordered) {
      assertThat(run.out().lines()).containsExactlyInAnyOrder("a", "twice", "b");
    } else {
      assertThat(run.out()).isEqualTo("a\ntwice\nb\n");
    }
    assertThat(Files.readString(log)).containsPattern("(?m)^1\t2.*\t2\tok\t");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void retries_usedUp_saysHowOften(boolean unordered) throws IOException {
    Object[] args = {
      "run",
      jar(),
      "--workers",
      1,
      "--retries",
      2,
      "--quiet",
      unordered ? "--unordered" : "--max-tasks=100",
      "--",
      "exit",
      "b"
    };
    Cli.Result run = Cli.run(args);
    assertThat(run.out()).isEqualTo("b\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("1 of 2 inputs failed:", "(may have run, 3 attempts)");
  }

  @Test
  void run_flagTheJvmRefuses_isOneLine() throws IOException {
    Cli.Result run = Cli.run("run", jar(), "--jvm-arg=-XX:+NoSuchFlag", "--", "a");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err())
        .startsWith("pool-master: --jvm-arg: ")
        .contains("NoSuchFlag")
        .hasLineCount(1);
  }

  /** A JVM that dies of its flags while they are tried leaves nothing in the user's directory. */
  @Test
  void run_flagTheJvmDiesOf_leavesNoReport() throws Exception {
    Path here = Files.createDirectory(folder.resolve("here"));
    Path err = folder.resolve("err");
    Path crash = JobJars.in(folder)
        .add(
            "Crash",
            "public class Crash extends ClassLoader { public Crash(ClassLoader parent) throws Exception { super(parent);"
                + " java.lang.reflect.Field f = sun.misc.Unsafe.class.getDeclaredField(\"theUnsafe\");"
                + " f.setAccessible(true); ((sun.misc.Unsafe) f.get(null)).putByte(0L, (byte) 1); } }")
        .build("crash.jar");
    Process command = new ProcessBuilder(Cli.words(
            List.of(),
            "run",
            jar(),
            "--jvm-arg=-Xbootclasspath/a:" + crash,
            "--jvm-arg=-Djava.system.class.loader=demo.Crash",
            "--",
            "a"))
        .directory(here.toFile())
        .redirectError(err.toFile())
        .start();
    command.waitFor();
    assertThat(Cli.read(err))
        .startsWith("pool-master: --jvm-arg: the workers' JVM refuses ")
        .contains("(the JVM dies with exit status 134)")
        .hasLineCount(1);
    assertThat(here).isEmptyDirectory();
  }

  @Test
  void map_lines_areMappedInOrder() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 20_000; i++) {
      lines.append(i).append('\n');
    }
    Path anyJar = Path.of(System.getProperty("java.class.path").split(":")[0]);
    Path jar = anyJar.toString().endsWith(".jar") ? anyJar : jarOrFail();
    Cli.Result run = Cli.runWith(
        lines.toString(), "map", jar, "java.lang.Math::abs(int)", "--workers", 2, "--quiet");
    assertThat(run).isEqualTo(new Cli.Result(0, lines.toString(), ""));
  }

  private Path jarOrFail() {
    try {
      return jar();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** What workers print is on standard error; Ctrl-C ends them. */
  @Test
  void signal_workersBusy_noneIsLeft() throws Exception {
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process command = new ProcessBuilder(
            Cli.words(List.of(), "run", jar(), "--workers", 2, "--", "a", "pid", "pid"))
        .redirectOutput(out.toFile())
        .redirectError(err.toFile())
        .start();
    await().atMost(LONG).until(() -> Cli.read(err).split("pid=[0-9]+\n", -1).length == 3);
    await().atMost(LONG).until(() -> Cli.read(out).equals("a\n"));
    List<ProcessHandle> workers = Cli.read(err)
        .lines()
        .filter(line -> line.startsWith("pid="))
        .flatMap(line -> ProcessHandle.of(Long.parseLong(line.substring(4))).stream())
        .toList();
    assertThat(workers).hasSize(2);

    new ProcessBuilder("kill", "-INT", String.valueOf(command.pid())).start().waitFor();

    assertThat(command.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(command.exitValue()).isEqualTo(130);
    assertThat(Cli.read(err))
        .contains("noise", "interrupted: 1 of 3 inputs done, 2 running were ended");
    assertThat(Cli.read(out)).isEqualTo("a\n");
    await()
        .atMost(Duration.ofSeconds(5))
        .until(() -> workers.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** With --trace a failed input shows its worker's trace, a crash all that is known; without, where the JVM's report is. */
  @Test
  void trace_inputsFail_showsWhatWorkersKnow() throws IOException {
    Path jar = JobJars.in(folder)
        .addJob(
            "Deep",
            "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
                + "public String process(String in) throws Exception {"
                + " if (in.equals(\"exit\")) { System.err.println(\"last words\"); System.exit(3); }"
                + " if (in.equals(\"crash\")) { java.lang.reflect.Field f = Class.forName(\"sun.misc.Unsafe\").getDeclaredField(\"theUnsafe\");"
                + "  f.setAccessible(true); ((sun.misc.Unsafe) f.get(null)).putByte(0L, (byte) 1); }"
                + " throw new IllegalStateException(\"deep \" + in); }")
        .build("deep.jar");
    String report = "--jvm-arg=-XX:ErrorFile=" + folder.resolve("hs_err_pid%p.log");
    Object[] args = {"run", jar, "--workers", 1, "--quiet", report, "--", "x", "exit", "crash"};
    Cli.Result brief = Cli.run(args);
    assertThat(brief.err())
        .contains("input 1 (x): java.lang.IllegalStateException: deep x\n")
        .containsPattern(
            "input 3 \\(crash\\): .*\\(may have run\\); JVM crash report: .*hs_err_pid\\d+\\.log\n")
        .doesNotContain("at demo.Deep");
    args[4] = "--trace";
    Cli.Result whole = Cli.run(args);
    assertThat(whole.err())
        .contains("at demo.Deep.process(Deep.java:")
        .containsPattern("worker stderr, last \\d+ of \\d+ lines")
        .contains("last words", "JVM crash report: ");
  }

  /** A job that no worker can construct is one mistake, not one of each input. */
  @ParameterizedTest
  @ValueSource(strings = {"processes", "threads", "inline"})
  void run_jobNotConstructedInWorkers_isSaidOnce(String backend) throws IOException {
    Path jar = JobJars.in(folder)
        .addJob(
            "Master",
            "public Master() { for (StackTraceElement e : new Throwable().getStackTrace())"
                + " if (e.getClassName().endsWith(\"JobFunction\")) throw new IllegalStateException(\"no\\nluck\"); }"
                + "public Iterable<String> inputs(JobContext c) { return Collections.nCopies(50, \"a\"); }\n"
                + "public String process(String in) { return in; }")
        .build("master.jar");
    Cli.Result run = Cli.run("run", jar, "--backend", backend);
    assertThat(run.err())
        .startsWith("pool-master: job class demo.Master cannot be constructed in a worker: ")
        .contains("IllegalStateException: no; luck; ")
        .hasLineCount(1);
    assertThat(run.out()).isEmpty();
    assertThat(run.status()).isEqualTo(3);
  }

  @Test
  void run_jarPathWithColon_isRefusedForWorkers() throws IOException {
    Path colon = Files.createDirectory(folder.resolve("a:b"));
    Path jar = JobJars.in(colon).addJob("Fragile", FRAGILE).build("fragile.jar");
    for (String command : List.of("run", "compare")) {
      Cli.Result run = Cli.run(command, jar, "--", "x");
      assertThat(run.err())
          .startsWith("pool-master: " + jar + ": a path with \":\" cannot be on the class path")
          .hasLineCount(1);
      assertThat(run.status()).isEqualTo(3);
    }
    assertThat(Cli.run("run", jar, "--backend", "threads", "--", "x").out()).isEqualTo("x\n");
  }

  @Test
  void doctor_here_startsAWorker() {
    Cli.Result run = Cli.run("doctor");
    assertThat(run.out()).containsPattern("(?m)^ok +worker +started and ran a task in ");
    assertThat(run.status()).isZero();
  }
}
