// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.LongForm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code compare}: figures for every variant, results compared, a variant that dies costs itself only. */
@Timeout(300)
final class CompareCommandTest {
  @TempDir
  Path folder;

  private static final String GARBAGE =
      "public Iterable<String> inputs(JobContext c) { return List.of(\"a\", \"b\", \"c\", \"d\"); }\n"
          + "public String process(String in) { System.out.println(\"noise\"); List<byte[]> all = new ArrayList<>();"
          + " for (int i = 0; i < 3000; i++) { all.add(new byte[100_000]); if (all.size() > 50) all.clear(); }"
          + " return in + all.size(); }\n";

  @Test
  void compare_job_tableAndFileHaveAllVariants() throws Exception {
    Path jar = JobJars.in(folder).addJob("Garbage", GARBAGE).build("garbage.jar");
    Path out = folder.resolve("figures.json");
    String workers = LongForm.isOn() ? "1,2" : "2";
    Cli.Result run = Cli.run("compare", jar, "--workers", workers, "--repeat", 1, "--out", out);
    assertThat(run.out().lines().toList()).hasSize(LongForm.choose(7, 5));
    assertThat(run.out())
        .startsWith("job garbage of garbage.jar, 4 inputs; median of 1 round; ")
        .containsPattern(
            "backend +workers +wall +speed-up +CPU +GC time +longest pause +peak memory")
        .containsPattern(
            "inline +- +[0-9.]+ m?s +1\\.00 +[0-9.]+ m?s +[0-9.]+ m?s +[0-9.]+ m?s +[0-9.]+ MiB")
        .containsPattern("threads +2 +[0-9.]+ m?s")
        .containsPattern(
            "processes +2 +[0-9.]+ m?s +[0-9.]+ +[0-9.]+ m?s +[0-9.]+ m?s +[0-9.]+ m?s +[0-9.]+ MiB");
    assertThat(run.status()).isZero();
    assertThat(run.out()).doesNotContain("noise");
    String figures = Files.readString(out);
    assertThat(figures)
        .contains(
            "\"job\": \"garbage\"",
            "\"cpus\": ",
            "\"inline\": {",
            "\"threads, 2 workers\": {",
            "\"processes, 2 workers\": {")
        .doesNotContain("\"gcPauses\":0,\"longestPauseSeconds\":0.1");
    assertThat(run.err()).contains("warm-up: inline", "round 1 of 1: threads, 2 workers");
  }

