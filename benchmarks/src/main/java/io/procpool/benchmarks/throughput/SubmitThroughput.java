// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.throughput;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.benchmarks.PoolState;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many tasks that do nothing get done in a second, if one caller keeps many in flight?
 *
 * <pre>benchmarks/jmh SubmitThroughput</pre>
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class SubmitThroughput {
  private static final int IN_FLIGHT = 20_000;

  static Integer same(Integer value) {
    return value;
  }

  @Benchmark
  @OperationsPerInvocation(IN_FLIGHT)
  public long submitAll(PoolState state) throws Exception {
    Pool pool = state.pool();
    AsyncResult<?>[] results = new AsyncResult<?>[IN_FLIGHT];
    for (int i = 0; i < IN_FLIGHT; i++) {
      results[i] = pool.applyAsync(SubmitThroughput::same, i);
    }
    long sum = 0;
    for (AsyncResult<?> result : results) {
      sum += result.get().hashCode();
    }
    return sum;
  }
}
