// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** How pools and workers begin, and what they take while they do nothing. */
final class Life {
  private Life() {}

  /**
   * From creating a pool of two to its first result, in milliseconds: {@code first} for the first pool of this JVM, {@code
   * later} the median of further ones.
   */
  static Map<String, Double> start(Effort effort) throws InterruptedException {
    double first = startOnce();
    int count = effort.choose(7, 1);
    Samples later = new Samples(count);
    for (int i = 0; i < count; i++) {
      later.add(startOnce());
    }
    return Map.of("first", first, "later", later.median());
  }

  private static double startOnce() throws InterruptedException {
    long start = System.nanoTime();
    Pool pool = Pool.ofWorkers(2);
    try {
      Checks.equal(pool.apply(Tasks::same, 1), 1);
      return (System.nanoTime() - start) / 1e6;
    } finally {
      pool.terminate();
    }
  }

  /** Opens a pool, so that the class-data archive of the workers is there for the measurements that follow. */
  static Map<String, Double> prepare(Effort effort) throws InterruptedException {
    try (Pool pool = Pool.ofWorkers(1)) {
      pool.apply(Tasks::same, 1);
    }
    return Map.of();
  }

  /** Memory of a worker that has run a few tasks and is idle: {@code rss} and {@code pss} in MB. */
  static Map<String, Double> memory(Effort effort) throws IOException, InterruptedException {
    try (Pool pool = Pool.ofWorkers(2)) {
      long pid = 0;
      for (int i = 0; i < 100; i++) {
        pid = pool.apply(Tasks::pid, i);
      }
      Thread.sleep(effort.choose(1000, 10));
      Path process = Path.of("/proc", Long.toString(pid));
      return Map.of(
          "rss", megabytes(process.resolve("status"), "VmRSS:"),
          "pss", megabytes(process.resolve("smaps_rollup"), "Pss:"));
    }
  }

  private static double megabytes(Path file, String key) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024 / 1e6;
      }
    }
    throw new IOException(file + " has no " + key);
  }
}
