// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

import io.procpool.ChildProcess;
import io.procpool.WarmSpares;
import java.time.Duration;
import java.util.Map;

/** A child that does nothing: from the call that starts it until it has been joined, in milliseconds. */
final class Children {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final long QUIET_MILLIS = 50;

  private Children() {}

  /** Without spares. */
  static Map<String, Double> cold(Effort effort) throws InterruptedException {
    for (int i = effort.choose(5, 0); i > 0; i--) {
      startAndJoin();
    }
    int count = effort.choose(31, 1);
    Samples samples = new Samples(count);
    for (int i = 0; i < count; i++) {
      samples.add(startAndJoin());
    }
    return Map.of("p50", samples.median());
  }

  /** With a spare that is ready, each time; how long that takes is not measured. */
  static Map<String, Double> warm(Effort effort) throws InterruptedException {
    try (WarmSpares spares = WarmSpares.keep(1)) {
      for (int i = effort.choose(20, 0); i > 0; i--) {
        awaitReady(spares);
        startAndJoin();
      }
      int count = effort.choose(51, 1);
      Samples samples = new Samples(count);
      for (int i = 0; i < count; i++) {
        awaitReady(spares);
        samples.add(startAndJoin());
      }
      return Map.of("p50", samples.median());
    }
  }

  private static void awaitReady(WarmSpares spares) throws InterruptedException {
    if (!spares.awaitReady(LONG)) {
      throw new IllegalStateException("no spare: " + spares.statistics());
    }
    Thread.sleep(QUIET_MILLIS);
  }

  private static double startAndJoin() throws InterruptedException {
    long start = System.nanoTime();
    ChildProcess child = ChildProcess.start(() -> {});
    child.join();
    double millis = (System.nanoTime() - start) / 1e6;
    Checks.equal(child.exitCode().orElse(-1), 0);
    return millis;
  }
}
