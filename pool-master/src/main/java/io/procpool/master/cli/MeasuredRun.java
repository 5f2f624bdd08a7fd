// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolOptions.WorkerStream;
import io.procpool.ResultIterator;
import io.procpool.WorkerStartException;
import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * One run of a job for {@code pool-master compare}, in a JVM of its own: no run warms up the compiled code or leaves garbage
 * to the next one, and a job that ends its JVM costs this run only. Reads what to do from a file and leaves a report in
 * another. Ends when its standard input ends, so that it does not outlive the command.
 */
final class MeasuredRun {
  private MeasuredRun() {}

  /**
   * What to run.
   *
   * @param jar the job jar
   * @param job name of the job
   * @param arguments the job's arguments
   * @param backend name of the backend
   * @param workers number of workers
   * @param heapBytes maximum heap of each worker process, or zero
   * @param jvmArgs JVM flags of the worker processes
   * @param ownJvmFlags whether the user has set flags or a heap
   */
  record Spec(
      String jar,
      String job,
      List<String> arguments,
      String backend,
      int workers,
      long heapBytes,
      List<String> jvmArgs,
      boolean ownJvmFlags)
      implements Serializable {}

  /**
   * What was measured; -1 is what cannot be measured here.
   *
   * @param wallNanos from before the pool was opened until it was closed
   * @param masterCpuNanos CPU time of this JVM in that time
   * @param workersCpuNanos CPU time of the worker processes, their start included
   * @param peakBytes largest resident memory: the sum of the processes' own peaks
   * @param inputs number of inputs
   * @param failed number of inputs that failed
   * @param digest of all outcomes in order
   * @param firstFailure what the first failed input failed with
   * @param problem what kept the job from being run, if anything; the rest is void then
   * @param status the exit status of {@code run} with this problem
   */
  record Report(
      long wallNanos,
      long masterCpuNanos,
      long workersCpuNanos,
      long peakBytes,
      long inputs,
      long failed,
      String digest,
      @Nullable String firstFailure,
      @Nullable String problem,
      int status)
      implements Serializable {
    static Report problem(int status, String problem) {
      return new Report(-1, -1, -1, -1, 0, 0, "", null, problem, status);
    }
  }

  /** Runs what the file {@code args[0]} says and writes the report to {@code args[1]}. */
  public static void main(String[] args) throws Exception {
    PoolMasterCommand.configureLogging();
    haltWithInput();
    Path reportFile = Path.of(args[1]);
    Spec spec;
    try (ObjectInputStream in = new ObjectInputStream(Files.newInputStream(Path.of(args[0])))) {
      spec = (Spec) in.readObject();
    }
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    System.setOut(nowhere);
    Report report;
    try (JobJar jar = JobJar.open(Path.of(spec.jar()))) {
      Thread.currentThread().setContextClassLoader(jar.loader());
      report = run(spec, jar, new RunCommand.Context(spec.arguments(), nowhere, nowhere));
    } catch (CommandException e) {
      report = Report.problem(e.status(), e.getMessage());
    } catch (Exception | LinkageError e) {
      report = Report.problem(ExitStatus.SOME_FAILED, Texts.failure(e));
    }
    Path whole = reportFile.resolveSibling(reportFile.getFileName() + ".part");
    try (ObjectOutputStream out = new ObjectOutputStream(Files.newOutputStream(whole))) {
      out.writeObject(report);
    }
    Files.move(whole, reportFile);
    Runtime.getRuntime().halt(0); // threads of the job, if any, must not keep this JVM
  }

  private static void haltWithInput() {
    Thread watcher = new Thread(
        () -> {
          try {
            while (System.in.read() >= 0) {}
          } catch (IOException e) {
            // ended as well
          }
          Runtime.getRuntime().halt(ExitStatus.INTERRUPTED);
        },
        "pool-master-compare");
    watcher.setDaemon(true);
    watcher.start();
  }

