// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs callbacks, dependent stages and the reading of lazy inputs. Threads are made as long as all are occupied, up to a
 * bound, so that a slow callback holds up no other; they go after a second without work.
 */
final class CallbackExecutor implements Executor {
  private static final int MAX_THREADS = 256;

  private static final ThreadLocal<CallbackExecutor> INSIDE = new ThreadLocal<>();

  private final ThreadPoolExecutor threads;

  CallbackExecutor(String pool) {
    AtomicInteger number = new AtomicInteger(1);
    threads = new ThreadPoolExecutor(
        0,
        MAX_THREADS,
        1,
        TimeUnit.SECONDS,
        new HandOver(),
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
          ((HandOver) executor.getQueue()).enqueue(runnable);
        });
  }

  /** Runs something in a thread of this executor, or in the calling thread once the executor has been closed. */
  @Override
  public void execute(Runnable callback) {
    try {
      threads.execute(callback);
    } catch (RejectedExecutionException closed) {
      callback.run();
    }
  }

  /** Lets the threads end when what was given to them is done. */
  void close() {
    threads.shutdown();
  }

  /** Waits until all callbacks have run, unless the caller is itself a callback. */
  boolean awaitEnd() throws InterruptedException {
    return INSIDE.get() == this || threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
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
