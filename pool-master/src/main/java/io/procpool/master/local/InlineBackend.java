// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.master.pool.TaskPool;
import io.procpool.spi.PoolBackend;

/** The backend {@code inline}. */
public final class InlineBackend implements PoolBackend {
  @Override
  public String name() {
    return PoolOptions.INLINE;
  }

  @Override
  public Pool open(PoolOptions options) {
    LocalOptions.check(options);
    return TaskPool.on(new InlineEngine(options), options);
  }
}
