// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.launch.MachineMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each wrong input gives one line that names the thing and the remedy, the documented status, and no stack trace. */
final class BadInputTest {
  private static final String INPUTS =
      "public Iterable<String> inputs(JobContext c) { return c.arguments(); }\n";
  private static final String ECHO = INPUTS + "public String process(String in) { return in; }";

  @TempDir
  Path folder;

  private static void assertRefused(Cli.Result result, int status, String... parts) {
    assertThat(result.err()).startsWith("pool-master: ").contains(parts).hasLineCount(1);
    assertThat(result.err()).contains("; ");
    assertThat(result.out()).isEmpty();
    assertThat(result.status()).isEqualTo(status);
  }

  private Path echoJar() throws IOException {
    return JobJars.in(folder).addJob("Echo", ECHO).build("echo.jar");
  }

  @Test
  void run_missingJar_isNamed() {
    assertRefused(Cli.run("run", folder.resolve("none.jar")), 3, "none.jar", "no such file");
  }

  @Test
  void run_folder_isNamed() {
    assertRefused(Cli.run("run", folder), 3, "is a folder");
  }

  @Test
  void run_notAJar_isNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("text.jar"), "hello");
    assertRefused(Cli.run("run", file), 3, "text.jar: is not a jar");
  }

  @Test
  void run_unreadableJar_isNamed() throws IOException {
    Path jar = echoJar();
    org.junit.jupiter.api.Assumptions.assumeTrue(
        jar.toFile().setReadable(false) && !Files.isReadable(jar));
    assertRefused(Cli.run("run", jar), 3, "cannot be read");
  }

  @Test
  void run_jarWithoutJob_saysWhatAJobIs() throws IOException {
    Path jar = JobJars.in(folder).add("Plain", "public class Plain {}").build("plain.jar");
    assertRefused(Cli.run("run", jar), 3, "offers no job", "META-INF/services");
  }

  @Test
  void run_unknownJob_listsTheNames() throws IOException {
    Path jar = JobJars.in(folder).addJob("One", ECHO).addJob("Two", ECHO).build("two.jar");
    assertRefused(Cli.run("run", jar, "--job", "three"), 3, "\"three\"", "one, two");
  }

  @Test
  void run_twoJobsNoneChosen_listsTheNames() throws IOException {
    Path jar = JobJars.in(folder).addJob("One", ECHO).addJob("Two", ECHO).build("two.jar");
    assertRefused(Cli.run("run", jar), 3, "several jobs: one, two", "--job");
  }

  @Test
  void run_jobWhoseConstructorThrows_saysWhy() throws IOException {
    Path jar = JobJars.in(folder)
        .addJob("Bad", "public Bad() { throw new IllegalStateException(\"no luck\"); }" + ECHO)
        .build("bad.jar");
    assertRefused(Cli.run("run", jar), 3, "demo.Bad cannot be constructed", "no luck");
  }

  /** What is wrong with a job class is said, not what Java makes of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "public class Odd|public Odd(int x) {} public String name() { return \"odd\"; }|has no public constructor without parameters; add one",
        "public class Odd|Odd() {} public String name() { return \"odd\"; }|has no public constructor without parameters; add one",
        "public abstract class Odd|public String name() { return \"odd\"; }|is abstract; list a class that is not",
        "class Odd|public Odd() {} public String name() { return \"odd\"; }|is not public; make it public",
        "public class Odd|public String name() { return null; }|has null as its name; name() must return a word",
        "public class Odd|public String name() { throw new IllegalStateException(\"x\"); }|does not tell its name: java.lang.IllegalStateException: x; name() must not fail",
      })
  void run_jobClassUnusable_saysWhy(String head, String members, String message)
      throws IOException {
    Path jar = JobJars.in(folder)
        .add(
            "Odd",
            head + " implements Job<String, String> { public String description() { return null; }"
                + members + ECHO + "}")
        .service("demo.Odd")
        .build("odd.jar");
    assertRefused(Cli.run("run", jar), 3, "odd.jar: job class demo.Odd " + message);
  }

  @Test
  void run_emptyPath_isNamed() {
    assertRefused(Cli.run("run", ""), 3, "\"\": is no path; give the path of a job jar");
  }

  @Test
  void run_undecodableArgument_hintsAtTheLocale() throws IOException {
    assertRefused(
        Cli.run("run", "n\ufffd.jar"), 3, "no such file; ", "; an argument is not in the");
    Path jar = JobJars.in(folder)
        .addJob(
            "Picky",
            "public Iterable<String> inputs(JobContext c) {"
                + " throw new IllegalArgumentException(\"no such file; give another\"); }"
                + "public String process(String in) { return in; }")
        .build("picky.jar");
    assertRefused(
        Cli.run("run", jar, "--backend", "inline", "--", "n\ufffd"), 2, "try LC_ALL=C.UTF-8");
  }

  @Test
  void run_jobWhoseClassIsMissing_saysWhich() throws IOException {
    Path jar = JobJars.in(folder).service("demo.Gone").build("gone.jar");
    assertRefused(Cli.run("run", jar), 3, "demo.Gone");
  }

  @Test
  void run_argumentsNotAcceptable_showsTheJobsMessage() throws IOException {
    Path jar = JobJars.in(folder)
        .addJob(
            "Picky",
            "public Iterable<String> inputs(JobContext c) {"
                + " throw new IllegalArgumentException(\"give a folder; got nothing\"); }"
                + "public String process(String in) { return in; }")
        .build("picky.jar");
    assertRefused(
        Cli.run("run", jar, "--backend", "inline"), 2, "picky: give a folder; got nothing");
  }

  @Test
  void run_inputsFail_isNotLoaded() throws IOException {
    Path jar = JobJars.in(folder)
        .addJob(
            "Lost",
            "public Iterable<String> inputs(JobContext c) throws Exception {"
                + " throw new java.nio.file.NoSuchFileException(\"x.txt\"); }"
                + "public String process(String in) { return in; }")
        .build("lost.jar");
    assertRefused(Cli.run("run", jar, "--backend", "inline"), 3, "NoSuchFileException: x.txt");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--workers 0|--workers: \"0\" is not valid; give a whole number, 1 to 512",
        "--workers many|--workers: \"many\"",
        "--workers 513|1 to 512",
        "--timeout soon|--timeout: \"soon\" is not a time",
        "--timeout 0s|above zero",
        "--timeout 99999999999999h|--timeout: \"99999999999999h\" is too long",
        "--timeout PT999999999H|is too long",
        "--retries 1001|--retries: \"1001\"",
        "--retry-on crash|--retry-on: has no effect without retries",
        "--retry-delay 1s|--retry-delay: has no effect without retries",
        "--retries 1 --retry-on oom|--retry-on: \"oom\" is not known; give some of crash",
        "--retries 1 --retry-delay 0s|--retry-delay: \"0s\"",
        "--retries -1|--retries: \"-1\"",
        "--heap lots|--heap: \"lots\" is not a size; give it as 512m or 2g",
        "--heap 1k|too small",
        "--heap 2m|--heap: 2m is too small for a worker; give 3m or more",
        "--heap 1000t|of memory that this process may use",
        "--heap 99999999999t|is not a size",
        "--max-tasks 0|--max-tasks: \"0\"",
        "--min-workers 3 --workers 2|--min-workers: 3 is above the 2 of --workers; lower it",
        "--min-workers -1|--min-workers: \"-1\"",
        "--idle-timeout 1s|--idle-timeout: has no effect on a fixed number of workers",
        "--idle-timeout soon --min-workers 0|--idle-timeout: \"soon\" is not a time",
        "--max-age never|--max-age: \"never\" is not a time",
        "--recycle-rss 4k|--recycle-rss: 4k is too small",
        "--max-heap-after-gc 4k|--max-heap-after-gc: 4k is too small",
        "--spares 513|0 to 512",
        "--chaos kill-before=0.1|has no seed",
        "--chaos seed=1|does no harm",
        "--chaos seed=1,kill-before=2|a rate, 0 to 1",
        "--chaos seed=1,kill-before=0.1:1s|is not valid",
        "--chaos seed=1,slow=0.1|is not valid",
        "--chaos seed=1,slow=0.1:0s|above zero",
        "--chaos seed=1,burn=0.1|\"burn=0.1\" is not valid",
        "--chaos seed=x,slow=0.1:1s|\"seed=x\" is not valid",
        "--chaos seed=1,slow=0.1:1s --backend threads|--chaos: has no effect with --backend threads",
        "--debug-workers --backend inline|--debug-workers: has no effect with --backend inline",
        "--debug-workers --jvm-arg=-agentlib:jdwp=transport=dt_socket,server=y,suspend=n|contradicts -agentlib:jdwp=transport=dt_socket",
        "--timeout 0.001ms|--timeout: \"0.001ms\" is too short; give 1ms or more",
        "--retries 0 --retry-on crash|--retry-on: has no effect with --retries 0; raise it",
        "--min-workers 2 --workers 2 --idle-timeout 1s|--idle-timeout: has no effect with --min-workers 2",
        "--max-age 1ms|--max-age: 1ms is too short, because a JVM takes that long to start; give 1s",
        "--heap 64m --max-heap-after-gc 64m|--max-heap-after-gc: 64m is not below --heap 64m",
        "--max-heap 900t|--max-heap: 989560464998400 is not below the heap of ",
        "--max-heap 900t|so a worker would run out of memory first; lower it, or give more with --heap",
        "--heap 1g --workers 1 --spares 512|; lower --workers, --spares or --heap",
        "--record=|--record: \"\" names no directory; give its path",
        "--worker-logs loud|--worker-logs: \"loud\" is not a level; give trace, debug, info, warning or error",
        "--worker-logs info --backend threads|--worker-logs: has no effect with --backend threads",
        "--worker-logs info --jvm-arg=-Dslf4j.provider=a.B|--worker-logs: contradicts --jvm-arg=-Dslf4j.provider=a.B",
        "--record /etc/hostname|--record: /etc/hostname cannot be written (/etc/hostname is not a directory)",
        "--record /etc/hostname/x|(/etc/hostname is not a directory); name a directory that you can write to",
        "--record /proc/none/x|--record: /proc/none/x cannot be written (",
        "--record a\"b|--record: \"a\"b\" cannot be given to a JVM; name a directory without quotes",
        "--record x --backend inline|--record: has no effect with --backend inline",
        "--record x --jvm-arg=-XX:FlightRecorderOptions=stackdepth=9|contradicts --jvm-arg=-XX:FlightRecorderOptions",
        "--spares 1 --backend threads|--spares: has no effect with --backend threads",
        "--max-age 1m --backend threads|--max-age: has no effect",
        "--min-workers 0 --backend inline|--min-workers: has no effect",
        "--jvm-arg Xmx1g|--jvm-arg: \"Xmx1g\"",
        "--jvm-arg=-cp|--jvm-arg: \"-cp\" cannot be given; what workers load is the job jar",
        "--jvm-arg=-Xmx900t|--jvm-arg=-Xmx900t: 900 TiB for each worker is above the",
        "--jvm-arg=-version|refuses -version (with it the JVM ends before it runs anything); correct or remove",
        "--jvm-arg=--dry-run|refuses --dry-run (with it the JVM ends before",
        "--jvm-arg=-X|refuses -X (with it the JVM ends before",
        "--jvm-arg=--help-extra|refuses --help-extra (with it the JVM ends before",
        "--jvm-arg=-XX:+UseZGC --jvm-arg=-XX:+UseSerialGC|Multiple garbage collectors",
        "--backend magic|processes, threads or inline",
        "--resume|add --joblog FILE",
        "--timeout 1s --backend threads|--timeout: has no effect with --backend threads",
        "--retries 1 --backend inline|--retries: has no effect with --backend inline",
        "--heap 64m --backend inline|--heap: has no effect",
        "--max-tasks 3 --backend threads|--max-tasks: has no effect",
        "--jvm-arg=-Xss1m --backend threads|--jvm-arg: has no effect",
        "--workers 2 --backend inline|--workers: has no effect",
        "--unordered --backend inline|--unordered: has no effect",
        "--frobnicate|--frobnicate: no such option; see pool-master run --help",
        "--joblog /proc/none/x.log --backend inline|--joblog: /proc/none/x.log cannot be written",
        "extra|job arguments go behind --",
      })
  void run_wrongOption_isNamed(String options, String message) throws IOException {
    Object[] args = ("run " + echoJar() + " " + options).split(" ");
    assertRefused(Cli.run(args), 2, message);
  }

  /** Recordings of two runs are not mixed. */
  @Test
  void run_recordingsOfAnEarlierRun_areKept() throws IOException {
    Path old = Files.writeString(folder.resolve("worker-7.jfr"), "old");
    assertRefused(
        Cli.run("run", echoJar(), "--record", folder, "--", "a"),
        2,
        "--record: " + folder + " has recordings of an earlier run (worker-7.jfr); remove them");
    assertThat(old).hasContent("old");
  }

  @Test
  void run_heapTimesWorkersAboveMemory_showsTheArithmetic() throws IOException {
    long quarter = MachineMemory.bytes() / 4 >> 20;
    assertRefused(
        Cli.run("run", echoJar(), "--heap", quarter + "m", "--workers", 8),
        2,
        "8 workers of",
        "lower --heap or --workers");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Nonsense|2|is not a method",
        "demo.Gone::run|3|class demo.Gone is neither in the jar",
        "demo.Tools::gone|2|no such method; of one argument there is parse, twice",
        "demo.Tools::instance|2|is not static",
        "demo.Tools::hidden|2|is not public",
        "demo.Tools::two|2|takes 2 arguments",
        "demo.Tools::none|2|takes 0 arguments",
        "demo.Tools::twice|2|is ambiguous; choose one of demo.Tools::twice(int), demo.Tools::twice(long)",
        "demo.Tools::twice(char)|2|no such overload; there is demo.Tools::twice(int), demo.Tools::twice(long)",
        "demo.Tools::list|2|no line can be converted to its parameter type java.util.List",
        "demo.Closed::run|2|class demo.Closed is not public",
      })
  void map_wrongMethod_isNamed(String target, int status, String message) throws IOException {
    Path jar = JobJars.in(folder)
        .add(
            "Tools",
            "public class Tools {"
                + "public static int twice(int x) { return 2 * x; }"
                + "public static long twice(long x) { return 2 * x; }"
                + "public static String parse(String x) { return x; }"
                + "public static void list(List<String> x) {}"
                + "public static int two(int x, int y) { return x; }"
                + "public static int none() { return 1; }"
                + "static int hidden(int x) { return x; }"
                + "public int instance(int x) { return x; } }")
        .add("Closed", "class Closed { public static int run(int x) { return x; } }")
        .build("tools.jar");
    assertRefused(Cli.run("map", jar, target, "--backend", "inline"), status, message);
  }

  @Test
  void map_missingInput_isNamed() throws IOException {
    assertRefused(
        Cli.run("map", echoJar(), "java.lang.Integer::parseInt", "--input", "/nowhere.txt"),
        2,
        "--input: /nowhere.txt cannot be read (no such file)");
    assertRefused(
        Cli.run("map", echoJar(), "java.lang.Integer::parseInt", "--input", "a\0b"),
        2,
        "--input: a\0b is no path (");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--out x.html|--out: x.html: only json",
        "--out x.svg|--out: x.svg: only json",
        "--out /proc/none/x.json|does not exist",
        "--workers 1,0|--workers: \"0\"",
        "--workers 2,2|given twice",
        "--repeat 0|--repeat: \"0\"",
        "--backend threads|--backend: no such option of compare, which times the job as it is; run has it",
        "--frobnicate|--frobnicate: no such option; see pool-master compare --help",
      })
  void compare_wrongOption_isNamed(String options, String message) throws IOException {
    Object[] args = ("compare " + echoJar() + " " + options).split(" ");
    assertRefused(Cli.run(args), 2, message);
  }

  @Test
  void command_unknown_isNamed() {
    assertRefused(Cli.run("walk"), 2, "walk");
  }

  @Test
  void command_none_listsCommands() {
    assertRefused(Cli.run(), 2, "no command given");
  }

  @Test
  void map_jobArguments_areRefused() throws IOException {
    assertRefused(
        Cli.run("map", echoJar(), "java.lang.Integer::parseInt", "--", "x"),
        2,
        "only run and compare");
  }

  @Test
  void trace_asked_showsTheStack() {
    Cli.Result result = Cli.run("run", folder.resolve("none.jar"), "--trace");
    assertThat(result.err())
        .contains("no such file")
        .contains("\tat io.procpool.master.cli.JobJar");
  }
}
