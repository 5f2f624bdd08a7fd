// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Completes what nobody waits for, in the order in which it comes. Callbacks run here; if one of them blocks, another thread goes on with
 * the rest, so that it may well wait for something that is behind it in the line. Safe for use by multiple threads.
 */
final class Completions {
  /** How long one may take before another thread goes on with the rest. */
  static final long STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final long IDLE_MILLIS = 5_000;

  private final String name;
  private final ArrayDeque<Runnable> line = new ArrayDeque<>(); // guarded by this
  private @Nullable Thread worker; // who goes on with the line; guarded by this
  private boolean working; // guarded by this
  private volatile long begun; // when the worker began what it is doing

  Completions(String name) {
    this.name = name;
  }

  synchronized void add(Runnable completion) {
    line.add(completion);
    if (worker == null) {
      startWorker();
    } else if (!working) {
      notifyAll();
    }
  }

  private void startWorker() {
    Thread thread = new Thread(this::work, name);
    thread.setDaemon(true);
    worker = thread;
    working = true;
    begun = System.nanoTime();
    thread.start();
  }

  synchronized boolean isEmpty() {
    return line.isEmpty();
  }

  /** Has another thread go on if one has been busy with the same thing for too long. To be called now and then while it is not empty. */
  synchronized void look() {
    if (!line.isEmpty() && working && System.nanoTime() - begun > STUCK_NANOS) {
      startWorker(); // the other one ends when it is through with what it does
    }
  }

  private void work() {
    for (Runnable next = next(); next != null; next = next()) {
      begun = System.nanoTime();
      next.run();
    }
  }

  private synchronized @Nullable Runnable next() {
    Thread self = Thread.currentThread();
    long start = System.nanoTime();
    while (worker == self) {
      Runnable next = line.poll();
      working = next != null;
      long left = IDLE_MILLIS - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      if (working) {
        begun = System.nanoTime();
        return next;
      }
      if (left <= 0) {
        worker = null;
        return null;
      }
      try {
        wait(left);
      } catch (InterruptedException byCallback) {
        // By a callback, for itself.
      }
    }
    return null;
  }
}
