// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import io.procpool.job.Job;
import io.procpool.job.JobContext;
import java.util.ArrayList;
import java.util.List;

/**
 * Does, for each argument, the harm it names. Each argument is one input, and none may cost another its result: that is
 * what the job shows. Prints a line for each input: its word, and behind a colon what it failed with. On the backends
 * {@code threads} and {@code inline} the harm is done to the master itself.
 *
 * <p>{@link #process} is safe for use by multiple threads, as far as it is safe at all.
 */
public final class Misbehave implements Job<Harm, Object> {
  private static final String USAGE = "misbehave WORD...";

  @Override
  public String name() {
    return "misbehave";
  }

  @Override
  public String description() {
    return "does the harm each argument names (" + Harm.words()
        + "); those that do not end need --timeout: " + USAGE;
  }

  @Override
  public Iterable<Harm> inputs(JobContext context) {
    if (context.arguments().isEmpty()) {
      throw new IllegalArgumentException(
          "0 arguments (usage: " + USAGE + ", each one of: " + Harm.words() + ")");
    }
    List<Harm> inputs = new ArrayList<>();
    for (String argument : context.arguments()) {
      inputs.add(Harm.of(argument));
    }
    return inputs;
  }

  @Override
  public Object process(Harm harm) throws Exception {
    return harm.inflict();
  }

  @Override
  public void onResult(Harm harm, Object result, JobContext context) {
    context.out().println(result);
  }

  @Override
  public void onError(Harm harm, Throwable error, JobContext context) {
    context.out().println(harm.word() + ": " + error.getClass().getSimpleName());
  }
}
