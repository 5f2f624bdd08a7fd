// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.procpool.Pool;
import io.procpool.master.process.Faults;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A pool as meters. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class PoolMetricsTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private double gauge(String name, String... tags) {
    return registry.get(name).tags(tags).gauge().value();
  }

  private double counter(String name) {
    return registry
        .get(name)
        .tag("pool", Faults.PREFIX + "metrics")
        .functionCounter()
        .count();
  }

  private static int fail(int n) {
    throw new IllegalStateException("bad " + n);
  }

  @Test
  void meters_followThePool() throws Exception {
    try (Pool pool = Pool.open(Faults.options("metrics")
        .maxPendingBytes(1 << 20)
        .listener(PoolMetrics.timer(registry, Tag.of("zone", "a")))
        .build())) {
      PoolMetrics metrics = new PoolMetrics(pool, Tags.of("zone", "a"));
      metrics.bindTo(registry);
      pool.map(n -> n + 1, List.of(1, 2, 3), 1);
      Faults.failureOf(pool.applyAsync(PoolMetricsTest::fail, 1));
      Faults.failureOf(pool.submit(() -> {
        Runtime.getRuntime().halt(3);
        return 1;
      }));
      Faults.awaitLong("the figures of the end")
          .until(() -> counter("procpool.tasks.lost") == 1
              && gauge("procpool.workers", "state", "ready", "zone", "a") == 2);
      assertThat(counter("procpool.tasks.completed")).isEqualTo(4);
      assertThat(counter("procpool.tasks.cancelled")).isZero();
      assertThat(counter("procpool.workers.spawned")).isEqualTo(3);
      assertThat(counter("procpool.workers.crashed")).isEqualTo(1);
      assertThat(gauge("procpool.workers", "state", "busy")).isZero();
      assertThat(gauge("procpool.workers.max")).isEqualTo(2);
      assertThat(gauge("procpool.workers.rss")).isGreaterThan(10 << 20);
      assertThat(gauge("procpool.tasks.pending")).isZero();
      assertThat(gauge("procpool.tasks.pending.size")).isZero();
      assertThat(registry.get("procpool.tasks.pending.age").timeGauge().value()).isZero();
      Faults.awaitLong("all timed")
          .until(() -> timed("value") == 3 && timed("failure") == 1 && timed("lost") == 1);
      metrics.close();
      assertThat(registry.find("procpool.workers").meters()).isEmpty();
    }
  }

  private long timed(String outcome) {
    var timer = registry
        .find("procpool.task.run")
        .tags("outcome", outcome, "zone", "a", "pool", Faults.PREFIX + "metrics")
        .timer();
    return timer == null ? 0 : timer.count();
  }

  @Test
  void pendingBytes_ofPoolWithoutLimits_areNotKnown() {
    try (Pool pool = Pool.open(Faults.options("metrics-unlimited").build());
        PoolMetrics metrics = new PoolMetrics(pool)) {
      metrics.bindTo(registry);
      assertThat(gauge("procpool.tasks.pending.size")).isNaN();
    }
  }
}
