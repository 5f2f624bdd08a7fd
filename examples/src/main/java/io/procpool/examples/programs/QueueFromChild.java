// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.channel.ProcessQueue;
import java.util.Arrays;
import java.util.List;

/**
 * P04: a child puts a list on a queue, and the parent takes it: the number is still a number, and null is null.
 *
 * <p>Safe for use by multiple threads.
 */
public final class QueueFromChild {
  private QueueFromChild() {}

  /**
   * What was seen.
   *
   * @param value what came through the queue
   * @param exitCode the child's
   */
  record Seen(List<?> value, int exitCode) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (ProcessQueue<List<?>> queue = ProcessQueue.unbounded()) {
      ChildProcess child = ChildProcess.start(() -> queue.put(Arrays.asList(42, null, "hello")));
      List<?> value = queue.take();
      child.join();
      settings.out().println(value);
      return new Seen(value, child.exitCode().orElseThrow());
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
