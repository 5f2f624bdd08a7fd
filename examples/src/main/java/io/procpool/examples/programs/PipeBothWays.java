// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import java.io.IOException;
import java.util.List;

/**
 * P07: a pipe that goes both ways. The parent sends a greeting, which the child prints; the child answers, and the parent prints that.
 *
 * <p>Safe for use by multiple threads.
 */
public final class PipeBothWays {
  private PipeBothWays() {}

  /** Runs the program; returns the answer. */
  static String run(ProgramSettings settings) throws IOException, InterruptedException {
    try (Pipe pipe = Pipe.duplex()) {
      Connection far = pipe.second();
      ChildProcess child = ChildProcess.start(() -> {
        System.out.println(far.recv());
        far.send("from son");
      });
      pipe.first().send("from father");
      String answer = String.valueOf(pipe.first().recv());
      settings.out().println(answer);
      child.join();
      return answer;
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
