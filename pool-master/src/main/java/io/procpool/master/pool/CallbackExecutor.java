// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs callbacks and dependent stages. Threads are made as long as all are occupied, up to a bound, so that a slow callback
 * holds up no other; they go after a second without work. When none gets done for a while, because callbacks wait for each
 * other, the bound is raised. Safe for use by multiple threads.
 */
final class CallbackExecutor implements Executor {
  private static final int MAX_THREADS = 256;
  private static final int MORE_THREADS = 64;
  private static final long STALL_NANOS = 100_000_000;

  private static final ThreadLocal<CallbackExecutor> INSIDE = new ThreadLocal<>();

  private final String pool;
  private final HandOver queue = new HandOver();
  private final ThreadPoolExecutor threads;
  private final AtomicInteger unfinished = new AtomicInteger();
  private final AtomicBoolean watching = new AtomicBoolean();

  CallbackExecutor(String pool) {
    this.pool = pool;
    AtomicInteger number = new AtomicInteger(1);
    threads = new ThreadPoolExecutor(
        0,
        MAX_THREADS,
        1,
        TimeUnit.SECONDS,
        queue,
        runnable -> {
          Runnable inside = () -> {
            INSIDE.set(this);
            runnable.run();
          };
          Thread thread = new Thread(inside, pool + "-callback-" + number.getAndIncrement());
          thread.setDaemon(true);
          return thread;
        },
        (runnable, executor) -> {
          if (executor.isShutdown()) {
            throw new RejectedExecutionException("closed");
          }
          queue.enqueue(runnable);
          watchForStall();
        });
  }

  private void watchForStall() {
    if (watching.compareAndSet(false, true)) {
      Thread watcher = new Thread(this::raiseBoundWhenStalled, pool + "-callback-watcher");
      watcher.setDaemon(true);
      try {
        watcher.start();
      } catch (OutOfMemoryError noThread) {
        watching.set(false); // more threads for callbacks could not be made either
      }
    }
  }

  private void raiseBoundWhenStalled() {
    while (!queue.isEmpty() && !threads.isShutdown()) {
      long done = threads.getCompletedTaskCount();
      LockSupport.parkNanos(STALL_NANOS);
      if (threads.getCompletedTaskCount() == done && !queue.isEmpty()) {
        threads.setMaximumPoolSize(threads.getMaximumPoolSize() + MORE_THREADS);
        try {
          for (int i = 0; i < MORE_THREADS && !queue.isEmpty(); i++) {
            threads.execute(() -> {}); // brings a thread, which goes on with the queue
          }
        } catch (RejectedExecutionException | OutOfMemoryError noFurtherThread) {
          break;
        }
      }
    }
    watching.set(false);
    if (!queue.isEmpty() && !threads.isShutdown()) {
      watchForStall();
    }
  }

  /** Runs something in a thread of this executor, or in the calling thread once the executor has been closed. */
  @Override
  public void execute(Runnable callback) {
    unfinished.incrementAndGet();
    Runnable counted = () -> {
      try {
        callback.run();
      } finally {
        if (unfinished.decrementAndGet() == 0) {
          synchronized (this) {
            notifyAll();
          }
        }
      }
    };
    try {
      threads.execute(counted);
    } catch (RejectedExecutionException closed) {
      counted.run();
    } catch (OutOfMemoryError noThread) {
      if (threads.getPoolSize() > 0) {
        queue.enqueue(counted);
      } else {
        counted.run();
      }
    }
  }

  /** Tells whether all that was given to this executor is done. */
  boolean isIdle() {
    return unfinished.get() == 0;
  }

  /** Lets the threads end when what was given to them is done. */
  void close() {
    threads.shutdown();
  }

  /** Waits until all callbacks have run, unless the caller is itself a callback. */
  boolean awaitIdle(long nanos) throws InterruptedException {
    if (INSIDE.get() == this) {
      return true;
    }
    long end = System.nanoTime() + nanos;
    synchronized (this) {
      while (!isIdle()) {
        long left = end - System.nanoTime();
        if (left <= 0) {
          return false;
        }
        TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
      }
    }
    return true;
  }

  /** Takes a runnable only if an idle thread waits for one, so that the executor makes a thread otherwise. */
  private static final class HandOver extends LinkedTransferQueue<Runnable> {
    private static final long serialVersionUID = 1;

    @Override
    public boolean offer(Runnable runnable) {
      return tryTransfer(runnable);
    }

    void enqueue(Runnable runnable) {
      super.offer(runnable);
    }
  }
}
