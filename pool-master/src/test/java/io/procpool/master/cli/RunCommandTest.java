// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code run}: the life of a job, its outcomes, and the job log. */
@Timeout(60)
final class RunCommandTest {
  private static final String UPPER =
      "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n"
          + "public String process(String in) {"
          + " System.out.println(\"noise\");"
          + " if (in.equals(\"bad\")) throw new IllegalStateException(\"bad input\");"
          + " return in.toUpperCase(); }\n";

  @TempDir
  Path folder;

  private Path jar(String members) throws IOException {
    return JobJars.in(folder).addJob("Upper", members).build("upper.jar");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inline", "threads"})
  void run_inputs_resultsInOrderOnStdout(String backend) throws IOException {
    Cli.Result run = Cli.run("run", jar(UPPER), "--backend", backend, "--", "a", "b", "--", "c");
    assertThat(run.out()).isEqualTo("A\nB\n--\nC\n");
    assertThat(run.status()).isZero();
    assertThat(run.err()).contains("noise", "pool-master: 4 of 4 inputs done in ");
  }

  @Test
  void run_failedInput_othersAreIntactAndItIsListed() throws IOException {
    Path jar = jar(UPPER
        + "public void onError(String in, Throwable e, JobContext c) { c.out().println(\"error \" + in); }"
        + "public void finish(JobContext c) { c.out().println(\"end\"); }");
    Cli.Result run = Cli.run("run", jar, "--backend", "threads", "--quiet", "--", "a", "bad", "c");
    assertThat(run.out()).isEqualTo("A\nerror bad\nC\nend\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err())
        .contains("pool-master: 1 of 3 inputs failed:\n"
            + "  input 2 (bad): java.lang.IllegalStateException: bad input\n");
  }

  /** A result that onResult cannot take counts as failed; the others go on. */
  @Test
  void run_onResultThrows_failsThatInput() throws IOException {
    Path jar = jar(
        UPPER
            + "public void onResult(String in, String r, JobContext c) {"
            + " if (in.equals(\"b\")) throw new IllegalStateException(\"disk full\"); c.out().println(r); }");
    Cli.Result run = Cli.run("run", jar, "--backend", "inline", "--", "a", "b", "c");
    assertThat(run.out()).isEqualTo("A\nC\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("input 2 (b): computed, but onResult failed", "disk full");
  }

  @Test
  void run_finishThrows_isSaid() throws IOException {
    Path jar = jar(
        UPPER + "public void finish(JobContext c) { throw new IllegalStateException(\"oh\"); }");
    Cli.Result run = Cli.run("run", jar, "--backend", "inline", "--", "a");
    assertThat(run.out()).isEqualTo("A\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("upper: finish failed: java.lang.IllegalStateException: oh");
  }

  /** What was read before the inputs broke is computed and handed out. */
  @ParameterizedTest
  @ValueSource(strings = {"inline", "threads"})
  void run_inputsBreakOnTheWay_earlierOnesAreDone(String backend) throws IOException {
    Path jar = jar("public Iterable<String> inputs(JobContext c) {"
        + " return () -> IntStream.range(0, 100).mapToObj(i -> {"
        + "  if (i == 50) throw new IllegalStateException(\"torn tape\"); return \"x\" + i; }).iterator(); }"
        + "public String process(String in) { return in; }");
    Cli.Result run = Cli.run("run", jar, "--backend", backend);
    assertThat(run.out().lines()).hasSize(50);
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("reading the inputs failed after 50 inputs", "torn tape");
  }

  /** Endless inputs are read as they are needed: the job stops the command itself, from onResult. */
  @Test
  void run_manyInputs_memoryHoldsOnlyThoseInFlight() throws IOException {
    Path jar = jar("public Iterable<String> inputs(JobContext c) {"
        + " return () -> IntStream.range(0, 3000).mapToObj(i -> \"y\".repeat(1 << 20)).iterator(); }"
        + "public String process(String in) { return \"\" + in.length(); }");
    Cli.Result run = Cli.run("run", jar, "--backend", "threads", "--workers", 2, "--quiet");
    assertThat(run.err()).isEmpty();
    assertThat(run.out().lines()).hasSize(3000);
  }

  @Test
  void run_jobOfTwo_isChosenByName() throws IOException {
    Path jar = JobJars.in(folder).addJob("One", UPPER).addJob("Two", UPPER).build("two.jar");
    assertThat(Cli.run("run", jar, "--job", "two", "--backend", "inline", "--", "x")
            .out())
        .isEqualTo("X\n");
    assertThat(Cli.run("jobs", jar).out()).isEqualTo("one\tabout One\ntwo\tabout Two\n");
  }

  /** A job that cannot be constructed does not hide the others. */
  @Test
  void run_otherJobBroken_isNotInTheWay() throws IOException {
    Path jar = JobJars.in(folder)
        .addJob("Good", UPPER)
        .addJob("Bad", "public Bad() { throw new IllegalStateException(\"no luck\"); }" + UPPER)
        .build("mixed.jar");
    assertThat(Cli.run("run", jar, "--job", "good", "--backend", "inline", "--", "x")
            .out())
        .isEqualTo("X\n");
    Cli.Result jobs = Cli.run("jobs", jar);
    assertThat(jobs.out()).isEqualTo("good\tabout Good\n");
    assertThat(jobs.err()).contains("no luck").hasLineCount(1);
    assertThat(jobs.status()).isEqualTo(3);
  }

  @Test
  void run_classPathOfTheManifest_isHonoured() throws IOException {
    JobJars.in(folder)
        .add("Helper", "public class Helper { public static String help() { return \"helped\"; } }")
        .build("helper.jar");
    Path jar = JobJars.in(folder)
        .add("Helper", "public class Helper { public static String help() { return \"wrong\"; } }")
        .addJob(
            "User",
            "public Iterable<String> inputs(JobContext c) { return List.of(\"x\"); }"
                + "public String process(String in) throws Exception {"
                + " return \"\" + Class.forName(\"demo.Extra\", true, getClass().getClassLoader()).getName(); }")
        .classPath("extra.jar")
        .build("user.jar");
    JobJars.in(folder).add("Extra", "public class Extra {}").build("extra.jar");
    assertThat(Cli.run("run", jar, "--backend", "inline").out()).isEqualTo("demo.Extra\n");
  }

  @Test
  void run_jsonReport_isOneObjectOnStderr() throws IOException {
    Cli.Result run = Cli.run("run", jar(UPPER), "--backend", "inline", "--json", "--", "a", "bad");
    assertThat(run.out()).isEqualTo("A\n");
    assertThat(run.err().lines().filter(line -> line.startsWith("{")).toList().toString())
        .contains("\"done\":1,\"failed\":1", "IllegalStateException: bad input");
  }

  /** All failures are listed, in both forms. */
  @Test
  void run_manyFailures_allAreListed() throws IOException {
    Path jar = jar(
        "public Iterable<String> inputs(JobContext c) {"
            + " return () -> IntStream.range(0, 20_000).mapToObj(i -> \"x\" + i).iterator(); }"
            + "public String process(String in) { throw new IllegalStateException(\"not \" + in + \"y\".repeat(100)); }");
    Cli.Result text = Cli.run("run", jar, "--backend", "inline", "--quiet");
    assertThat(text.err()).hasLineCount(20_001).contains("  input 20000 (x19999): java.lang.");
    Cli.Result json = Cli.run("run", jar, "--backend", "inline", "--quiet", "--json");
    assertThat(json.err()).hasLineCount(1).endsWith("}]}\n");
    assertThat(json.err().split("\"index\":", -1)).hasSize(20_001);
    assertThat(json.err()).contains("[{\"index\":0,", ",{\"index\":19999,");
  }

  @ParameterizedTest
  @ValueSource(strings = {"inline", "threads"})
  void trace_inputFails_showsWhereItWasThrown(String backend) throws IOException {
    Cli.Result run =
        Cli.run("run", jar(UPPER), "--backend", backend, "--trace", "--quiet", "--", "a", "bad");
    assertThat(run.err())
        .contains("  input 2 (bad): java.lang.IllegalStateException: bad input\n")
        .contains("\n    java.lang.IllegalStateException: bad input\n    \tat ")
        .contains("demo.Upper.process(Upper.java:");
    assertThat(run.status()).isEqualTo(1);
  }

  // The job log.

  @Test
  void jobLog_run_hasALineForEachInput() throws IOException {
    Path log = folder.resolve("run.log");
    Cli.run("run", jar(UPPER), "--backend", "threads", "--joblog", log, "--", "a", "bad", "c");
    List<String> lines = Files.readAllLines(log);
    assertThat(lines).hasSize(5);
    assertThat(lines.get(0)).isEqualTo("#procpool-joblog 1 run upper");
    assertThat(lines.get(2)).matches("0\t2\\d{3}-.*Z\t\\d+\\.\\d{6}\t\\d+\t1\tok\t[0-9a-f]{16}\t-");
    assertThat(lines.get(3))
        .matches("1\t-\t-\t-\t1\tfailed\t[0-9a-f]{16}\tjava.lang.IllegalStateException: bad input");
  }

  @Test
  void jobLog_exists_isNotOverwritten() throws IOException {
    Path log = Files.writeString(folder.resolve("run.log"), "precious\n");
    Cli.Result run = Cli.run("run", jar(UPPER), "--backend", "inline", "--joblog", log, "--", "a");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("exists already; go on with it by --resume");
    assertThat(log).hasContent("precious");
  }

  /** What the log has is not run again; what failed and what is missing is; a torn last line is as if it was not there. */
  @Test
  void resume_tornLog_runsTheRest() throws IOException {
    Path jar = jar(UPPER);
    Path log = folder.resolve("run.log");
    Cli.run("run", jar, "--backend", "inline", "--joblog", log, "--", "a", "bad", "c", "d");
    String whole = Files.readString(log);
    Files.writeString(log, whole.substring(0, whole.length() - 5)); // tears the line of d
    Cli.Result run = Cli.run(
        "run",
        jar,
        "--backend",
        "inline",
        "--joblog",
        log,
        "--resume",
        "--",
        "a",
        "bad",
        "c",
        "d",
        "e");
    assertThat(run.out()).isEqualTo("D\nE\n");
    assertThat(run.status()).isEqualTo(1);
    assertThat(run.err()).contains("2 were done before");
    Cli.Result again = Cli.run(
        "run",
        jar,
        "--backend",
        "inline",
        "--joblog",
        log,
        "--resume",
        "--",
        "a",
        "bad",
        "c",
        "d",
        "e");
    assertThat(again.out()).isEmpty();
    assertThat(again.err()).contains("1 of 1 input failed", "4 were done before");
  }

  @Test
  void resume_inputsChanged_isRefused() throws IOException {
    Path jar = jar(UPPER);
    Path log = folder.resolve("run.log");
    Cli.run("run", jar, "--backend", "inline", "--joblog", log, "--", "a", "b", "c");
    Cli.Result changed = Cli.run(
        "run", jar, "--backend", "inline", "--joblog", log, "--resume", "--", "a", "x", "c");
    assertThat(changed.status()).isEqualTo(2);
    assertThat(changed.err()).contains("--resume: input 2 is not the one that");
    Cli.Result fewer =
        Cli.run("run", jar, "--backend", "inline", "--joblog", log, "--resume", "--", "a", "b");
    assertThat(fewer.status()).isEqualTo(2);
    assertThat(fewer.err()).contains("1 input beyond the last one");
  }

  /** A sum over the rest of the inputs would be wrong; as long as the log has none as done it is a sum over all. */
  @Test
  void resume_jobWithFinish_isRefusedOnceSomethingIsDone() throws IOException {
    Path jar = jar(
        "private int sum; public Iterable<String> inputs(JobContext c) { return c.arguments(); }"
            + "public String process(String in) { return \"\" + Integer.parseInt(in); }"
            + "public void onResult(String in, String r, JobContext c) { sum += Integer.parseInt(r); }"
            + "public void finish(JobContext c) { c.out().println(\"sum \" + sum); }");
    Path log = folder.resolve("run.log");
    Object[] none = {"run", jar, "--backend", "inline", "--joblog", log, "--", "x"};
    assertThat(Cli.run(none).status()).isEqualTo(1);
    Object[] one = {"run", jar, "--backend", "inline", "--joblog", log, "--resume", "--", "1"};
    assertThat(Cli.run(one).out()).isEqualTo("sum 1\n");
    Cli.Result again = Cli.run(one);
    assertThat(again.out()).isEmpty();
    assertThat(again.err())
        .startsWith("pool-master: --resume: job \"upper\" has a finish() of its own")
        .contains("has 1 input as done); run all again, with another --joblog")
        .hasLineCount(1);
    assertThat(again.status()).isEqualTo(2);
  }

  @Test
  void resume_otherJobsLog_isRefused() throws IOException {
    Path log = folder.resolve("run.log");
    Path jar = jar(UPPER);
    Cli.run("run", jar, "--backend", "inline", "--joblog", log, "--", "a");
    Cli.Result run = Cli.runWith(
        "1\n",
        "map",
        jar,
        "java.lang.Math::abs(int)",
        "--backend",
        "inline",
        "--joblog",
        log,
        "--resume");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("is the log of run upper, not of map java.lang.Math::abs(int)");
  }

  @Test
  void resume_brokenLine_isNamed() throws IOException {
    Path log =
        Files.writeString(folder.resolve("run.log"), "#procpool-joblog 1 run upper\n0\tgarbage\n");
    Cli.Result run =
        Cli.run("run", jar(UPPER), "--backend", "inline", "--joblog", log, "--resume", "--", "a");
    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("line 2 cannot be read");
  }
}
