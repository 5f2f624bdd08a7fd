// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What happens at Ctrl-C and SIGTERM.
 *
 * <p>The JVM answers both by running its shutdown hooks, while all other threads go on, and then halts with 130 or 143. The
 * hook made here ends the running tasks and then waits for the command's own thread, which hands out what is finished,
 * closes the job log and says what was done. If that takes too long (code of the job may never return) the hook says it.
 * Other hooks, the pool's own among them, run at the same time: {@link #isShuttingDown} tells a worker that crashed from
 * one that was ended because of the shutdown. A second Ctrl-C changes nothing: the end comes within
 * {@value #PATIENCE_MILLIS} ms anyway.
 */
final class Interruption implements AutoCloseable {
  private static final long PATIENCE_MILLIS = 2_000;

  private final @Nullable Thread hook;
  private final CountDownLatch finished = new CountDownLatch(1);

  /** What is to be ended. */
  interface Target {
    /** Ends the running tasks; must not block for long. */
    void interrupt();

    /** Says what was done, if that has not been said. */
    void conclude();
  }

  /** Watches for signals until closed, if the command is this whole process. */
  Interruption(Console console, Target target) {
    Thread thread = new Thread(
        () -> {
          target.interrupt();
          try {
            finished.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            // conclude at once
          }
          target.conclude();
        },
        "pool-master-interruption");
    this.hook = console.ownsProcess() && register(thread) ? thread : null;
  }

  private static boolean register(Thread hook) {
    try {
      Runtime.getRuntime().addShutdownHook(hook);
      return true;
    } catch (IllegalStateException shuttingDown) {
      return false;
    }
  }

  /** Tells whether this JVM is shutting down. */
  static boolean isShuttingDown() {
    Thread probe = new Thread(() -> {});
    if (!register(probe)) {
      return true;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(probe);
      return false;
    } catch (IllegalStateException shuttingDown) {
      return true;
    }
  }

  @Override
  public void close() {
    finished.countDown();
    if (hook != null) {
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException shuttingDown) {
        // it runs already, and finds everything finished
      }
    }
  }
}
