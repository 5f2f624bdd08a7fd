// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import java.util.List;

/**
 * P01: starts a child that prints a greeting, and joins it. The line is there before {@code join} returns.
 *
 * <p>Safe for use by multiple threads.
 */
public final class HelloChild {
  private HelloChild() {}

  /** Runs the program; returns the exit code of the child. */
  static int run(ProgramSettings settings) throws InterruptedException {
    String name = "bob";
    ChildProcess child = ChildProcess.start(() -> System.out.println("hello " + name));
    child.join();
    int exitCode = child.exitCode().orElseThrow();
    settings.out().println("exit code " + exitCode);
    return exitCode;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
