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
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does it take to send an array of bytes to a worker and back?
 *
 * <pre>benchmarks/jmh PayloadRoundTrip -p backend=processes</pre>
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class PayloadRoundTrip {
  /** How large the array is. */
  public enum Size {
    ONE_KIB(1 << 10),
    SIXTY_FOUR_KIB(1 << 16),
    ONE_MIB(1 << 20);

    private final byte[] bytes;

    Size(int length) {
      bytes = new byte[length];
    }
  }

  @Param
  public Size size = Size.ONE_KIB;

  static byte[] same(byte[] bytes) {
    return bytes;
  }

  @Benchmark
  public byte[] roundTrip(PoolState state) throws InterruptedException {
    return state.pool().apply(PayloadRoundTrip::same, size.bytes);
  }
}
