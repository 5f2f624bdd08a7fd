// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.master.pool.TaskPool;
import io.procpool.spi.PoolBackend;

/** The backend {@code processes}. */
public final class ProcessesBackend implements PoolBackend {
  @Override
  public String name() {
    return PoolOptions.PROCESSES;
  }

  @Override
  public Pool open(PoolOptions options) {
    return TaskPool.on(ProcessEngine.open(options), options);
  }
}
