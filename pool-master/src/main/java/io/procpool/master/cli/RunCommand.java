// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.PoolOptions;
import io.procpool.WorkerStartException;
import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code pool-master run}: runs a job of a jar. */
@Command(
    name = "run",
    header = "Runs a job of a job jar on a pool of workers.",
    customSynopsis = "pool-master run JOB.jar [--job NAME] [options] [-- job arguments]",
    description = {
      "",
      "The job's inputs are read as the workers need them, so there may be endlessly many. Its results go to standard"
          + " output, all else to standard error: also what the job prints with System.out, in workers and here.",
      "",
      "A job with a finish() of its own, such as one that prints a sum, needs all results in one run: --resume is refused"
          + " if its log has inputs as done.",
      "",
      "On a terminal a line for each worker says what it is doing, once the run has taken a second. SIGQUIT (Ctrl-\\) prints the same as text"
          + " to standard error, and then what the threads of the busy workers do, beside the JVM's own thread dump, which goes to standard"
          + " output unless java is given -XX:+DisplayVMOutputToStderr.",
      ""
    },
    sortOptions = false)
final class RunCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "JOB.jar", description = "The job jar.")
  Path jar = Path.of("");

  @Option(
      names = "--job",
      paramLabel = "NAME",
      description = "The job, if the jar offers several; see pool-master jobs.")
  @Nullable
  String jobName;

  @Mixin
  PoolFlags poolFlags = new PoolFlags();

  @Option(
      names = "--json",
      description =
          "Print the failures and figures at the end as one JSON object on standard error."
              + " The results are as the job prints them.")
  boolean json;

  @Mixin
  ReportFlags reportFlags = new ReportFlags();

  private final Console console;
  private final List<String> arguments;

  RunCommand(Console console, List<String> arguments) {
    this.console = console;
    this.arguments = arguments;
  }

  @Override
  public Integer call() throws CommandException {
    PoolOptions options = poolFlags.resolve(jar, console);
    try (JobJar jobJar = JobJar.open(jar)) {
      if (poolFlags.isProcesses()) {
        jobJar.checkForWorkers();
      }
      ClassLoader before = Thread.currentThread().getContextClassLoader();
      Thread.currentThread().setContextClassLoader(jobJar.loader());
      try (Console.Diversion ignored = console.divertSystemOut()) {
        return run(jobJar, options);
      } finally {
        Thread.currentThread().setContextClassLoader(before);
      }
    }
  }

  private int run(JobJar jobJar, PoolOptions options) throws CommandException {
    JobJar.Found found;
    try (Interruption ignored = Interruption.ofLoading(console, String.valueOf(jar))) {
      found = jobJar.job(jobName);
    }
    Job<Object, @Nullable Object> job = found.job();
    JobContext context = new Context(arguments, console.out(), console.jobErr());
    String what = "run " + job.name();
    try (JobLogHolder log = JobLogHolder.open(poolFlags, what)) {
      boolean resumable = !overridesFinish(found.type());
      JobLog before = log.log();
      if (poolFlags.resume && !resumable && before != null && before.doneCount() > 0) {
        throw CommandException.usage("--resume: job \"" + job.name()
            + "\" has a finish() of its own, which needs all results, and the log keeps none ("
            + before.path() + " has " + Texts.count(before.doneCount(), "input")
            + " as done); run all again, with another --joblog");
      }
      Iterable<?> inputs;
      try (Interruption ignored = Interruption.ofLoading(console, String.valueOf(jar))) {
        inputs = inputs(job, context);
      }
      Execution.Plan plan = new Execution.Plan(
          job.name(),
          new JobFunction(found.type(), jobJar.loader()),
          inputs instanceof Collection<?> all ? all.size() : -1,
          poolFlags.unordered,
          poolFlags.quiet,
          json,
          reportFlags.trace,
          poolFlags.hasOwnJvmFlags(),
          poolFlags.recordings(),
          log.log(),
          poolFlags.resume,
          resumable);
      Execution execution =
          new Execution(console, plan, new JobSink(job, context), iterator(job, inputs));
      return PoolRun.run(console, execution, options, () -> finish(job, context));
    }
  }

  static Iterable<?> inputs(Job<Object, @Nullable Object> job, JobContext context)
      throws CommandException {
    try {
      Iterable<?> inputs = job.inputs(context);
      if (inputs == null) {
        throw new NullPointerException("inputs() has returned null");
      }
      return inputs;
    } catch (IllegalArgumentException e) {
      throw CommandException.usage(job.name() + ": " + Texts.reason(e), e);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      throw CommandException.notLoaded(
          job.name() + ": its inputs cannot be had: " + Texts.failure(e)
              + "; check the job arguments (after --)",
          e);
    }
  }

  static Iterator<?> iterator(Job<?, ?> job, Iterable<?> inputs) throws CommandException {
    try {
      return inputs.iterator();
    } catch (RuntimeException | LinkageError | StackOverflowError e) {
      throw CommandException.notLoaded(
          job.name() + ": its inputs cannot be had: " + Texts.failure(e)
              + "; check the job arguments (after --)",
          e);
    }
  }

  private static void finish(Job<?, ?> job, JobContext context) throws CommandException {
    try {
      job.finish(context);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      throw CommandException.failed(
          job.name() + ": finish failed: " + Texts.failure(e)
              + "; the results before it were handed out",
          e);
    }
  }

  private static boolean overridesFinish(Class<?> type) {
    try {
      return type.getMethod("finish", JobContext.class).getDeclaringClass() != Job.class;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  /** What the job is given. */
  record Context(List<String> arguments, PrintStream out, PrintStream err) implements JobContext {}

  /** Hands outcomes to the job. */
  record JobSink(Job<Object, @Nullable Object> job, JobContext context) implements Execution.Sink {
    @Override
    @SuppressWarnings("NullAway") // does not see that the result's type is nullable
    public void value(Feed.Entry entry, @Nullable Object value) throws Exception {
      job.onResult(entry.input(), value, context);
    }

    @Override
    public void error(Feed.Entry entry, Throwable error) throws Exception {
      if (!(error instanceof WorkerStartException)) {
        job.onError(entry.input(), error, context);
      }
    }

    @Override
    public String label(Feed.Entry entry) {
      return label(entry.sequence(), entry.input());
    }

    private static String label(long sequence, Object input) {
      String text;
      try {
        text = String.valueOf(input);
      } catch (RuntimeException | LinkageError | StackOverflowError e) {
        text = input.getClass().getName();
      }
      return "input " + (sequence + 1) + " (" + Texts.brief(text) + ")";
    }
  }
}
