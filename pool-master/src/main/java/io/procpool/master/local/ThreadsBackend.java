// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.master.pool.TaskPool;
import io.procpool.spi.PoolBackend;

/** The backend {@code threads}. */
public final class ThreadsBackend implements PoolBackend {
  @Override
  public String name() {
    return PoolOptions.THREADS;
  }

  @Override
  public Pool open(PoolOptions options) {
    LocalOptions.check(options);
    return TaskPool.on(new ThreadsEngine(options), options);
  }
}
