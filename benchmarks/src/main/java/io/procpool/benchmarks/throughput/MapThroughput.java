// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.throughput;

import io.procpool.Pool;
import io.procpool.benchmarks.PoolState;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How many inputs does a map over a function that does nothing get through in a second, batches formed by the pool?
 *
 * <pre>benchmarks/jmh MapThroughput</pre>
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
public class MapThroughput {
  private static final int ITEMS = 500_000;
  private static final List<Integer> INPUTS =
      IntStream.range(0, ITEMS).boxed().collect(Collectors.toList());

  static Integer same(Integer value) {
    return value;
  }

  @Benchmark
  @OperationsPerInvocation(ITEMS)
  public List<Integer> map(PoolState state) throws InterruptedException {
    Pool pool = state.pool();
    return pool.map(MapThroughput::same, INPUTS);
  }
}