  private static Report run(Spec spec, JobJar jar, JobContext context) throws Exception {
    JobJar.Found found = jar.job(spec.job());
    Job<Object, @Nullable Object> job = found.job();
    Sampler sampler = new Sampler();
    PoolOptions options = options(spec, sampler);
    JobFunction function = new JobFunction(found.type(), jar.loader());
    ValueDigest digest = new ValueDigest();
    long inputs = 0;
    long failed = 0;
    String firstFailure = null;
    long cpuBefore = Machine.operatingSystem().getProcessCpuTime();
    long start = System.nanoTime();
    long sampling;
    try (Pool pool = Pool.open(options)) {
      Iterator<?> source = RunCommand.iterator(job, RunCommand.inputs(job, context));
      Feed feed = new Feed(source, null, false, () -> {});
      try (ResultIterator<@Nullable Object> results = pool.imap(function, feed)) {
        while (results.hasNext()) {
          Outcome<@Nullable Object> outcome = results.nextOutcome();
          Feed.Entry entry = feed.take(outcome.index());
          Object input = entry == null ? null : entry.input();
          inputs++;
          Throwable error = outcome.error();
          if (input == null) {
            throw new IllegalStateException("outcome " + outcome.index() + " has no input");
          }
          if (error instanceof WorkerStartException || error instanceof JobConstructionException) {
            pool.terminate();
            throw error instanceof WorkerStartException failure
                ? PoolRun.cannotStart(failure, spec.ownJvmFlags())
                : JobConstructionException.inWorkers(error);
          }
          if (error != null) {
            failed++;
            digest.add("failed");
            firstFailure = firstFailure == null ? Texts.failure(error) : firstFailure;
            job.onError(input, error, context);
          } else {
            digest.add(outcome.value());
            handOut(job, input, outcome.value(), context);
          }
        }
      }
      Throwable inputFailure = feed.failure();
      if (inputFailure != null) {
        throw CommandException.failed(
            spec.job() + ": reading the inputs failed after " + Texts.count(inputs, "input") + ": "
                + Texts.failure(inputFailure) + "; correct the inputs, and run again",
            inputFailure);
      }
      job.finish(context);
      long beforeSample = System.nanoTime();
      sampler.end(); // the workers are idle, and still there
      sampling = System.nanoTime() - beforeSample;
    }
    long wall = System.nanoTime() - start - sampling;
    long cpu = Machine.operatingSystem().getProcessCpuTime();
    OptionalLong own = Machine.statusBytes(ProcessHandle.current().pid(), "VmHWM");
    long peak =
        own.isEmpty() || sampler.peakBytes() < 0 ? -1 : own.getAsLong() + sampler.peakBytes();
    return new Report(
        wall,
        cpuBefore < 0 ? -1 : cpu - cpuBefore,
        sampler.cpuNanos(),
        peak,
        inputs,
        failed,
        digest.hex(),
        firstFailure,
        null,
        ExitStatus.DONE);
  }

  @SuppressWarnings("NullAway") // does not see that the result's type is nullable
  private static void handOut(
      Job<Object, @Nullable Object> job, Object input, @Nullable Object value, JobContext context)
      throws Exception {
    job.onResult(input, value, context);
  }

  private static PoolOptions options(Spec spec, Sampler sampler) {
    PoolOptions.Builder options =
        PoolOptions.builder().name("compare").backend(spec.backend()).workers(spec.workers());
    if (spec.backend().equals(PoolOptions.PROCESSES)) {
      options
          .classPath(List.of(Path.of(spec.jar())))
          .maxHeapBytes(spec.heapBytes())
          .jvmArgs(spec.jvmArgs())
          .workerStdout(WorkerStream.DISCARD)
          .workerStderr(WorkerStream.DISCARD)
          .listener(sampler);
    }
    return options.build();
  }

  /**
   * Watches the worker processes: what each has used is read every {@value #INTERVAL_MILLIS} ms and once at the end, when
   * those that are left are idle. What a worker that ended earlier used after the last reading is not seen.
   */
  private static final class Sampler implements PoolListener {
    private static final long INTERVAL_MILLIS = 50;

    private final List<Worker> workers = new ArrayList<>(); // guarded by this
    private long peakBytes; // guarded by this
    private boolean complete = true; // guarded by this
    private boolean ended; // guarded by this

    private static final class Worker {
      final ProcessHandle process;
      long cpuNanos;
      long peakBytes;
      boolean gone;

      Worker(ProcessHandle process) {
        this.process = process;
      }
    }

    @Override
    public synchronized void workerStarted(WorkerEvent event) {
      ProcessHandle process = ProcessHandle.of(event.pid()).orElse(null);
      if (process == null) {
        complete = false;
        return;
      }
      workers.add(new Worker(process));
      sample();
      if (workers.size() == 1) {
        Thread thread = new Thread(this::sampleNowAndThen, "pool-master-sampler");
        thread.setDaemon(true);
        thread.start();
      }
    }

    private void sampleNowAndThen() {
      try {
        while (true) {
          Thread.sleep(INTERVAL_MILLIS);
          synchronized (this) {
            if (ended) {
              return;
            }
            sample();
          }
        }
      } catch (InterruptedException e) {
        // nobody interrupts this thread
      }
    }

    private synchronized void sample() {
      long sum = 0;
      for (Worker worker : workers) {
        if (worker.gone) {
          continue;
        }
        Duration cpu = worker.process.info().totalCpuDuration().orElse(null);
        OptionalLong peak = Machine.statusBytes(worker.process.pid(), "VmHWM");
        if (cpu == null || peak.isEmpty()) {
          worker.gone = !worker.process.isAlive();
          complete &= worker.gone && worker.peakBytes > 0;
          continue;
        }
        worker.cpuNanos = Math.max(worker.cpuNanos, cpu.toNanos());
        worker.peakBytes = peak.getAsLong();
        sum += worker.peakBytes;
      }
      peakBytes = Math.max(peakBytes, sum);
    }

    synchronized void end() {
      sample();
      ended = true;
    }

    synchronized long cpuNanos() {
      return complete ? workers.stream().mapToLong(worker -> worker.cpuNanos).sum() : -1;
    }

    synchronized long peakBytes() {
      return complete ? peakBytes : -1;
    }
  }
}
