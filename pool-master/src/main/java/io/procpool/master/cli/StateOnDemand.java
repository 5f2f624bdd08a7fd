// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.function.Supplier;

/** Prints what is going on whenever this process gets a SIGQUIT (Ctrl-\), after the JVM's thread dump, until it is closed. */
final class StateOnDemand implements AutoCloseable {
  private final Thread thread;

  StateOnDemand(Console console, Supplier<String> state) {
    thread = new Thread(
        () -> {
          try {
            while (DumpRequests.await()) {
              console.jobErr().print("pool-master: asked by SIGQUIT:\n" + state.get() + "\n");
            }
          } catch (InterruptedException e) {
            // closed
          }
        },
        "pool-master-state");
    thread.setDaemon(true);
    if (console.ownsProcess()) {
      thread.start();
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