  @Test
  void compare_resultsDiffer_isSaid() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Random",
            "public Iterable<String> inputs(JobContext c) { return List.of(\"a\"); }\n"
                + "public String process(String in) { return \"\" + System.nanoTime(); }")
        .build("random.jar");
    Cli.Result run = Cli.run("compare", jar, "--workers", 1, "--repeat", 1, "--quiet");
    assertThat(run.err()).contains("the results are not the same in all runs");
    assertThat(run.status()).isEqualTo(1);
  }

  /** The table of what took minutes is not lost silently. */
  @Test
  @Tag("stress")
  void compare_outputUnwritable_isSaid() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Same",
            "public Iterable<String> inputs(JobContext c) { return List.of(\"a\"); }\n"
                + "public String process(String in) { return in; }")
        .build("same.jar");
    OutputStream full = new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException("No space left on device");
      }
    };
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    String[] args = {"compare", jar.toString(), "--workers", "1", "--repeat", "1", "--quiet"};
    int status = PoolMasterCommand.run(
        args,
        InputStream.nullInputStream(),
        full,
        new PrintStream(err, true, StandardCharsets.UTF_8));
    assertThat(status).isEqualTo(1);
    assertThat(err.toString(StandardCharsets.UTF_8))
        .startsWith("pool-master: cannot write to standard output: No space left on device; ")
        .hasLineCount(1);
  }

  /** The same mistake has the same exit status and one line, as with run. */
  @ParameterizedTest
  @CsvSource({"argument,2", "read,1", "iterator,3"})
  void compare_inputsCannotBeHad_sameStatusAsRun(String mistake, int status) throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Wrong",
            "public Iterable<String> inputs(JobContext c) {"
                + " String mistake = c.arguments().get(0);"
                + " if (mistake.equals(\"argument\")) throw new IllegalArgumentException(\"give a folder; got nothing\");"
                + " return () -> { if (mistake.equals(\"iterator\")) throw new IllegalStateException(\"torn tape\");"
                + "  return Stream.of(1).map(i -> { if (i == 1) throw new IllegalStateException(\"torn tape\"); return \"\"; }).iterator(); }; }"
                + "public String process(String in) { return in; }")
        .build("wrong.jar");
    Cli.Result run = Cli.run("run", jar, "--backend", "inline", "--quiet", "--", mistake);
    Cli.Result compare =
        Cli.run("compare", jar, "--workers", 1, "--repeat", 1, "--quiet", "--", mistake);
    assertThat(run.status()).isEqualTo(status);
    assertThat(compare).isEqualTo(run);
  }

  /** Flags that the JVM takes, but the worker does not live with, end the comparison once. */
  @Test
  void compare_workersCannotStart_endsAtOnce() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Many",
            "public Iterable<String> inputs(JobContext c) { return Collections.nCopies(100, \"a\"); }\n"
                + "public String process(String in) { return in; }")
        .build("many.jar");
    String flag = "--jvm-arg=-Djava.nio.channels.spi.SelectorProvider=nowhere";
    Cli.Result run = Cli.run("run", jar, "--workers", 1, flag, "--quiet");
    Cli.Result compare = Cli.run(
        "compare", jar, "--workers", LongForm.isOn() ? "1,2" : "2", "--repeat", 1, flag, "--quiet");
    assertThat(run.status()).isEqualTo(2);
    assertThat(compare.status()).isEqualTo(2);
    assertThat(compare.out()).isEmpty();
    assertThat(compare.err())
        .startsWith("pool-master: ")
        .contains("; check --jvm-arg and --heap")
        .doesNotContain("started last attempt")
        .hasLineCount(1);
  }

  /** A job that ends its JVM leaves a comparison of what can be compared. */
  @Test
  @Tag("stress")
  void compare_jobExits_onlyThatVariantIsMissing() throws Exception {
    Path jar = JobJars.in(folder)
        .addJob(
            "Exit",
            "public Iterable<String> inputs(JobContext c) { return List.of(\"a\"); }\n"
                + "public String process(String in) { System.exit(7); return in; }")
        .build("exit.jar");
    Cli.Result run = Cli.run("compare", jar, "--workers", 1, "--repeat", 1, "--quiet");
    assertThat(run.err()).contains("inline: not measured: its JVM ended with exit status 7");
    assertThat(run.out()).containsPattern("inline +- +n/a");
    assertThat(run.status()).isEqualTo(1);
  }

  /** What concurrent collectors do beside the program is no pause. */
  @Test
  void gcLog_linesOfAllCollectors_onlyPausesCount() throws Exception {
    Files.writeString(
        folder.resolve("a.gc"),
        String.join(
            "\n",
            "[0.1s][info][gc] Using G1",
            "[0.2s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 24M->3M(100M) 2.500ms",
            "[0.3s][info][gc] GC(1) Concurrent Mark Cycle 30.000ms",
            "[0.3s][info][gc,phases] GC(1)   Evacuate Collection Set: 1.0ms",
            "[0.4s][info][gc,phases] GC(2) Y: Pause Mark Start 0.010ms",
            "[0.5s][info][gc] GC(3) Pause Full (System.gc()) 9M->1M(20M) 7,490ms",
            ""));
    GcLog log = GcLog.read(folder);
    assertThat(log.count()).isEqualTo(3);
    assertThat(log.seconds()).isEqualTo(0.010, org.assertj.core.api.Assertions.within(1e-9));
    assertThat(log.longestSeconds()).isEqualTo(0.00749);
  }
}
