// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.util.Map;
import java.util.Optional;
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
 *
 * <p>Code of the job may call {@link System#exit} in this process, which looks the same. Then a thread is in that method:
 * {@link #exitCaller}. The exit status is {@link Target#statusOfExit} then, whatever the code of the job wanted.
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

    /** Returns the exit status if code of the job has ended this process. */
    default int statusOfExit() {
      return ExitStatus.SOME_FAILED;
    }
  }

  /** Watches for signals until closed, if the command is this whole process. */
  Interruption(Console console, Target target) {
    this(console, target, PATIENCE_MILLIS);
  }

  private Interruption(Console console, Target target, long patienceMillis) {
    Thread owner = Thread.currentThread();
    Thread thread = new Thread(
        () -> {
          Optional<Map.Entry<Thread, String>> exit = exit();
          target.interrupt();
          try {
            boolean ownerIsCaught = exit.isPresent() && exit.get().getKey() == owner;
            finished.await(ownerIsCaught ? 0 : patienceMillis, TimeUnit.MILLISECONDS);
          } catch (InterruptedException e) {
            // conclude at once
          }
          target.conclude();
          if (exit.isPresent()) {
            Runtime.getRuntime().halt(target.statusOfExit());
          }
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

  /** Returns the method of the job that has called {@link System#exit} in this process, if that is what ends it. */
  static Optional<String> exitCaller() {
    return exit().map(Map.Entry::getValue);
  }

  private static Optional<Map.Entry<Thread, String>> exit() {
    for (Map.Entry<Thread, StackTraceElement[]> thread :
        Thread.getAllStackTraces().entrySet()) {
      boolean exits = false;
      for (StackTraceElement frame : thread.getValue()) {
        boolean isRuntime = frame.getClassName().equals("java.lang.Runtime");
        if (isRuntime && frame.getMethodName().equals("exit")) {
          exits = true;
        } else if (exits && !frame.getClassName().startsWith("java.lang.")) {
          return frame.getClassName().equals(PoolMasterCommand.class.getName())
              ? Optional.empty()
              : Optional.of(
                  Map.entry(thread.getKey(), frame.getClassName() + "." + frame.getMethodName()));
        }
      }
    }
    return Optional.empty();
  }

  /** Says, until closed, what ends this process while a job is loaded, before there is anything to interrupt. */
  static Interruption ofLoading(Console console, String what) {
    Target target = new Target() {
      @Override
      public void interrupt() {}

      @Override
      public int statusOfExit() {
        return ExitStatus.NOT_LOADED;
      }

      @Override
      public void conclude() {
        exitCaller()
            .ifPresent(caller -> console.remark(what + ": " + caller
                + " called System.exit while the job was loaded; remove the call"));
      }
    };
    return new Interruption(console, target, 0);
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
