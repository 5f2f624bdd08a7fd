// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import java.util.ArrayList;
import java.util.List;

/**
 * P03: starts several children in a loop and joins them all.
 *
 * <p>Safe for use by multiple threads.
 */
public final class SeveralChildren {
  private static final int CHILDREN = 5;

  private SeveralChildren() {}

  /** Runs the program; returns the pids of the children. */
  static List<Long> run(ProgramSettings settings) throws InterruptedException {
    List<ChildProcess> children = new ArrayList<>();
    for (int i = 0; i < CHILDREN; i++) {
      int number = i;
      children.add(ChildProcess.start(() -> System.out.println(
          "child " + number + " is process " + ChildProcess.current().pid())));
    }
    for (ChildProcess child : children) {
      child.join();
    }
    List<Long> pids = children.stream().map(ChildProcess::pid).toList();
    settings.out().println(pids.size() + " children, all joined: " + pids);
    return pids;
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
