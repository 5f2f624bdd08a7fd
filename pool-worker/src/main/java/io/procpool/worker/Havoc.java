// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.Chaos;
import io.procpool.ipc.FunctionKind;
import java.io.IOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Does to the tasks of this worker what the pool's {@link Chaos} says. */
final class Havoc {
  /*
   * A death is Runtime.halt with the exit value of a SIGKILL: at once, without hooks, from inside, so that it comes exactly where it should. A stop is done by a shell, which wakes this
   * process again; it is a child of this process, and goes with it.
   */
  private static final int KILLED = 128 + 9;

  private final Chaos chaos;
  private final String worker;
  private final long pid;
  private volatile long generation; // of the call; odd while a function runs

  Havoc(Chaos chaos, String worker, long pid) {
    this.chaos = chaos;
    this.worker = worker;
    this.pid = pid;
  }

  /** Calls a function, and strikes. */
  @Nullable
  Object call(
      long taskId,
      int attempt,
      FunctionKind kind,
      Object function,
      @Nullable Object a,
      @Nullable Object b,
      @Nullable Object c)
      throws Exception {
    Chaos.Strike strike = chaos.strike(taskId, attempt);
    switch (strike) {
      case KILL_BEFORE -> die(strike, taskId, attempt);
      case STOP -> stop(taskId, attempt);
      case SLOW -> slow();
      case NONE, KILL_DURING, KILL_AFTER -> {}
    }
    generation++;
    if (strike == Chaos.Strike.KILL_DURING) {
      dieLater(taskId, attempt);
    }
    try {
      return kind.call(function, a, b, c);
    } finally {
      generation++;
      if (strike == Chaos.Strike.KILL_AFTER) {
        die(strike, taskId, attempt);
      }
    }
  }

  private void die(Chaos.Strike strike, long taskId, int attempt) {
    say(strike, taskId, attempt);
    Runtime.getRuntime().halt(KILLED);
  }

  private void say(Chaos.Strike strike, long taskId, int attempt) {
    System.err.println("chaos: " + strike.name().toLowerCase(Locale.ROOT).replace('_', ' ')
        + ", task " + taskId + ", attempt " + attempt + " in " + worker);
    System.err.flush();
  }

  private void dieLater(long taskId, int attempt) {
    long running = generation;
    long end = System.nanoTime() + chaos.moment(taskId, attempt).toNanos();
    Thread killer = new Thread(
        () -> {
          for (long left = end - System.nanoTime();
              left > 0 && generation == running;
              left = end - System.nanoTime()) {
            LockSupport.parkNanos(Math.min(left, TimeUnit.MILLISECONDS.toNanos(1)));
          }
          if (generation == running) {
            die(Chaos.Strike.KILL_DURING, taskId, attempt);
          }
        },
        "chaos");
    killer.setDaemon(true);
    killer.start();
  }

  private void slow() {
    try {
      TimeUnit.NANOSECONDS.sleep(chaos.slowTime().toNanos());
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Returns when this process has been stopped and goes on. */
  private void stop(long taskId, int attempt) throws IOException {
    say(Chaos.Strike.STOP, taskId, attempt);
    String seconds = String.format(Locale.ROOT, "%.3f", chaos.stopTime().toNanos() / 1e9);
    Process shell = new ProcessBuilder(
            "sh", "-c", "kill -STOP " + pid + "; sleep " + seconds + "; kill -CONT " + pid)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    try {
      shell.waitFor();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
