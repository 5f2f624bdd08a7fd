// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.PoolOptions;
import io.procpool.master.launch.MachineMemory;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pool-master compare}: the same job inline, on threads and on processes. */
@Command(
    name = "compare",
    header = "Times the same job inline, on threads and on worker processes.",
    customSynopsis =
        "pool-master compare JOB.jar [--job NAME] [--workers 1,2,4] [--repeat N] [--out FILE.json]"
            + " [-- job arguments]",
    description = {
      "",
      "Each run is the whole job in a fresh JVM: inline, on threads and on processes in turn, several rounds, after one"
          + " round that is not counted. What the job prints is discarded; its results must be the same in every run.",
      "",
      "Wall time is from the opening of the pool to its end, the start of the workers included, the start of the JVM"
          + " around it not; CPU time is that of all processes; GC time is the sum of all pauses in all of them; peak"
          + " memory is the sum of each process's own peak (pages they share count in each). n/a: cannot be measured here.",
      "Exit status: 1 if inputs failed, a run failed, or results differed.",
      ""
    },
    sortOptions = false)
final class CompareCommand implements Callable<Integer> {
  private static final int DEFAULT_ROUNDS = 3;
  private static final int MAX_ROUNDS = 1000;
  private static final long ERROR_TAIL_BYTES = 4096;
  private static final long SIGNAL_PATIENCE_MILLIS = 500;

  @Parameters(index = "0", paramLabel = "JOB.jar", description = "The job jar.")
  Path jar = Path.of("");

  @Option(
      names = "--job",
      paramLabel = "NAME",
      description = "The job, if the jar offers several; see pool-master jobs.")
  @Nullable
  String jobName;

  @Option(
      names = "--workers",
      paramLabel = "N,N,...",
      description =
          "Numbers of workers. Default: 1, 2, 4, ... up to the CPUs this process may use.")
  @Nullable
  String workersText;

  @Option(
      names = "--repeat",
      paramLabel = "N",
      description = "Rounds that are counted. Default: 3.")
  @Nullable
  String repeatText;

  @Option(
      names = "--out",
      paramLabel = "FILE.json",
      description = "Keep all figures of all runs, with machine, JVM and command.")
  @Nullable
  Path out;

  @Option(
      names = "--heap",
      paramLabel = "SIZE",
      description = "Maximum heap of each worker process: 512m, 2g.")
  @Nullable
  String heapText;

  @Option(
      names = "--jvm-arg",
      paramLabel = "FLAG",
      description = "A further JVM flag of the worker processes; repeatable.")
  List<String> jvmArgs = new ArrayList<>();

  @Option(names = "--json", description = "Print all figures as JSON in the place of the table.")
  boolean json;

  @Option(names = "--quiet", description = "No progress.")
  boolean quiet;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;
  private final List<String> jobArguments;
  private final String[] commandLine;
  private final CountDownLatch interruption = new CountDownLatch(1);
  private boolean incomplete; // the command's thread only
  private volatile boolean concluded;
  private volatile @Nullable Process running;

  CompareCommand(Console console, List<String> jobArguments, String[] commandLine) {
    this.console = console;
    this.jobArguments = jobArguments;
    this.commandLine = commandLine;
  }

  /** A column of the comparison: a backend and a number of workers. */
  private record Variant(String backend, int workers) {
    String label() {
      return backend.equals(PoolOptions.INLINE)
          ? backend
          : backend + ", " + Texts.count(workers, "worker");
    }
  }

  private record Run(MeasuredRun.Report report, GcLog gc) {
    double cpuSeconds() {
      return report.masterCpuNanos() < 0 || report.workersCpuNanos() < 0
          ? Double.NaN
          : (report.masterCpuNanos() + report.workersCpuNanos()) / 1e9;
    }

    double peakBytes() {
      return report.peakBytes() < 0 ? Double.NaN : report.peakBytes();
    }
  }

  /** What is known of a variant: its counted runs, or why there are none. */
  private static final class Series {
    final Variant variant;
    final List<Run> runs = new ArrayList<>();

    @Nullable
    String problem;

    Series(Variant variant) {
      this.variant = variant;
    }

