// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.Pool;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * F04: a hundred tasks on five workers, each with a callback. The tasks run in the workers; the callbacks run in the
 * master, so they can use what the master holds, here a queue.
 *
 * <p>Safe for use by multiple threads.
 */
public final class Callbacks {
  private static final int WORKERS = 5;
  private static final int TASKS = 100;

  private Callbacks() {}

  /** What a task returns: its number and the process it ran in. */
  record Reply(int number, long pid) implements Serializable {}

  /**
   * What was seen.
   *
   * @param calls how often the callback was called with each number
   * @param workerPids the processes that ran tasks
   * @param callbackPids the processes that ran callbacks
   */
  record Seen(Map<Integer, Integer> calls, Set<Long> workerPids, Set<Long> callbackPids) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) {
    record Call(Reply reply, long pid) {}
    Queue<Call> calls = new ConcurrentLinkedQueue<>();
    try (Pool pool = settings.pool(WORKERS)) {
      for (int i = 0; i < TASKS; i++) {
        pool.applyAsync(
            Callbacks::foo,
            i,
            reply -> calls.add(new Call(reply, ProcessHandle.current().pid())));
      }
    }

    Seen seen = new Seen(new TreeMap<>(), new TreeSet<>(), new TreeSet<>());
    for (Call call : calls) {
      seen.calls().merge(call.reply().number(), 1, Integer::sum);
      seen.workerPids().add(call.reply().pid());
      seen.callbackPids().add(call.pid());
    }
    settings.out().println(calls.size() + " callbacks in process " + seen.callbackPids());
    settings.out().println("tasks ran in processes " + seen.workerPids());
    return seen;
  }

  private static Reply foo(int number) {
    return new Reply(number, ProcessHandle.current().pid());
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
