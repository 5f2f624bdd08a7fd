// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.PoolStatistics;
import io.procpool.Shared;
import io.procpool.TaskOptions;
import io.procpool.TaskProgress;
import io.procpool.WorkerRecording;
import io.procpool.WorkerSnapshot;
import io.procpool.ipc.FunctionKind;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Runs work. Every item of every submitted work is reported to the work's sink exactly once, whatever happens. Safe for use
 * by multiple threads; no method but {@link #awaitTermination} and {@link #terminate} blocks (the inline engine excepted).
 */
public interface Engine {
  /**
   * Begins a list of inputs for a function, which is encoded now.
   *
   * @throws io.procpool.NotSerializableTaskException if it cannot be
   */
  Inputs inputs(FunctionKind kind, Object function);

  /**
   * Begins the first list of inputs of a submission in several parts, each a work of its own; the other lists come from
   * {@link Inputs#another}. The workers may keep the function until {@link #endParts}.
   *
   * @throws io.procpool.NotSerializableTaskException if the function cannot be encoded
   */
  default Inputs inputsInParts(FunctionKind kind, Object function) {
    return inputs(kind, function);
  }

  /** Says that nothing more is submitted with the function of these inputs; what was submitted goes on. */
  default void endParts(Inputs inputs) {}

  /**
   * A worker, for work that only one may run.
   *
   * @param name as in messages and events
   * @param worker as the engine knows it
   */
  record Target(String name, Object worker) {}

  /** Returns the workers that live now, those that are being started included. Does not block for long. */
  List<Target> targets();

  /**
   * Shares a value with the workers.
   *
   * @throws io.procpool.NotSerializableTaskException if it cannot be encoded
   */
  <T extends @Nullable Object> Shared<T> share(T value);

  /** Tells whether {@link #submit} runs the work in the calling thread before it returns. */
  boolean runsInCaller();

  /**
   * Checks that the options of a task can be honoured.
   *
   * @throws IllegalArgumentException if they cannot
   */
  default void check(TaskOptions options) {}

  /** Accepts work. After {@link #shutdown()} the work is reported as terminated. */
  void submit(Work work);

  /**
   * Sees to it that items of this work which have not started never do, and that running ones are interrupted if asked to.
   * Items that are prevented are still reported. The work may be on its way to {@link #submit}, which then reports it.
   */
  void cancel(Work work, boolean interrupt);

  /** Tells whether an item of this work is being executed now. */
  boolean isRunning(Work work);

  /** Returns what the one item of this work, which runs, has said of its progress; nothing if it does not run or has said nothing. */
  Optional<TaskProgress> progress(Work work);

  /**
   * Sets the smallest and the largest number of workers, which are in range.
   *
   * @throws IllegalArgumentException if there is no memory for so many
   * @throws IllegalStateException if the engine is shut down
   * @throws UnsupportedOperationException if it has no workers
   */
  void resize(int min, int max);

  /**
   * Replaces all workers one after the other; the future is completed in a thread of the engine.
   *
   * @throws IllegalStateException if the engine is shut down
   * @throws UnsupportedOperationException if there is nothing to replace
   */
  CompletableFuture<Void> refresh();

  /** Ends the engine once all accepted work is done. */
  void shutdown();

  /** Ends the engine soon: returns what has not started (reported as terminated), interrupts the rest. */
  List<Work> shutdownNow();

  /** Ends the engine at once. Blocks until the workers are gone. */
  void terminate();

  /** Waits for the end of all workers; a negative time means without limit. */
  boolean awaitTermination(long nanos) throws InterruptedException;

  /** Tells whether all workers have ended after a shutdown. */
  boolean isTerminated();

  /** Fills in what the engine knows. */
  PoolStatistics statistics();

  /**
   * What an engine knows at one moment.
   *
   * @param when the moment
   * @param current false if the engine did not answer, and this is from before
   * @param oldestWaitNanos how long something has waited for a worker; -1 if nothing waits
   * @param workers those that there are
   */
  record View(
      Instant when,
      boolean current,
      PoolStatistics statistics,
      long oldestWaitNanos,
      List<WorkerSnapshot> workers) {}

  /** Tells what the workers are doing. Blocks for a second at most. */
  View view();

  /** Tells what the threads of each worker do; see {@link io.procpool.Pool#threadDumps}. Blocks until the time is over at most. */
  Map<String, String> threadDumps(Duration timeout) throws InterruptedException;

  /** Begins a flight recording; see {@link io.procpool.Pool#startRecording}. Blocks until the time is over at most. */
  WorkerRecording startRecording(String worker, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException;

  /** A list of inputs under construction: one thread only. */
  interface Inputs {
    /**
     * Adds one call's arguments, as many as the kind's arity. Whatever is thrown, the list is as before then.
     *
     * @throws io.procpool.NotSerializableTaskException if one cannot be encoded
     */
    void add(@Nullable Object a, @Nullable Object b, @Nullable Object c);

    /** Begins another list for the same function, as it was encoded for this one. */
    Inputs another();

    /** Moves all calls of another list for the same function to the end of this one; an empty list copies nothing. */
    void takeAll(Inputs other);

    /** Returns the number of calls. */
    int count();

    /**
     * Returns the number of encoded bytes, without a function that several lists share; zero where nothing is encoded.
     */
    long bytes();

    /** Returns the kind of the function. */
    FunctionKind kind();

    /** Returns the function itself, for messages. */
    Object function();

    /** Runs one call in this thread, for what {@code shutdownNow} returns. */
    @Nullable
    Object call(int item) throws Exception;
  }
}