    double median(ToDoubleFunction<Run> figure) {
      double[] values = runs.stream().mapToDouble(figure).sorted().toArray();
      if (values.length == 0) {
        return Double.NaN;
      }
      int middle = values.length / 2;
      return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    double most(ToDoubleFunction<Run> figure) {
      return runs.stream().mapToDouble(figure).max().orElse(Double.NaN);
    }

    double wallSeconds() {
      return median(run -> run.report().wallNanos() / 1e9);
    }
  }

  @Override
  public Integer call() throws CommandException {
    int rounds =
        repeatText == null ? DEFAULT_ROUNDS : Values.number("--repeat", repeatText, 1, MAX_ROUNDS);
    List<Integer> workers = workerCounts();
    int most = workers.stream().mapToInt(Integer::intValue).max().orElse(1);
    long heap = heapText == null ? 0 : PoolFlags.heap("--heap", heapText, most);
    PoolFlags.checkJvmArgs(jvmArgs, heap, most);
    checkOut();
    String job = checkedJob();
    List<Series> all = new ArrayList<>();
    all.add(new Series(new Variant(PoolOptions.INLINE, 1)));
    for (String backend : List.of(PoolOptions.THREADS, PoolOptions.PROCESSES)) {
      for (int count : workers) {
        all.add(new Series(new Variant(backend, count)));
      }
    }
    Interruption.Target target = new Interruption.Target() {
      @Override
      public void interrupt() {
        interruption.countDown();
        Process current = running;
        if (current != null) {
          current.destroyForcibly(); // its workers end with it
        }
      }

      @Override
      public void conclude() {
        if (!concluded) {
          concluded = true;
          console.remark("interrupted: the comparison is not complete, nothing was kept");
        }
      }
    };
    try (Interruption ignored = new Interruption(console, target)) {
      Path folder = Files.createTempDirectory("procpool-compare-");
      try {
        runAll(folder, job, heap, rounds, all);
      } finally {
        deleteAll(folder);
      }
      return report(job, rounds, all);
    } catch (IOException e) {
      throw CommandException.failed(
          "the temporary folder cannot be used: " + Texts.failure(e)
              + "; make room, or name another with -Djava.io.tmpdir",
          e);
    }
  }

  private boolean isInterrupted() {
    return interruption.getCount() == 0;
  }

  private List<Integer> workerCounts() throws CommandException {
    if (workersText != null) {
      return Values.numbers("--workers", workersText, 1, PoolOptions.MAX_WORKERS);
    }
    int cpus = Runtime.getRuntime().availableProcessors();
    TreeSet<Integer> counts = new TreeSet<>(List.of(cpus));
    for (int count = 1; count < cpus; count *= 2) {
      counts.add(count);
    }
    return List.copyOf(counts);
  }

