// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import io.procpool.RemoteTrace;
import io.procpool.ResultIterator;
import io.procpool.TaskAbortedException;
import io.procpool.TaskFunction;
import io.procpool.TaskReport;
import io.procpool.WaitInterruptedException;
import io.procpool.WorkerCrashedException;
import io.procpool.WorkerSnapshot;
import io.procpool.WorkerSnapshot.CurrentTask;
import io.procpool.WorkerStartException;
import io.procpool.master.cli.TimedFunction.Timed;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Sends inputs through a pool and hands out the outcomes: what {@code run} and {@code map} share. Used once, by one thread;
 * {@link #interrupt} and {@link #conclude} may come from another.
 */
final class Execution implements Interruption.Target {
  /*
   * Order.     A result is handed to the sink, then leaves this process, then goes into the job log: whatever kills the
   *            command, an input that the log has as done has had its result handed out.
   * Retries.   The pool's: an outcome is that of the last attempt.
   * Interrupt. interrupt() ends the pool. The iteration then yields what had finished, which is still handed out, and
   *            failures for the rest, which count as ended. conclude() says so, whichever thread comes first.
   */
  private static final long LOCK_PATIENCE_MILLIS = 200;
  private static final long YOUNG_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Console console;
  private final Plan plan;
  private final Sink sink;
  private final Feed feed;
  private final Progress progress;
  private final long start = System.nanoTime();
  private final ReentrantLock lock = new ReentrantLock();
  private final FailureList failures = new FailureList();
  private final AtomicBoolean concluded = new AtomicBoolean();
  private long done; // guarded by lock
  private long failed; // guarded by lock
  private long ended; // guarded by lock
  private @Nullable CommandException fatal; // running thread only
  private volatile @Nullable Pool pool;
  private volatile boolean interrupted;

  /**
   * What is to be done.
   *
   * @param name of the job or the method, for the progress
   * @param function what is applied to each input
   * @param total the number of inputs, or -1 if it is not known
   * @param unordered to hand out results as they come
   * @param quiet to print neither progress nor remarks
   * @param json to print failures and figures as JSON
   * @param trace to say of each failure all that is known
   * @param ownJvmFlags whether the workers have flags or a heap that the user has set
   * @param recordings of the workers, if they are wanted
   * @param log the job log, if there is one
   * @param resume to leave out what the log has
   * @param resumable whether a later run can go on with the log
   */
  record Plan(
      String name,
      TaskFunction<Object, @Nullable Object> function,
      long total,
      boolean unordered,
      boolean quiet,
      boolean json,
      boolean trace,
      boolean ownJvmFlags,
      @Nullable Recordings recordings,
      @Nullable JobLog log,
      boolean resume,
      boolean resumable) {}

  /** Takes the outcomes, in the running thread. What it throws fails the input. */
  interface Sink {
    void value(Feed.Entry entry, @Nullable Object value) throws Exception;

    void error(Feed.Entry entry, Throwable error) throws Exception;

    /** Returns how an input is called in the list of failures. */
    String label(Feed.Entry entry);
  }

  private record Settled(Feed.Entry entry, Outcome<@Nullable Object> outcome) {}

  Execution(Console console, Plan plan, Sink sink, Iterator<?> inputs) {
    this.console = console;
    this.plan = plan;
    this.sink = sink;
    this.progress = plan.quiet()
        ? Progress.none()
        : Progress.on(console, plan.name(), plan.total(), this::workerLines);
    this.feed = new Feed(inputs, plan.log(), plan.resume(), progress::step);
    console.progress(progress);
  }

  /** Returns what the workers are doing, in so many lines; nothing while the run is young, because most are over soon. */
  private List<String> workerLines(int room) {
    Pool current = pool;
    return current == null || System.nanoTime() - start < YOUNG_NANOS
        ? List.of()
        : WorkerLines.of(current.snapshot(), room, this::label);
  }

  private String label(CurrentTask task) {
    Feed.Entry entry = task.input() < 0 ? null : feed.peek(task.input());
    return entry == null ? task.name() : sink.label(entry);
  }

  /** Says what is going on: the pool, its workers, and the inputs they are at. */
  String state() {
    Pool current = pool;
    if (current == null) {
      return "no worker has been started yet";
    }
    PoolSnapshot snapshot = current.snapshot();
    StringBuilder text = new StringBuilder(snapshot.toString());
    for (WorkerSnapshot worker : snapshot.workers()) {
      worker
          .task()
          .ifPresent(task -> text.append("\n  ")
              .append(worker.name())
              .append(" is at ")
              .append(Texts.blanks(label(task))));
    }
    return text.toString();
  }

  /** Says what the threads of busy workers do; nothing if they are threads of this process, which the JVM has dumped. */
  String threads() throws InterruptedException {
    Pool current = pool;
    return current == null || !current.options().backend().equals(PoolOptions.PROCESSES)
        ? ""
        : WorkerThreads.of(current, this::label);
  }

  @Nullable
  Recordings recordings() {
    return plan.recordings();
  }

  /** Runs all inputs. Returns when they have ended, or nothing further can be done. */
  void run(Pool pool) {
    this.pool = pool;
    if (interrupted) {
      pool.terminate();
    }
    TaskFunction<Object, @Nullable Object> function =
        plan.log() == null ? plan.function() : new TimedFunction(plan.function());
    try (ResultIterator<@Nullable Object> results =
        plan.unordered() ? pool.imapUnordered(function, feed) : pool.imap(function, feed)) {
      while (mayGoOn() && results.hasNext()) {
        Outcome<@Nullable Object> outcome = results.nextOutcome();
        Feed.Entry entry = feed.take(outcome.index());
        if (entry != null) {
          settle(new Settled(entry, outcome));
        }
      }
    } catch (RejectedExecutionException | WaitInterruptedException e) {
      if (!interrupted && !Interruption.isShuttingDown()) {
        fatal = CommandException.failed(
            "the pool ended early: " + Texts.failure(e)
                + "; run the command again"
                + (plan.resumable() ? ", with --joblog and --resume to keep what is done" : ""),
            e);
      }
      interrupted |= Interruption.isShuttingDown();
    } finally {
      feed.stop();
      if (plan.recordings() != null) {
        plan.recordings().note(pool.snapshot());
      }
      if (!mayGoOn()) {
        pool.terminate();
      }
    }
  }

  private boolean mayGoOn() {
    return fatal == null && !console.outIsClosed();
  }

  /** Tells whether a failure may be due to Ctrl-C: the pool's own shutdown hook may have been faster than ours. */
  private boolean isInterrupted(Throwable error) {
    if (!interrupted
        && (error instanceof InfrastructureException || error instanceof CancellationException)) {
      interrupted = Interruption.isShuttingDown();
    }
    return interrupted;
  }

  private void settle(Settled settled) {
    lock.lock();
    try {
      if (concluded.get()) {
        return;
      }
      Throwable error = settled.outcome().error();
      if (error == null) {
        settleValue(settled);
      } else if (isInterrupted(error)) {
        boolean neverStarted = error instanceof CancellationException
            || (error instanceof InfrastructureException failure
                && failure.certainty() == Certainty.NEVER_STARTED);
        ended += neverStarted ? 0 : 1;
      } else if (error instanceof WorkerStartException failure) {
        fatal = done + failed > 0
            ? CommandException.failed(Texts.oneLine(String.valueOf(error.getMessage())), error)
            : PoolRun.cannotStart(failure, plan.ownJvmFlags());
      } else if (error instanceof JobConstructionException) {
        fatal = JobConstructionException.inWorkers(error);
      } else {
        settleError(settled, error, error instanceof InfrastructureException);
      }
    } catch (IOException e) {
      fatal = CommandException.failed(
          "--joblog: cannot be written any more (" + Texts.failure(e)
              + "); make room, and "
              + (plan.resumable() ? "go on with --resume" : "run again"),
          e);
    } finally {
      lock.unlock();
    }
    progress.step();
  }

  // under lock
  private void settleValue(Settled settled) throws IOException {
    Feed.Entry entry = settled.entry();
    Object value = settled.outcome().value();
    JobLog.Run run = new JobLog.Run(-1, -1, -1, 1);
    if (value instanceof Timed timed) {
      run = new JobLog.Run(timed.startMillis(), timed.nanos(), timed.pid(), timed.attempt());
      value = timed.value();
    }
    try {
      sink.value(entry, value);
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      settleError(settled, new ResultNotTaken(e), false);
      return;
    }
    JobLog log = plan.log();
    if (log != null) {
      console.flushResults();
      if (console.outIsClosed()) {
        return;
      }
      log.ok(entry.sequence(), entry.digest(), run);
    }
    done++;
  }

  // under lock
  private void settleError(Settled settled, Throwable error, boolean lost) throws IOException {
    Feed.Entry entry = settled.entry();
    Throwable shown = error;
    try {
      if (!(error instanceof ResultNotTaken)) {
        sink.error(entry, error);
      }
    } catch (Exception | LinkageError | AssertionError | StackOverflowError e) {
      shown = error;
      console.remark(sink.label(entry) + ": onError failed: " + Texts.failure(e)
          + "; correct the job's onError");
    }
    failed++;
    failures.add(rendered(entry, shown));
    JobLog log = plan.log();
    if (log != null) {
      console.flushResults();
      log.failed(entry.sequence(), entry.digest(), runOf(shown), lost, shown);
    }
  }

  private String rendered(Feed.Entry entry, Throwable error) {
    String label = sink.label(entry);
    String text = describe(error);
    String trace = plan.trace() ? trace(error) : "";
    if (plan.json()) {
      Map<String, @Nullable Object> failure =
          Json.object("index", entry.sequence(), "input", label, "error", text);
      addFacts(failure, error);
      if (plan.trace()) {
        failure.put("trace", trace);
      }
      return Json.line(failure);
    }
    return "  " + label + ": " + text
        + (trace.isEmpty() ? "" : "\n" + trace.indent(4).stripTrailing());
  }

  private static void addFacts(Map<String, @Nullable Object> failure, Throwable error) {
    if (error instanceof InfrastructureException infrastructure) {
      failure.put("certainty", infrastructure.certainty().name());
    }
    if (error instanceof WorkerCrashedException crash) {
      failure.put("reason", crash.reason().name());
    }
    if (error instanceof TaskAbortedException aborted) {
      TaskReport report = aborted.report();
      failure.put("attempts", report.attempt());
      failure.put("worker", report.worker());
      failure.put("pid", report.pid());
      failure.put("exitValue", report.exitValue());
      failure.put("seconds", report.runTime().toNanos() / 1e9);
      failure.put("rssBytes", report.rssBytes());
      failure.put("heapBytes", report.heapBytes());
      failure.put("stack", report.stack());
      failure.put("crashReport", report.crashReport());
    }
  }

  /** Returns the trace as it was printed where the input ran; of a crash the whole message. */
  private static String trace(Throwable error) {
    if (error instanceof InfrastructureException) {
      return String.valueOf(error.getMessage());
    }
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      if (cause instanceof RemoteTrace remote) {
        return remote.trace().stripTrailing();
      }
    }
    StringWriter text = new StringWriter();
    error.printStackTrace(new PrintWriter(text));
    return text.toString().stripTrailing();
  }

  private static JobLog.Run runOf(Throwable error) {
    if (error instanceof TaskAbortedException aborted) {
      TaskReport report = aborted.report();
      return new JobLog.Run(-1, report.runTime().toNanos(), report.pid(), report.attempt());
    }
    return new JobLog.Run(-1, -1, -1, 1);
  }

  private static String describe(Throwable error) {
    StringBuilder text = new StringBuilder();
    if (error instanceof ResultNotTaken || error instanceof NotUtf8Exception) {
      text.append(Texts.brief(String.valueOf(error.getMessage())));
    } else if (error instanceof InfrastructureException failure) {
      String message = String.valueOf(error.getMessage());
      text.append(error.getClass().getSimpleName())
          .append(": ")
          .append(Texts.brief(message.lines().findFirst().orElse("")))
          .append(" (")
          .append(isOutOfMemory(error) ? "out of memory, " : "")
          .append(
              switch (failure.certainty()) {
                case NEVER_STARTED -> "never started";
                case MAY_HAVE_RUN -> "may have run";
                case RESULT_LOST -> "ran, result lost";
              })
          .append(attemptsOf(error) > 1 ? ", " + attemptsOf(error) + " attempts)" : ")");
      if (error instanceof TaskAbortedException aborted
          && !aborted.report().crashReport().isEmpty()) {
        text.append("; JVM crash report: ").append(aborted.report().crashReport());
      }
      return text.toString();
    } else {
      text.append(Texts.failure(error));
    }
    return text.toString();
  }

  private static int attemptsOf(Throwable error) {
    return error instanceof TaskAbortedException aborted ? aborted.report().attempt() : 1;
  }

  private static boolean isOutOfMemory(Throwable error) {
    return error instanceof WorkerCrashedException crash && crash.reason().isOutOfMemory();
  }

  /** The task has its result, but the job's onResult has failed with it. */
  private static final class ResultNotTaken extends Exception {
    private static final long serialVersionUID = 1;

    ResultNotTaken(Throwable cause) {
      super("computed, but onResult failed: " + Texts.failure(cause), cause);
    }
  }

  @Override
  public void interrupt() {
    interrupted = true;
    feed.stop();
    Pool current = pool;
    if (current != null) {
      current.terminate();
    }
  }

  /** Tells whether Ctrl-C or SIGTERM has come. */
  boolean isInterrupted() {
    return interrupted;
  }

  /** Says what was done and what failed, once. */
  @Override
  public void conclude() {
    boolean locked = false;
    try {
      locked = lock.tryLock(LOCK_PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
      if (!concluded.compareAndSet(false, true)) {
        return;
      }
      console.flushResults();
      progress.close();
      console.progress(null);
      try (FailureList ignored = failures) {
        if (!console.outIsClosed()) {
          report();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      if (locked) {
        lock.unlock();
      }
    }
  }

  private void report() {
    if (fatal != null && done + failed == 0) {
      return; // one line says it all
    }
    if (failed > 0 && !plan.json()) {
      console.remark(failed + " of " + Texts.count(done + failed, "input") + " failed:");
      failures.forEach(console.err()::println);
      if (failures.lost() > 0) {
        console.err().println("  and more, which the temporary folder could not hold");
      }
    }
    Duration time = Duration.ofNanos(System.nanoTime() - start);
    if (plan.json()) {
      printJson(time);
    } else if (interrupted) {
      Optional<String> exit = Interruption.exitCaller();
      console.remark(exit.map(caller -> caller + " called System.exit in this process: ")
              .orElse("interrupted: ")
          + doneText() + ", " + ended + " running " + (ended == 1 ? "was" : "were") + " ended"
          + (plan.log() == null || !plan.resumable() ? "" : "; go on with --resume")
          + (exit.isPresent()
              ? "; let it throw, or call it in process(), where a worker process ends for it"
              : ""));
    } else if (!plan.quiet()) {
      console.remark(doneText() + " in " + Texts.time(time)
          + (feed.skipped() > 0 ? ", " + feed.skipped() + " were done before" : ""));
    }
    Recordings recordings = plan.recordings();
    if (recordings != null && !plan.json() && !plan.quiet()) {
      console.remark(recordings.summary());
    }
  }

  private void printJson(Duration time) {
    Map<String, @Nullable Object> facts = Json.object(
        "done", done,
        "failed", failed,
        "skipped", feed.skipped(),
        "interrupted", interrupted,
        "ended", ended,
        "seconds", time.toNanos() / 1e9);
    if (plan.recordings() != null) {
      facts.put("recordings", plan.recordings().kept());
      facts.put("recordingsIn", plan.recordings().directory().toString());
    }
    String figures = Json.line(facts);
    PrintStream err = console.err();
    err.print(figures.substring(0, figures.length() - 1) + ",\"failures\":[");
    String[] separator = {""};
    failures.forEach(failure -> {
      err.print(separator[0] + failure);
      separator[0] = ",";
    });
    err.println("]}");
  }

  private String doneText() {
    return (plan.total() < 0
            ? Texts.count(done, "input")
            : done + " of " + Texts.count(plan.total(), "input"))
        + " done";
  }

  /** Returns the exit status, or throws what else has gone wrong. */
  int status() throws CommandException {
    if (console.outIsClosed()) {
      return ExitStatus.PIPE_CLOSED;
    }
    if (interrupted) {
      return ExitStatus.INTERRUPTED;
    }
    if (fatal != null) {
      throw fatal;
    }
    Throwable inputs = feed.failure();
    if (inputs instanceof CommandException exception) {
      throw exception;
    }
    if (inputs != null) {
      throw CommandException.failed(
          plan.name() + ": reading the inputs failed after "
              + Texts.count(done + failed + feed.skipped(), "input") + ": " + Texts.failure(inputs)
              + "; correct the inputs, and run again",
          inputs);
    }
    return failed > 0 ? ExitStatus.SOME_FAILED : ExitStatus.DONE;
  }

  /** Tells whether nothing further could be done. */
  boolean isFatal() {
    return fatal != null;
  }
}
