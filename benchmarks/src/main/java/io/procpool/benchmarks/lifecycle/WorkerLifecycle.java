// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.lifecycle;

import io.procpool.InfrastructureException;
import io.procpool.Pool;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * How long does it take from opening a pool of one worker to its first result, and from the death of a worker until another
 * has done a task in its place?
 *
 * <pre>benchmarks/jmh WorkerLifecycle</pre>
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 5)
@Measurement(iterations = 20)
public class WorkerLifecycle {
  /** Closes what the benchmark has opened, outside of the measured time. */
  @State(Scope.Thread)
  public static class Opened {
    private @Nullable Pool pool;

    @TearDown(Level.Invocation)
    public void close() {
      Objects.requireNonNull(pool).terminate();
    }
  }

  /** A pool whose worker is ready. */
  @State(Scope.Thread)
  public static class Ready {
    private @Nullable Pool pool;
    private long pid;

    @Setup(Level.Trial)
    public void open() {
      pool = Pool.ofWorkers(1);
    }

    @Setup(Level.Invocation)
    public void awaitReady() throws InterruptedException {
      pid = pool().apply(WorkerLifecycle::pid);
    }

    @TearDown(Level.Trial)
    public void close() {
      pool().terminate();
    }

    Pool pool() {
      return Objects.requireNonNull(pool);
    }
  }

  static long pid() {
    return ProcessHandle.current().pid();
  }

  @Benchmark
  public long openToFirstResult(Opened opened) throws InterruptedException {
    Pool pool = Pool.ofWorkers(1);
    opened.pool = pool;
    return pool.apply(WorkerLifecycle::pid);
  }

  @Benchmark
  public long crashToReplaced(Ready ready) throws InterruptedException {
    ProcessHandle.of(ready.pid).orElseThrow().destroyForcibly();
    while (true) {
      try {
        long pid = ready.pool().apply(WorkerLifecycle::pid);
        if (pid != ready.pid) {
          return pid;
        }
      } catch (InfrastructureException diedWithTheWorker) {
        // The task was already on its way to the worker.
      }
    }
  }
}
