// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.channel.ProcessQueue;
import java.util.List;

/**
 * P05: the parent puts a number on a queue before there is a child; the child takes and prints it.
 *
 * <p>Safe for use by multiple threads.
 */
public final class QueueToChild {
  private QueueToChild() {}

  /** Runs the program; returns the child's exit code. */
  static int run(ProgramSettings settings) throws InterruptedException {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      queue.put(123);
      ChildProcess child = ChildProcess.start(() -> System.out.println(queue.take()));
      child.join();
      settings.out().println("left in the queue: " + queue.size());
      return child.exitCode().orElseThrow();
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
