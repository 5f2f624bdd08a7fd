// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the listeners of a pool what happens, in order, in one thread that exists only if there are listeners. */
public final class Events {
  private static final Logger LOG = LoggerFactory.getLogger(Events.class);

  private final List<PoolListener> listeners;
  private final @Nullable ThreadPoolExecutor thread;

  /** Prepares the events of a pool. */
  public Events(PoolOptions options) {
    listeners = options.listeners();
    if (listeners.isEmpty()) {
      thread = null;
    } else {
      thread = new ThreadPoolExecutor(
          1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), runnable -> {
            Thread made = new Thread(runnable, options.name() + "-events");
            made.setDaemon(true);
            return made;
          });
      thread.allowCoreThreadTimeOut(true);
    }
  }

  /** Tells whether anybody listens. */
  public boolean isActive() {
    return thread != null;
  }

  /** Tells every listener; does not wait for them. */
  public void tell(Consumer<PoolListener> event) {
    if (thread == null) {
      return;
    }
    try {
      thread.execute(() -> {
        for (PoolListener listener : listeners) {
          try {
            event.accept(listener);
          } catch (Throwable thrown) {
            LOG.error("a pool listener threw; the pool is not affected", thrown);
          }
        }
      });
    } catch (RejectedExecutionException closed) {
      LOG.debug("an event after the end of the pool was dropped");
    }
  }

  /** Lets the thread end once all events have been told. */
  public void close() {
    if (thread != null) {
      thread.shutdown();
    }
  }
}
