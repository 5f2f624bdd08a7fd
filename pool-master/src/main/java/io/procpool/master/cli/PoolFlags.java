// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.RecyclePolicy;
import io.procpool.RetryPolicy;
import io.procpool.RetryPolicy.Cause;
import io.procpool.SpareOptions;
import io.procpool.TaskOptions;
import io.procpool.master.launch.MachineMemory;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code run} and {@code map} that set up the pool and the way through the inputs. */
final class PoolFlags {
  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "Number of workers, 1 to 512. Default: the CPUs this process may use.")
  @Nullable
  String workersText;

  @Option(
      names = "--backend",
      paramLabel = "NAME",
      description = "What runs the tasks: processes (default), threads, or inline.")
  @Nullable
  String backendText;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      description = "Run time of one input after which its worker is killed and the input fails:"
          + " 500ms, 2s, 1m, PT1.5S. Default: none.")
  @Nullable
  String timeoutText;

  @Option(
      names = "--timeout-grace",
      paramLabel = "TIME",
      description =
          "When a timeout is over, interrupt the input first, and kill its worker after this time."
              + " Default: 0, kill at once.")
  @Nullable
  String timeoutGraceText;

  @Option(
      names = "--queue-timeout",
      paramLabel = "TIME",
      description =
          "An input that no worker has begun within this time after it was handed to the pool fails, and is not run."
              + " Default: none.")
  @Nullable
  String queueTimeoutText;

  @Option(
      names = "--stall-timeout",
      paramLabel = "TIME",
      description =
          "An input that reports no progress (TaskContext) for this time fails as with --timeout."
              + " Default: none.")
  @Nullable
  String stallTimeoutText;

  @Option(
      names = "--max-rss",
      paramLabel = "SIZE",
      description =
          "Resident memory of a worker above which it is killed and the input that it runs fails: 512m, 2g."
              + " Default: none.")
  @Nullable
  String maxRssText;

  @Option(
      names = "--max-heap",
      paramLabel = "SIZE",
      description =
          "Heap in use, garbage not counted, above which a worker is killed and the input that it runs fails; below --heap."
              + " Default: none.")
  @Nullable
  String maxHeapText;

  @Option(
      names = "--retries",
      paramLabel = "N",
      description = "How often an input is run again whose worker crashed or whose time ran out."
          + " It may have had effects each time. Default: 0.")
  @Nullable
  String retriesText;

  @Option(
      names = "--retry-on",
      paramLabel = "CAUSE,...",
      description =
          "What an input is run again for: crash, out-of-memory, timeout, stall, memory-limit, result-lost."
              + " Default: all of them.")
  @Nullable
  String retryOnText;

  @Option(
      names = "--retry-delay",
      paramLabel = "TIME",
      description =
          "How long to wait before an input is run again for the first time, then twice as long each time, up to 10s."
              + " Default: 100ms, or 1s if memory ran out.")
  @Nullable
  String retryDelayText;

  @Option(
      names = "--heap",
      paramLabel = "SIZE",
      description = "Maximum heap of each worker: 512m, 2g. Default: a share of the memory.")
  @Nullable
  String heapText;

  @Option(
      names = "--max-tasks",
      paramLabel = "N",
      description = "Replace each worker after this many inputs. Default: never.")
  @Nullable
  String maxTasksText;

  @Option(
      names = "--jvm-arg",
      paramLabel = "FLAG",
      description = "A further JVM flag of the workers, as --jvm-arg=-Xss4m; repeatable.")
  List<String> jvmArgs = new ArrayList<>();

  @Option(
      names = "--joblog",
      paramLabel = "FILE",
      description =
          "Write a line for each input that has ended: number (from 0), start, seconds, pid, attempts,"
              + " status, digest of the input, error. A file that exists is refused without --resume.")
  @Nullable
  Path jobLog;

  @Option(
      names = "--resume",
      description = "Go on with the job log: inputs that it has as ok are not run again.")
  boolean resume;

  @Option(
      names = "--unordered",
      description = "Hand out each result as soon as it is there, not in the order of the inputs.")
  boolean unordered;

  @Option(
      names = "--quiet",
      description =
          "No progress, no lines of what the workers are doing, and no remarks; failed inputs are still listed.")
  boolean quiet;

  @Option(
      names = "--min-workers",
      paramLabel = "N",
      description =
          "Begin with so few workers, 0 or more; add further ones, up to --workers, while inputs wait."
              + " Default: as many as --workers.")
  @Nullable
  String minWorkersText;

  @Option(
      names = "--idle-timeout",
      paramLabel = "TIME",
      description =
          "With --min-workers: end a worker that has had nothing to do for so long. Default: 1m.")
  @Nullable
  String idleTimeoutText;

  @Option(
      names = "--max-age",
      paramLabel = "TIME",
      description =
          "Replace each worker, between two inputs, after this time, less up to a tenth of it."
              + " Default: never.")
  @Nullable
  String maxAgeText;

  @Option(
      names = "--recycle-rss",
      paramLabel = "SIZE",
      description =
          "Replace each worker, between two inputs, whose resident memory is above this: 800m, 2g."
              + " Default: never.")
  @Nullable
  String recycleRssText;

  @Option(
      names = "--max-heap-after-gc",
      paramLabel = "SIZE",
      description =
          "Replace each worker, between two inputs, when a collection leaves more than this in its heap."
              + " Default: never.")
  @Nullable
  String maxHeapAfterGcText;

  @Option(
      names = "--spares",
      paramLabel = "N",
      description =
          "JVMs kept ready in the place of workers that are killed, crash or are replaced. Default: 0.")
  @Nullable
  String sparesText;

  @Option(
      names = "--worker-output",
      paramLabel = "WHERE",
      description = "Where the output of the workers goes: plain (to standard error, as it comes),"
          + " tag (to standard error, each line after its worker's name), discard, or a file to append it to,"
          + " as ./FILE. Default: plain.")
  @Nullable
  String workerOutputText;

  @Option(
      names = "--debug-workers",
      description =
          "Each worker listens for a debugger on this machine, at a port that standard error tells. Default: none does.")
  boolean debugWorkers;

  @Option(
      names = "--worker-logs",
      paramLabel = "LEVEL",
      description =
          "Print what the workers log through SLF4J, java.util.logging or System.Logger, from this level on, to standard error, with worker and task:"
              + " trace, debug, info, warning, or error. Default: they log as they are configured.")
  @Nullable
  String workerLogsText;

  @Option(
      names = "--record",
      paramLabel = "DIR",
      description =
          "Keep a flight recording of each worker, from its start to its end, in this directory, as worker-3.jfr; the last 256 MiB of each."
              + " Of one that is killed the last second may be missing. Default: none.")
  @Nullable
  String recordText;

  @Option(
      names = "--chaos",
      paramLabel = "SPEC",
      description =
          "Harm the workers while they run inputs, to see whether the job stands it: seed=7,kill-before=0.05,kill-during=0.05:100ms,"
              + "kill-after=0.05,stop=0.01:1s,slow=0.1:20ms. The same seed strikes the same inputs. Default: none.")
  @Nullable
  String chaosText;

  private static final long SMALLEST_HEAP =
      3L << 20; // measured: 2m does not start, with JDK 17 and 25
  private static final Duration LEAST_AGE = Duration.ofSeconds(1);
  private static final Duration LONGEST_DELAY = Duration.ofSeconds(10);
  private static final Pattern HEAP_FLAG = Pattern.compile("(?:-Xmx|-XX:MaxHeapSize=)(\\w*)");

  private static final String LOG_PROVIDER_FLAG = "-Dslf4j.provider=";

  private String backend = PoolOptions.PROCESSES;
  private @Nullable Recordings recordings;

  String backend() {
    return backend;
  }

  /** Tells whether the workers' JVMs get flags that the user has given. */
  boolean hasOwnJvmFlags() {
    return heapText != null || !jvmArgs.isEmpty();
  }

  boolean isProcesses() {
    return backend.equals(PoolOptions.PROCESSES);
  }

  /** Returns the recordings that are wanted, once the options have been checked. */
  @Nullable
  Recordings recordings() {
    return recordings;
  }

  /** Checks the options and makes the pool's of them. */
  PoolOptions resolve(Path jar, Console console) throws CommandException {
    backend = backendText == null ? PoolOptions.PROCESSES : backendText;
    boolean threads = backend.equals(PoolOptions.THREADS);
    boolean inline = backend.equals(PoolOptions.INLINE);
    if (!isProcesses() && !threads && !inline) {
      throw CommandException.usage(
          "--backend: \"" + backend + "\" is not known; give processes, threads or inline");
    }
    refuseWithoutEffect(threads, inline);
    if (resume && jobLog == null) {
      throw CommandException.usage("--resume: has no effect without a log; add --joblog FILE");
    }
    PoolOptions.Builder options = PoolOptions.builder().backend(backend).name("pool-master");
    int workers = PoolOptions.builder().build().workers();
    if (workersText != null) {
      workers = Values.number("--workers", workersText, 1, PoolOptions.MAX_WORKERS);
    }
    options.workers(inline ? 1 : workers);
    setSize(options, workers);
    options.taskDefaults(limits());
    options.recycling(recycling());
    if (sparesText != null) {
      options.spares(Values.number("--spares", sparesText, 0, SpareOptions.MAX_SPARES));
    }
    if (chaosText != null) {
      options.chaos(ChaosFlag.read(chaosText));
    }
    long heap = heapText == null ? 0 : heap("--heap", heapText, workers);
    options.maxHeapBytes(heap);
    checkJvmArgs(jvmArgs, heap, workers);
    if (isProcesses()) {
      options.jvmArgs(jvmArgs).classPath(List.of(jar));
      setWorkerOutput(options);
      setWorkerLogs(options);
      setDebugger(options, console);
      setRecordings(options, console);
    }
    return options.build();
  }

  private void setDebugger(PoolOptions.Builder options, Console console) throws CommandException {
    if (!debugWorkers) {
      return;
    }
    options.debugWorkers(true).listener(new PoolListener() {
      @Override
      public void workerDebuggable(WorkerEvent worker, int port) {
        console
            .jobErr()
            .print("pool-master: " + worker.worker() + " (pid " + worker.pid()
                + ") listens for a debugger at 127.0.0.1:" + port + "\n");
      }
    });
    try {
      options.build();
    } catch (IllegalArgumentException twoDebuggers) {
      throw CommandException.usage("--debug-workers: " + twoDebuggers.getMessage(), twoDebuggers);
    }
  }

  private void setWorkerOutput(PoolOptions.Builder options) throws CommandException {
    String where = workerOutputText == null ? "plain" : workerOutputText;
    WorkerStream stream = switch (where) {
      case "plain" -> WorkerStream.STDERR;
      case "tag" -> WorkerStream.TAG_STDERR;
      case "discard" -> WorkerStream.DISCARD;
      default -> WorkerStream.FILE;
    };
    if (stream == WorkerStream.FILE) {
      if (where.indexOf('/') < 0) {
        throw CommandException.usage("--worker-output: \"" + where
            + "\" is not known; give plain, tag, discard, or a file as ./"
            + (where.isBlank() ? "FILE" : where));
      }
      Path file = Path.of(where).toAbsolutePath();
      Path folder = file.getParent();
      if (Files.isDirectory(file) || folder == null || !Files.isDirectory(folder)) {
        throw CommandException.usage("--worker-output: " + where + " cannot be written ("
            + JobLog.why(file, new IOException("no folder"))
            + "); name a file in a folder that you can write to");
      }
      options.workerOutputFile(file);
    }
    options.workerStdout(stream).workerStderr(stream);
  }

  private void setWorkerLogs(PoolOptions.Builder options) throws CommandException {
    if (workerLogsText == null) {
      return;
    }
    for (String arg : jvmArgs) {
      if (arg.startsWith(LOG_PROVIDER_FLAG)) {
        throw CommandException.usage("--worker-logs: contradicts --jvm-arg=" + arg
            + ", because workers have one provider of SLF4J; leave one of them out");
      }
    }
    options.workerLogs(
        switch (workerLogsText.strip().toLowerCase(Locale.ROOT)) {
          case "trace" -> Level.TRACE;
          case "debug" -> Level.DEBUG;
          case "info" -> Level.INFO;
          case "warning", "warn" -> Level.WARNING;
          case "error" -> Level.ERROR;
          default ->
            throw CommandException.usage("--worker-logs: \"" + workerLogsText
                + "\" is not a level; give trace, debug, info, warning or error");
        });
  }

  private void setRecordings(PoolOptions.Builder options, Console console) throws CommandException {
    if (recordText == null) {
      return;
    }
    Recordings made = Recordings.in(console, recordText, jvmArgs);
    List<String> flags = new ArrayList<>(jvmArgs);
    flags.addAll(made.jvmFlags());
    options.jvmArgs(flags).listener(made);
    recordings = made;
  }

  private TaskOptions limits() throws CommandException {
    TaskOptions limits = TaskOptions.defaults().retries(retryPolicy());
    if (timeoutText != null) {
      limits = limits.timeout(Values.time("--timeout", timeoutText));
    }
    if (timeoutGraceText != null) {
      if (timeoutText == null && stallTimeoutText == null) {
        throw CommandException.usage(
            "--timeout-grace: has no effect without a timeout; add --timeout or --stall-timeout");
      }
      limits = limits.timeoutGrace(Values.time("--timeout-grace", timeoutGraceText));
    }
    if (queueTimeoutText != null) {
      limits = limits.queueTimeout(Values.time("--queue-timeout", queueTimeoutText));
    }
    if (stallTimeoutText != null) {
      limits = limits.stallTimeout(Values.time("--stall-timeout", stallTimeoutText));
    }
    try {
      if (maxRssText != null) {
        limits = limits.maxRssBytes(Values.bytes("--max-rss", maxRssText));
      }
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(
          "--max-rss: " + maxRssText + " is too small for a worker; give 16m or more", e);
    }
    try {
      if (maxHeapText != null) {
        limits = limits.maxHeapBytes(Values.bytes("--max-heap", maxHeapText));
      }
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(
          "--max-heap: " + maxHeapText + " is too small for a worker; give 2m or more", e);
    }
    if (maxHeapText != null) {
      checkBelowHeap("--max-heap", maxHeapText);
    }
    return limits;
  }

  private void checkBelowHeap(String option, String text) throws CommandException {
    if (heapText != null && Values.bytes(option, text) >= Values.bytes("--heap", heapText)) {
      throw CommandException.usage(option + ": " + text + " is not below --heap " + heapText
          + ", so a worker would run out of memory first; lower it, or raise --heap");
    }
  }

  private RetryPolicy retryPolicy() throws CommandException {
    if (retriesText == null) {
      if (retryOnText != null || retryDelayText != null) {
        throw CommandException.usage((retryOnText != null ? "--retry-on" : "--retry-delay")
            + ": has no effect without retries; add --retries N");
      }
      return RetryPolicy.none();
    }
    int retries = Values.number("--retries", retriesText, 0, RetryPolicy.MAX_RETRIES);
    if (retries == 0 && (retryOnText != null || retryDelayText != null)) {
      throw CommandException.usage((retryOnText != null ? "--retry-on" : "--retry-delay")
          + ": has no effect with --retries 0; raise it");
    }
    RetryPolicy policy = RetryPolicy.of(retries);
    if (retryOnText != null) {
      Set<Cause> left = EnumSet.allOf(Cause.class);
      for (String name : retryOnText.split(",", -1)) {
        left.remove(cause(name.strip()));
      }
      for (Cause cause : left) {
        policy = policy.except(cause);
      }
    }
    if (retryDelayText != null) {
      Duration delay = Values.time("--retry-delay", retryDelayText);
      Duration max = delay.compareTo(LONGEST_DELAY) > 0 ? delay : LONGEST_DELAY;
      policy = policy.backOff(new RetryPolicy.BackOff(delay, 2, max, 0.2));
    }
    return policy;
  }

  private static Cause cause(String name) throws CommandException {
    for (Cause cause : Cause.values()) {
      if (cause.name().replace('_', '-').equalsIgnoreCase(name)) {
        return cause;
      }
    }
    throw CommandException.usage("--retry-on: \"" + name
        + "\" is not known; give some of crash, out-of-memory, timeout, stall, memory-limit, result-lost,"
        + " with commas between them");
  }

  private void setSize(PoolOptions.Builder options, int workers) throws CommandException {
    if (minWorkersText != null) {
      int min = Values.number("--min-workers", minWorkersText, 0, PoolOptions.MAX_WORKERS);
      if (min > workers) {
        throw CommandException.usage("--min-workers: " + min + " is above the " + workers
            + " of --workers; lower it, or raise --workers");
      }
      options.workers(min, workers);
      if (idleTimeoutText != null && min == workers) {
        throw CommandException.usage("--idle-timeout: has no effect with --min-workers " + min
            + ", which is all of --workers; lower it, or leave --idle-timeout out");
      }
    }
    if (idleTimeoutText != null) {
      if (minWorkersText == null) {
        throw CommandException.usage(
            "--idle-timeout: has no effect on a fixed number of workers; add --min-workers N");
      }
      options.idleTimeout(Values.time("--idle-timeout", idleTimeoutText));
    }
  }

  private RecyclePolicy recycling() throws CommandException {
    RecyclePolicy policy = RecyclePolicy.never();
    if (maxTasksText != null) {
      policy = policy.maxTasks(Values.number("--max-tasks", maxTasksText, 1, Integer.MAX_VALUE));
    }
    if (maxAgeText != null) {
      Duration age = Values.time("--max-age", maxAgeText);
      if (age.compareTo(LEAST_AGE) < 0) {
        throw CommandException.usage("--max-age: " + maxAgeText
            + " is too short, because a JVM takes that long to start; give 1s or more");
      }
      policy = policy.maxAge(age);
    }
    if (recycleRssText != null) {
      policy = policy.maxRssBytes(mebibytes("--recycle-rss", recycleRssText, 16));
    }
    if (maxHeapAfterGcText != null) {
      policy = policy.maxHeapBytesAfterGc(mebibytes("--max-heap-after-gc", maxHeapAfterGcText, 1));
      checkBelowHeap("--max-heap-after-gc", maxHeapAfterGcText);
    }
    return policy;
  }

  private static long mebibytes(String option, String text, int least) throws CommandException {
    long bytes = Values.bytes(option, text);
    if (bytes < (long) least << 20) {
      throw CommandException.usage(
          option + ": " + text + " is too small; give " + least + "m or more");
    }
    return bytes;
  }

  private void refuseWithoutEffect(boolean threads, boolean inline) throws CommandException {
    Map<String, Boolean> given = new TreeMap<>();
    given.put("--timeout", timeoutText != null);
    given.put("--timeout-grace", timeoutGraceText != null);
    given.put("--stall-timeout", stallTimeoutText != null);
    given.put("--max-rss", maxRssText != null);
    given.put("--max-heap", maxHeapText != null);
    given.put("--retries", retriesText != null);
    given.put("--retry-on", retryOnText != null);
    given.put("--retry-delay", retryDelayText != null);
    given.put("--heap", heapText != null);
    given.put("--max-tasks", maxTasksText != null);
    given.put("--jvm-arg", !jvmArgs.isEmpty());
    given.put("--max-age", maxAgeText != null);
    given.put("--recycle-rss", recycleRssText != null);
    given.put("--max-heap-after-gc", maxHeapAfterGcText != null);
    given.put("--spares", sparesText != null);
    given.put("--worker-output", workerOutputText != null);
    given.put("--chaos", chaosText != null);
    given.put("--debug-workers", debugWorkers);
    given.put("--worker-logs", workerLogsText != null);
    given.put("--record", recordText != null);
    if (inline) {
      given.put("--min-workers", minWorkersText != null);
      given.put("--idle-timeout", idleTimeoutText != null);
      given.put("--workers", workersText != null);
      given.put("--queue-timeout", queueTimeoutText != null);
      given.put("--unordered", unordered);
    }
    for (Map.Entry<String, Boolean> option : given.entrySet()) {
      if (option.getValue() && (threads || inline)) {
        throw CommandException.usage(option.getKey() + ": has no effect with --backend " + backend
            + ", which runs everything in this JVM" + (inline ? ", one input after the other" : "")
            + "; leave it out, or use --backend processes");
      }
    }
  }

  /** Reads the heap of each of some workers, and checks it against the memory there is. */
  static long heap(String option, String text, int workers) throws CommandException {
    long heap = Values.bytes(option, text);
    if (heap < SMALLEST_HEAP) {
      throw CommandException.usage(
          option + ": " + text + " is too small for a worker; give 3m or more");
    }
    checkMemory(option, heap, workers);
    return heap;
  }

  private static void checkMemory(String option, long heap, int workers) throws CommandException {
    long memory = MachineMemory.bytes();
    if (heap > memory) {
      throw CommandException.usage(
          option + ": " + Texts.bytes(heap) + " for each worker is above the " + Texts.bytes(memory)
              + " of memory that this process may use; give less");
    }
    if (heap > memory / workers) {
      throw CommandException.usage(
          option + ": " + workers + " workers of " + Texts.bytes(heap) + " are "
              + Texts.bytes(heap * workers) + ", above the " + Texts.bytes(memory)
              + " of memory that this process may use; lower " + option + " or --workers");
    }
  }

  /** Checks the flags of the workers' JVMs. */
  static void checkJvmArgs(List<String> jvmArgs, long heapBytes, int workers)
      throws CommandException {
    for (String arg : jvmArgs) {
      try {
        PoolOptions.builder().jvmArgs(List.of(arg));
      } catch (IllegalArgumentException e) {
        throw CommandException.usage(
            "--jvm-arg: \"" + arg + "\" "
                + (arg.startsWith("-")
                    ? "cannot be given; what workers load is the job jar and what its manifest's Class-Path names"
                    : "is not a JVM flag; give it with its dash and on its own, as --jvm-arg=-Xss4m"),
            e);
      }
      Matcher size = HEAP_FLAG.matcher(arg);
      if (size.matches()) {
        checkMemory("--jvm-arg=" + arg, Values.bytes("--jvm-arg=" + arg, size.group(1)), workers);
      }
    }
    JvmFlags.check(jvmArgs, heapBytes);
  }
}
