// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.job;

import org.jspecify.annotations.Nullable;

/**
 * A job of a job jar, run by {@code pool-master run}. A job class is public, has a public constructor without parameters
 * and is listed in {@code META-INF/services/io.procpool.job.Job}.
 *
 * <p>The master constructs one job and calls {@link #inputs}, {@link #onResult}, {@link #onError} and {@link #finish} on
 * it, all in one thread; the iterator of the inputs is used in another one. The command lists failed inputs by their
 * {@code toString()}. An input that turns out to be unreadable is best handed over as one that says so and makes
 * {@link #process} throw: then it fails alone, while an iterator that throws ends the job. Each worker constructs one of its own and calls only {@link #process} on it, for one input at a
 * time; so {@code process} must not rely on what the other methods have stored. What an input needs to know of the job's
 * arguments belongs into the input.
 *
 * @param <I> type of an input; serializable
 * @param <R> type of a result; serializable
 */
public interface Job<I, R extends @Nullable Object> {
  /** Returns the name by which {@code --job} chooses this job: short, lower case. */
  String name();

  /** Returns one line on what this job does and which arguments it takes, for {@code pool-master jobs}. */
  String description();

  /**
   * Returns the inputs. They are read lazily, a bounded window ahead of the workers; an endless iterable is allowed. Called
   * once, in the master.
   *
   * @throws IllegalArgumentException if the arguments are not acceptable; the message is shown to the user as it is
   */
  Iterable<? extends I> inputs(JobContext context) throws Exception;

  /** Computes the result of one input. Called in a worker. */
  R process(I input) throws Exception;

  /**
   * Takes a result, in the order of the inputs unless {@code --unordered} was given. Called in the master. The default
   * prints the result as a line to {@link JobContext#out()}.
   */
  default void onResult(I input, R result, JobContext context) throws Exception {
    context.out().println(result);
  }

  /**
   * Takes a failure. Called in the master, in the place of {@link #onResult}. The command counts and lists failed inputs
   * by itself; the default does nothing.
   */
  default void onError(I input, Throwable error, JobContext context) throws Exception {}

  /** Called once in the master after the last result, also when inputs failed. The default does nothing. */
  default void finish(JobContext context) throws Exception {}
}
