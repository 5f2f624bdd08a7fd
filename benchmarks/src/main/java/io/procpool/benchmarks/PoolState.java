// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks;

import io.procpool.Pool;
import io.procpool.PoolOptions;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A pool of two workers that stays open for all of a benchmark. */
@State(Scope.Benchmark)
public class PoolState {
  @Param({PoolOptions.PROCESSES, PoolOptions.THREADS})
  public String backend = PoolOptions.PROCESSES;

  private @Nullable Pool pool;

  @Setup
  public void open() {
    pool = Pool.open(PoolOptions.builder().backend(backend).workers(2).build());
  }

  @TearDown
  public void close() {
    pool().close();
  }

  public Pool pool() {
    return Objects.requireNonNull(pool);
  }
}
