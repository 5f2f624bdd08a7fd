// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;

/**
 * F09: one program for a pool of threads and for one of processes; only the name of the backend differs. It submits, maps
 * with a chunk size and a time limit, shuts down without waiting and with, and has callbacks. These run in the master, so
 * they print the master's pid whichever process the task ran in.
 *
 * <p>Safe for use by multiple threads.
 */
public final class OneInterface {
  private static final int WORKERS = 3;
  private static final int CHUNK = 5;

  private OneInterface() {}

  /**
   * What was seen.
   *
   * @param taskPid the process that ran the submitted task
   * @param callbackPids the processes that ran callbacks
   * @param squares what map returned
   * @param timedOut whether a result that is late was given up after its time limit
   * @param endedAtShutdown whether the pool had ended when {@code shutdown} returned, with a task still running
   * @param lateValue the value of that task
   * @param endedAtClose whether the pool had ended when {@code close} returned
   */
  record Seen(
      long taskPid,
      Set<Long> callbackPids,
      List<Integer> squares,
      boolean timedOut,
      boolean endedAtShutdown,
      int lateValue,
      boolean endedAtClose) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings)
      throws InterruptedException, ExecutionException, TimeoutException, IOException {
    Set<Long> callbackPids = new ConcurrentSkipListSet<>();
    Pool pool = settings.notInline().pool(WORKERS);
    try (pool;
        Gate gate = Gate.shut()) {
      AsyncResult<Long> first = pool.submit(() -> ProcessHandle.current().pid());
      first
          .thenAccept(taskPid -> {
            callbackPids.add(ProcessHandle.current().pid());
            settings
                .out()
                .println("the task ran in " + taskPid + ", its callback in "
                    + ProcessHandle.current().pid());
          })
          .toCompletableFuture()
          .join();

      List<Integer> inputs = IntStream.range(0, 20).boxed().toList();
      List<Integer> squares =
          pool.mapAsync(OneInterface::square, inputs, CHUNK).get(1, TimeUnit.MINUTES);
      settings.out().println("squares: " + squares);

      AsyncResult<Integer> late = pool.applyAsync(
          OneInterface::squareBehind,
          gate,
          7,
          value -> callbackPids.add(ProcessHandle.current().pid()),
          error -> {});
      boolean timedOut = false;
      try {
        late.get(settings.millis(0.1), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        timedOut = true;
      }

      pool.shutdown();
      boolean endedAtShutdown = pool.isTerminated();
      gate.open();
      pool.close();
      settings.out().println("after close: " + late.get());
      return new Seen(
          first.get(),
          callbackPids,
          squares,
          timedOut,
          endedAtShutdown,
          late.get(),
          pool.isTerminated());
    }
  }

  private static int square(int number) {
    return number * number;
  }

  private static int squareBehind(Gate gate, int number) throws InterruptedException {
    gate.await();
    return square(number);
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
