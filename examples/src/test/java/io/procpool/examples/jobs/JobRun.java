// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * One run of a job in this thread, with copies of inputs and results as between processes, and with a job of its own for
 * each side. What it wrote is kept. Not safe for use by multiple threads.
 */
final class JobRun implements JobContext {
  private final List<String> arguments;
  private final ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
  private final ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
  private final PrintStream err = new PrintStream(errBytes, true, StandardCharsets.UTF_8);
  private final List<Object> inputs = new ArrayList<>();

  private JobRun(String... arguments) {
    this.arguments = List.of(arguments);
  }

  static <I, R> JobRun of(Supplier<? extends Job<I, R>> jobs, String... arguments)
      throws Exception {
    return of(jobs, input -> false, arguments);
  }

  /** As above; the chosen inputs fail as if their worker had crashed. */
  static <I, R> JobRun of(
      Supplier<? extends Job<I, R>> jobs, Predicate<? super I> lost, String... arguments)
      throws Exception {
    JobRun run = new JobRun(arguments);
    Job<I, R> master = jobs.get();
    Job<I, R> worker = jobs.get();
    for (I input : master.inputs(run)) {
      run.inputs.add(input);
      try {
        if (lost.test(input)) {
          throw new IllegalStateException("lost");
        }
        master.onResult(input, copy(worker.process(copy(input))), run);
      } catch (Exception | StackOverflowError | OutOfMemoryError e) {
        master.onError(input, e, run);
      }
    }
    master.finish(run);
    return run;
  }

  @SuppressWarnings("unchecked")
  private static <T> T copy(T value) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(value);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      return (T) in.readObject();
    }
  }

  @Override
  public List<String> arguments() {
    return arguments;
  }

  @Override
  public PrintStream out() {
    return out;
  }

  @Override
  public PrintStream err() {
    return err;
  }

  int inputs() {
    return inputs.size();
  }

  byte[] outBytes() {
    return outBytes.toByteArray();
  }

  String outText() {
    return outBytes.toString(StandardCharsets.UTF_8);
  }

  String errText() {
    return errBytes.toString(StandardCharsets.UTF_8);
  }
}