  private void checkOut() throws CommandException {
    Path file = out;
    if (file == null) {
      return;
    }
    String name = file.toString();
    if (!name.toLowerCase(Locale.ROOT).endsWith(".json")) {
      throw CommandException.usage(
          "--out: " + name + ": only json can be written so far; name a file that ends in .json");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (Files.isDirectory(file) || folder == null || !Files.isDirectory(folder)) {
      throw CommandException.usage(
          "--out: " + name + " cannot be written (" + JobLog.why(file, new IOException("no folder"))
              + "); name a file in a folder that you can write to");
    }
    if (!Files.isWritable(Files.exists(file) ? file : folder)) {
      throw CommandException.usage(
          "--out: " + name
              + " cannot be written (permission denied); name a file in a folder that you can write to");
    }
  }

  /** Loads the job here once, so that what is wrong with it is said before anything is run. */
  private String checkedJob() throws CommandException {
    try (JobJar jobJar = JobJar.open(jar);
        Console.Diversion ignored = console.divertSystemOut();
        Interruption loading = Interruption.ofLoading(console, String.valueOf(jar))) {
      jobJar.checkForWorkers();
      return jobJar.job(jobName).job().name();
    }
  }

  private void runAll(Path folder, String job, long heap, int rounds, List<Series> all)
      throws IOException, CommandException {
    for (int round = 0; round <= rounds; round++) {
      for (Series series : all) {
        if (isInterrupted() || series.problem != null) {
          continue;
        }
        if (!quiet) {
          console.remark((round == 0 ? "warm-up" : "round " + round + " of " + rounds) + ": "
              + series.variant.label());
        }
        Path own = Files.createTempDirectory(folder, "run-");
        Run run = run(own, job, heap, series.variant);
        deleteAll(own);
        String problem = run.report().problem();
        if (isInterrupted()) {
          return;
        }
        if (problem != null && round == 0 && isOfAll(run.report(), series.variant, job)) {
          throw CommandException.of(run.report().status(), problem);
        }
        if (problem != null) {
          series.problem = problem;
        } else if (round > 0) {
          series.runs.add(run);
        }
      }
    }
  }

  /** Tells whether a problem is one of the job, its inputs or its workers that no other run will be without. */
  private static boolean isOfAll(MeasuredRun.Report report, Variant variant, String job) {
    return report.status() == ExitStatus.USAGE
        || report.status() == ExitStatus.NOT_LOADED
        || (variant.backend().equals(PoolOptions.INLINE)
            && String.valueOf(report.problem()).startsWith(job + ": "));
  }

  private Run run(Path folder, String job, long heap, Variant variant) throws IOException {
    Path spec = folder.resolve("spec");
    Path report = folder.resolve("report");
    Path errors = folder.resolve("stderr");
    List<String> workerFlags = new ArrayList<>(jvmArgs);
    workerFlags.add(GcLog.flag(folder, "worker"));
    try (ObjectOutputStream to = new ObjectOutputStream(Files.newOutputStream(spec))) {
      to.writeObject(new MeasuredRun.Spec(
          jar.toAbsolutePath().toString(),
          job,
          List.copyOf(jobArguments),
          variant.backend(),
          variant.workers(),
          heap,
          workerFlags,
          heap > 0 || !jvmArgs.isEmpty()));
    }
    Process process = new ProcessBuilder(javaCommand(folder, spec, report))
        .redirectInput(Redirect.PIPE)
        .redirectOutput(Redirect.DISCARD)
        .redirectError(errors.toFile())
        .start();
    running = process;
    if (isInterrupted()) {
      process.destroyForcibly();
    }
    int exit = waitFor(process);
    running = null;
    if (exit == ExitStatus.INTERRUPTED || exit == ExitStatus.TERMINATED) {
      awaitInterruption();
    }
    if (Files.exists(report)) {
      try (ObjectInputStream from = new ObjectInputStream(Files.newInputStream(report))) {
        return new Run((MeasuredRun.Report) from.readObject(), GcLog.read(folder));
      } catch (ClassNotFoundException e) {
        throw new IOException(e);
      }
    }
    String tail = tail(errors);
    return new Run(
        MeasuredRun.Report.problem(
            ExitStatus.SOME_FAILED,
            "its JVM ended with exit status " + exit
                + (tail.isEmpty() ? "" : ": " + Texts.brief(tail))),
        new GcLog(0, 0, 0));
  }

  /** At Ctrl-C the terminal sends the signal to the run, too, and the run may be faster. */
  private void awaitInterruption() {
    try {
      boolean ignored = interruption.await(SIGNAL_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int waitFor(Process process) {
    boolean wasInterrupted = false;
    while (true) {
      try {
        int exit = process.waitFor();
        if (wasInterrupted) {
          Thread.currentThread().interrupt();
        }
        return exit;
      } catch (InterruptedException e) {
        wasInterrupted = true;
        interruption.countDown();
        process.destroyForcibly();
      }
    }
  }

  private static List<String> javaCommand(Path folder, Path spec, Path report) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String flag : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      boolean ofTheCommandOnly = flag.startsWith("-agentlib")
          || flag.startsWith("-javaagent")
          || flag.startsWith("-Xlog")
          || flag.startsWith("-Xrunjdwp")
          || flag.startsWith("-Dcom.sun.management");
      if (!ofTheCommandOnly) {
        command.add(flag);
      }
    }
    command.add(GcLog.flag(folder, "master"));
    Path classPath = folder.resolve("class-path");
    String escaped =
        System.getProperty("java.class.path").replace("\\", "\\\\").replace("\"", "\\\"");
    Files.writeString(classPath, "-cp \"" + escaped + "\"\n", StandardCharsets.UTF_8);
    command.add("@" + classPath);
    command.add(MeasuredRun.class.getName());
    command.add(spec.toString());
    command.add(report.toString());
    return command;
  }

  private static String tail(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    int from = (int) Math.max(0, bytes.length - ERROR_TAIL_BYTES);
    return new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8).strip();
  }

  private void deleteAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      if (!isInterrupted()) { // then workers of the run may just be writing
        throw e instanceof IOException failure ? failure : new IOException(e);
      }
    }
  }

