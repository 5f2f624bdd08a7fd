// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import io.procpool.ParentProcess;
import io.procpool.ProcessIdentity;
import io.procpool.shared.SharedLongArray;
import java.util.List;

/**
 * P02: parent and child each print who they are. What procpool says of the parent is what the system says of it.
 *
 * <p>Safe for use by multiple threads.
 */
public final class ParentAndChild {
  private ParentAndChild() {}

  /**
   * What was seen.
   *
   * @param pid of the parent
   * @param childPid of the child, as the parent knows it
   * @param ownPid of the child, as it knows itself
   * @param parentPid of its parent, as the child knows it
   * @param systemParentPid the same, as the system knows it
   */
  record Seen(long pid, long childPid, long ownPid, long parentPid, long systemParentPid) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    try (SharedLongArray pids = SharedLongArray.create(3)) {
      settings.out().println(describe("parent"));
      ChildProcess child = ChildProcess.start(() -> {
        System.out.println(describe("child"));
        pids.set(0, ChildProcess.current().pid());
        pids.set(1, ChildProcess.parent().orElseThrow().pid());
        pids.set(2, ProcessHandle.current().parent().orElseThrow().pid());
      });
      child.join();
      return new Seen(
          ChildProcess.current().pid(), child.pid(), pids.get(0), pids.get(1), pids.get(2));
    }
  }

  private static String describe(String title) {
    ProcessIdentity self = ChildProcess.current();
    return title + ": " + ParentAndChild.class.getSimpleName() + " in process \"" + self.name()
        + "\", parent pid "
        + ChildProcess.parent().map(ParentProcess::pid).map(String::valueOf).orElse("none of ours")
        + ", own pid " + self.pid();
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
