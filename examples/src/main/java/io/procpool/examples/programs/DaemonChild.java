// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.sync.ProcessEvent;
import java.util.List;

/**
 * N03: at the end of the program a normal child is waited for, and a daemon child is terminated. So run it as a program of its own.
 *
 * <p>Safe for use by multiple threads.
 */
public final class DaemonChild {
  private static final double NORMAL_SECONDS = 1;
  private static final double DAEMON_SECONDS = 3600;

  private DaemonChild() {}

  /** Runs the program; returns its children, which are alive. */
  static List<ChildProcess> run(ProgramSettings settings) throws InterruptedException {
    ProcessEvent daemonBegan = ProcessEvent.create();
    ProcessEvent mainEnds = ProcessEvent.create();
    long normalMillis = settings.millis(NORMAL_SECONDS);
    long daemonMillis = settings.millis(DAEMON_SECONDS);
    ChildProcess normal =
        ChildProcess.start(ChildOptions.builder().name("normal").build(), () -> {
          mainEnds.await();
          work(normalMillis);
        });
    ChildProcess daemon =
        ChildProcess.start(ChildOptions.builder().name("daemon").daemon(true).build(), () -> {
          daemonBegan.set();
          work(daemonMillis);
        });
    daemonBegan.await();
    settings.out().println("main ends");
    mainEnds.set();
    return List.of(normal, daemon);
  }

  private static void work(long millis) {
    String name = ChildProcess.current().name();
    try {
      Thread.sleep(millis);
      System.out.println(name + " has done its work");
    } catch (InterruptedException e) {
      System.out.println(name + " was terminated");
    }
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
