// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.function.Supplier;

/** Prints what is going on whenever this process gets a SIGQUIT (Ctrl-\), after the JVM's thread dump, until it is closed. */
final class StateOnDemand implements AutoCloseable {
  private final Thread thread;

  /** Tells what may take a moment to find out; empty: nothing. */
  interface Details {
    String text() throws InterruptedException;
  }

  StateOnDemand(Console console, Supplier<String> state, Details details) {
    thread = new Thread(
        () -> {
          try {
            while (DumpRequests.await()) {
              console.jobErr().print("pool-master: asked by SIGQUIT:\n" + state.get() + "\n");
              console.jobErr().print(details.text());
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