  private int report(String job, int rounds, List<Series> all) throws CommandException {
    incomplete = isInterrupted();
    if (incomplete && all.stream().allMatch(series -> series.runs.isEmpty())) {
      return ExitStatus.INTERRUPTED; // conclude() says it
    }
    Map<String, @Nullable Object> figures = figures(job, rounds, all);
    if (json) {
      console.out().append(Json.pretty(figures));
    } else {
      printTable(job, rounds, all);
    }
    Path file = out;
    if (file != null) {
      write(file, Json.pretty(figures));
    }
    int status = judge(all);
    console.flushResults();
    concluded = true;
    if (!incomplete) {
      return status;
    }
    long runs = all.stream().mapToLong(series -> series.runs.size()).sum();
    console.remark("interrupted: the comparison is not complete, " + runs + " of "
        + Texts.count((long) rounds * all.size(), "run") + " were done; "
        + (json ? "complete is false" : "n/a in the table: not run"));
    return ExitStatus.INTERRUPTED;
  }

  private int judge(List<Series> all) {
    int status = ExitStatus.DONE;
    TreeSet<String> digests = new TreeSet<>();
    for (Series series : all) {
      if (series.problem != null) {
        console.remark(series.variant.label() + ": not measured: " + series.problem);
        status = ExitStatus.SOME_FAILED;
      }
      double failed = series.most(run -> run.report().failed());
      if (failed > 0) {
        console.remark(series.variant.label() + ": up to " + (long) failed + " of "
            + Texts.count(series.runs.get(0).report().inputs(), "input") + " failed, first with "
            + firstFailure(series));
        status = ExitStatus.SOME_FAILED;
      }
      series.runs.forEach(run -> digests.add(run.report().digest()));
    }
    if (digests.size() > 1) {
      console.remark("the results are not the same in all runs (" + digests.size()
          + " different ones): the times compare different work");
      status = ExitStatus.SOME_FAILED;
    }
    return status;
  }

  private static String firstFailure(Series series) {
    for (Run run : series.runs) {
      String failure = run.report().firstFailure();
      if (failure != null) {
        return failure;
      }
    }
    return "(none)";
  }

