// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.shared.SharedLong;
import io.procpool.sync.ProcessBarrier;
import java.io.Serializable;
import java.util.Map;

/** Measures what the master and a worker do together. What both of them use is captured by what they do. */
final class TwoProcesses {
  private TwoProcesses() {}

  /** What a process does; a copy of it runs in the worker. */
  interface Work extends Serializable {
    void run() throws Exception;
  }

  /**
   * Returns how many things are done in a second, in all, while both processes do the same: from the moment that the first
   * one begins until both are done; the median of some repetitions.
   */
  static double rate(Effort effort, int things, Work work) throws Exception {
    Pool pool = Pool.ofWorkers(1);
    try (ProcessBarrier together = ProcessBarrier.create(2)) {
      long warm = System.nanoTime() + effort.warmUpNanos();
      do {
        nanosOf(pool, together, work);
      } while (System.nanoTime() < warm);
      int repetitions = effort.choose(Throughput.REPETITIONS, 1);
      Samples rates = new Samples(repetitions);
      for (int i = 0; i < repetitions; i++) {
        rates.add(things * 1e9 / nanosOf(pool, together, work));
      }
      return rates.median();
    } finally {
      pool.terminate();
    }
  }

  private static long nanosOf(Pool pool, ProcessBarrier together, Work work) throws Exception {
    AsyncResult<Span> there = pool.submit(() -> Span.of(together, work));
    return Span.of(together, work).and(there.get()).nanos();
  }

  /** When something began and ended, on the clock that all processes of this machine share. */
  private record Span(long start, long end) implements Serializable {
    static Span of(ProcessBarrier together, Work work) throws Exception {
      together.await();
      long start = System.nanoTime();
      work.run();
      return new Span(start, System.nanoTime());
    }

    Span and(Span other) {
      return new Span(Math.min(start, other.start), Math.max(end, other.end));
    }

    long nanos() {
      return end - start;
    }
  }

  /**
   * How long a round takes for which each process has to wait for the other one: {@code p50} and {@code p99} in
   * microseconds.
   *
   * @param here what the master does in a round
   * @param there what the worker does in a round
   */
  static Map<String, Double> roundTrip(Effort effort, Work here, Work there) throws Exception {
    int count = effort.choose(100_000, 20);
    Pool pool = Pool.ofWorkers(1);
    try (SharedLong last = SharedLong.create(Long.MAX_VALUE)) {
      AsyncResult<Long> other = pool.submit(() -> {
        long rounds = 0;
        while (rounds < last.get()) {
          there.run();
          rounds++;
        }
        return rounds;
      });
      long rounds = 0;
      long warm = System.nanoTime() + effort.warmUpNanos();
      while (System.nanoTime() < warm) {
        here.run();
        rounds++;
      }
      last.set(rounds + count); // the worker has done no more than rounds, so it sees this in time
      Samples samples = new Samples(count);
      for (int i = 0; i < count; i++) {
        long start = System.nanoTime();
        here.run();
        samples.add((System.nanoTime() - start) / 1e3);
      }
      Checks.equal(other.get(), rounds + count);
      return Map.of("p50", samples.median(), "p99", samples.quantile(0.99));
    } finally {
      pool.terminate();
    }
  }
}
