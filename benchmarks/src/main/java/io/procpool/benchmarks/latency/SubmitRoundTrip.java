// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.latency;

import io.procpool.benchmarks.PoolState;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does a task that does nothing take, from its submission until its value is there, if the caller waits for each?
 *
 * <pre>benchmarks/jmh SubmitRoundTrip</pre>
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class SubmitRoundTrip {
  @Benchmark
  public Integer roundTrip(PoolState state) throws Exception {
    return state.pool().submit(() -> 1).get();
  }
}