  private void printTable(String job, int rounds, List<Series> all) {
    console
        .out()
        .append("job " + job + " of " + jar.getFileName() + ", " + inputs(all) + "; median of "
            + (incomplete ? "what was done of " : "")
            + Texts.count(rounds, "round") + "; " + Machine.processor() + ", "
            + Texts.count(Runtime.getRuntime().availableProcessors(), "CPU") + ", "
            + Texts.bytes(MachineMemory.bytes()) + "; JVM " + Runtime.version() + "\n");
    List<String[]> rows = new ArrayList<>();
    rows.add(new String[] {
      "backend", "workers", "wall", "speed-up", "CPU", "GC time", "longest pause", "peak memory"
    });
    double inline = all.get(0).wallSeconds();
    for (Series series : all) {
      boolean isInline = series.variant.backend().equals(PoolOptions.INLINE);
      rows.add(new String[] {
        series.variant.backend(),
        isInline ? "-" : String.valueOf(series.variant.workers()),
        seconds(series.wallSeconds()),
        ratio(inline / series.wallSeconds()),
        seconds(series.median(Run::cpuSeconds)),
        seconds(series.median(run -> run.gc().seconds())),
        seconds(series.most(run -> run.gc().longestSeconds())),
        bytes(series.most(Run::peakBytes))
      });
    }
    int[] widths = new int[rows.get(0).length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        widths[i] = Math.max(widths[i], row[i].length());
      }
    }
    for (String[] row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < row.length; i++) {
        String padding = " ".repeat(widths[i] - row[i].length());
        line.append(i == 0 ? row[i] + padding : "  " + padding + row[i]);
      }
      console.out().append(line.toString().stripTrailing()).append('\n');
    }
  }

  private static String inputs(List<Series> all) {
    for (Series series : all) {
      if (!series.runs.isEmpty()) {
        return Texts.count(series.runs.get(0).report().inputs(), "input");
      }
    }
    return "n/a inputs";
  }

  private static String seconds(double seconds) {
    return Double.isNaN(seconds) ? "n/a" : Texts.seconds(seconds);
  }

  private static String ratio(double ratio) {
    return Double.isNaN(ratio) ? "n/a" : String.format(Locale.ROOT, "%.2f", ratio);
  }

  private static String bytes(double bytes) {
    return Double.isNaN(bytes) ? "n/a" : Texts.bytes((long) bytes);
  }

  private static @Nullable Object figure(double value) {
    return Double.isNaN(value) ? null : value;
  }

  private static @Nullable Object wholeFigure(double value) {
    return Double.isNaN(value) ? null : (long) value;
  }

  private Map<String, @Nullable Object> figures(String job, int rounds, List<Series> all) {
    Map<String, @Nullable Object> variants = Json.object();
    double inline = all.get(0).wallSeconds();
    for (Series series : all) {
      List<Object> runs = new ArrayList<>();
      for (Run run : series.runs) {
        runs.add(Json.object(
            "wallSeconds", run.report().wallNanos() / 1e9,
            "cpuSecondsMaster",
                figure(
                    run.report().masterCpuNanos() < 0
                        ? Double.NaN
                        : run.report().masterCpuNanos() / 1e9),
            "cpuSecondsWorkers",
                figure(
                    run.report().workersCpuNanos() < 0
                        ? Double.NaN
                        : run.report().workersCpuNanos() / 1e9),
            "gcSeconds", run.gc().seconds(),
            "gcPauses", run.gc().count(),
            "longestPauseSeconds", run.gc().longestSeconds(),
            "peakBytes", run.report().peakBytes() < 0 ? null : run.report().peakBytes(),
            "failedInputs", run.report().failed(),
            "resultsSha256", run.report().digest()));
      }
      variants.put(
          series.variant.label(),
          Json.object(
              "backend", series.variant.backend(),
              "workers", series.variant.workers(),
              "problem", series.problem,
              "medianWallSeconds", figure(series.wallSeconds()),
              "speedUpAgainstInline", figure(inline / series.wallSeconds()),
              "medianCpuSeconds", figure(series.median(Run::cpuSeconds)),
              "medianGcSeconds", figure(series.median(run -> run.gc().seconds())),
              "longestPauseSeconds", figure(series.most(run -> run.gc().longestSeconds())),
              "peakBytes", wholeFigure(series.most(Run::peakBytes)),
              "runs", runs));
    }
    return Json.object(
        "job",
        job,
        "jar",
        String.valueOf(jar.getFileName()),
        "command",
        List.of(commandLine),
        "complete",
        !incomplete,
        "rounds",
        rounds,
        "machine",
        Json.object(
            "processor", Machine.processor(),
            "cpus", Runtime.getRuntime().availableProcessors(),
            "memoryBytes", MachineMemory.bytes(),
            "os", System.getProperty("os.name") + " " + System.getProperty("os.version"),
            "architecture", System.getProperty("os.arch")),
        "jvm",
        Json.object(
            "version", Runtime.version().toString(),
            "name", System.getProperty("java.vm.name"),
            "vendor", System.getProperty("java.vm.vendor")),
        "variants",
        variants);
  }

  private static void write(Path file, String text) throws CommandException {
    Path part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.writeString(part, text);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw CommandException.failed(
          "--out: " + file + " cannot be written (" + JobLog.why(file, e)
              + "); the table above has the medians",
          e);
    }
  }
}
