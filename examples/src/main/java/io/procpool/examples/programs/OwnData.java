// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * N04: data that each worker keeps for itself. Threads need a {@link ThreadLocal} for that; a process has everything for itself,
 * a plain static field too.
 *
 * <p>Safe for use by multiple threads.
 */
public final class OwnData {
  private static final int WORKERS = 3;
  private static final int TASKS = 12;
  private static final ThreadLocal<List<Integer>> OF_THE_THREAD =
      ThreadLocal.withInitial(ArrayList::new);
  private static final List<Integer> OF_THE_PROCESS = new ArrayList<>(); // guarded by itself

  private OwnData() {}

  /**
   * What was seen.
   *
   * @param threads for each thread, which numbers it found in its thread-local list at last
   * @param processes for each worker process, which numbers it found in its static list at last
   */
  record Seen(Map<String, List<Integer>> threads, Map<String, List<Integer>> processes) {}

  /** The data of the worker that has run a task. */
  private record Found(String worker, List<Integer> data) implements Serializable {}

  /** Runs the program, which is about both backends and ignores the one in the settings. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    Seen seen = new Seen(
        keep(settings.withBackend(PoolOptions.THREADS)),
        keep(settings.withBackend(PoolOptions.PROCESSES)));
    seen.threads().forEach((who, data) -> settings.out().println("thread " + who + ": " + data));
    seen.processes().forEach((who, data) -> settings.out().println("process " + who + ": " + data));
    return seen;
  }

  private static Map<String, List<Integer>> keep(ProgramSettings settings)
      throws InterruptedException {
    boolean threads = settings.backend().equals(PoolOptions.THREADS);
    long nap = settings.second().toMillis() / 20;
    Map<String, List<Integer>> last = new HashMap<>();
    try (Pool pool = settings.pool(WORKERS)) {
      List<Integer> numbers = IntStream.range(0, TASKS).boxed().toList();
      List<Found> found = pool.map(
          number -> {
            Thread.sleep(nap); // so that every worker gets some
            return threads ? addToTheThread(number) : addToTheProcess(number);
          },
          numbers,
          1);
      for (Found each : found) {
        last.merge(each.worker(), each.data(), (one, two) -> one.size() > two.size() ? one : two);
      }
    }
    return last;
  }

  private static Found addToTheThread(int number) {
    List<Integer> own = OF_THE_THREAD.get();
    own.add(number);
    return new Found(Thread.currentThread().getName(), new ArrayList<>(own));
  }

  private static Found addToTheProcess(int number) {
    synchronized (OF_THE_PROCESS) {
      OF_THE_PROCESS.add(number);
      String pid = Long.toString(ProcessHandle.current().pid());
      return new Found(pid, new ArrayList<>(OF_THE_PROCESS));
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
