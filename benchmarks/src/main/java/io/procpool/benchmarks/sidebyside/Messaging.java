// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.sync.ProcessBarrier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Messages from process to process: through a pipe and back, and through a queue. */
final class Messaging {
  private static final int MEBIBYTE = 1 << 20;

  private Messaging() {}

  /** A number through a pipe and back: {@code p50}, {@code p99} in microseconds. */
  static Map<String, Double> pipe(Effort effort) throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      Connection here = pipe.first();
      Connection there = pipe.second();
      return TwoProcesses.roundTrip(
          effort,
          () -> {
            here.send(1);
            Checks.equal(Objects.requireNonNull(here.recv()), 1);
          },
          () -> there.send(there.recv()));
    }
  }

  /** 1 MiB of bytes through a pipe and back again and again: {@code rate} in MiB/s, both ways counted. */
  static Map<String, Double> pipeEcho(Effort effort) throws Exception {
    int count = effort.choose(500, 2);
    Pool pool = Pool.ofWorkers(1);
    try (Pipe pipe = Pipe.duplex()) {
      Connection here = pipe.first();
      Connection there = pipe.second();
      AsyncResult<Integer> echo = pool.submit(() -> {
        int echoed = 0;
        for (byte[] bytes = there.recvBytes(); bytes.length > 0; bytes = there.recvBytes()) {
          there.sendBytes(bytes);
          echoed++;
        }
        return echoed;
      });
      byte[] bytes = new byte[MEBIBYTE];
      double rate = Throughput.rate(effort, 2 * count, () -> {
        for (int i = 0; i < count; i++) {
          here.sendBytes(bytes);
          Checks.equal(here.recvBytes().length, bytes.length);
        }
      });
      here.sendBytes(new byte[0]);
      Checks.equal(echo.get() % count, 0);
      return Map.of("rate", rate);
    } finally {
      pool.terminate();
    }
  }

  /** Numbers put by one process and taken by another: {@code rate} in messages per second. */
  static Map<String, Double> queue(Effort effort) throws Exception {
    return Map.of("rate", rate(effort, effort.choose(1_000_000, 100), 1));
  }

  /** Numbers put by two processes and taken by two others: {@code rate} in messages per second, all together. */
  static Map<String, Double> queueOfTwo(Effort effort) throws Exception {
    return Map.of("rate", rate(effort, effort.choose(1_000_000, 100), 2));
  }

  private static double rate(Effort effort, int count, int pairs) throws Exception {
    Pool pool = Pool.ofWorkers(2 * pairs);
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded();
        ProcessBarrier together = ProcessBarrier.create(2 * pairs)) {
      long warm = System.nanoTime() + effort.warmUpNanos();
      do {
        nanosOf(pool, queue, together, count, pairs);
      } while (System.nanoTime() < warm);
      int repetitions = effort.choose(Throughput.REPETITIONS, 1);
      Samples rates = new Samples(repetitions);
      for (int i = 0; i < repetitions; i++) {
        rates.add((double) pairs * count * 1e9 / nanosOf(pool, queue, together, count, pairs));
      }
      Checks.equal(queue.size(), 0);
      return rates.median();
    } finally {
      pool.terminate();
    }
  }

  private static long nanosOf(
      Pool pool, ProcessQueue<Integer> queue, ProcessBarrier together, int count, int pairs)
      throws Exception {
    List<AsyncResult<long[]>> running = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      running.add(pool.submit(() -> {
        together.await();
        long start = System.nanoTime();
        for (int number = 0; number < count; number++) {
          queue.put(number);
        }
        return new long[] {start, start};
      }));
      running.add(pool.submit(() -> {
        together.await();
        long start = System.nanoTime();
        for (int number = 0; number < count; number++) {
          queue.take();
        }
        return new long[] {start, System.nanoTime()};
      }));
    }
    long start = Long.MAX_VALUE;
    long end = Long.MIN_VALUE;
    for (AsyncResult<long[]> each : running) {
      long[] span = each.get(); // on the clock that all processes of this machine share
      start = Math.min(start, span[0]);
      end = Math.max(end, span[1]);
    }
    return end - start;
  }
}
