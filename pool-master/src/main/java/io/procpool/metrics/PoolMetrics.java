// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.procpool.InfrastructureException;
import io.procpool.Pool;
import io.procpool.PoolListener;
import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import io.procpool.PoolStatistics;
import io.procpool.TaskAbortedException;
import io.procpool.WorkerSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Shows a pool as meters of Micrometer, each with the tag {@code pool}, its name:
 *
 * <table>
 * <caption>Meters</caption>
 * <tr><td>{@code procpool.workers}</td><td>gauge, by {@code state}: {@code starting}, {@code ready}, {@code busy}, {@code draining}</td></tr>
 * <tr><td>{@code procpool.workers.min}, {@code .max}, {@code procpool.workers.spare}</td><td>gauges</td></tr>
 * <tr><td>{@code procpool.workers.rss}</td><td>gauge, bytes: resident memory of all workers</td></tr>
 * <tr><td>{@code procpool.workers.spawned}, {@code .crashed}, {@code .retired}</td><td>counters</td></tr>
 * <tr><td>{@code procpool.tasks.pending}, {@code .active}</td><td>gauges: not handed to a worker, handed to one</td></tr>
 * <tr><td>{@code procpool.tasks.pending.size}</td><td>gauge, bytes of what has no outcome; NaN in a pool without limits, which does not count them</td></tr>
 * <tr><td>{@code procpool.tasks.pending.age}</td><td>time gauge: how long the oldest of them has waited</td></tr>
 * <tr><td>{@code procpool.tasks.completed}, {@code .lost}, {@code .cancelled}</td><td>counters</td></tr>
 * </table>
 *
 * <p>They are read from a {@link Pool#snapshot()}, at most two in a second however many meters are asked for. Tasks cost nothing. The registry keeps the pool until {@link #close()}.
 *
 * <p>How long tasks run is known to listeners only, which a pool is given when it is opened: see {@link #timer}.
 *
 * <p>Safe for use by multiple threads.
 *
 * <pre>{@code
 * Pool pool = Pool.open(PoolOptions.builder().listener(PoolMetrics.timer(registry)).build());
 * new PoolMetrics(pool).bindTo(registry);
 * }</pre>
 */
public final class PoolMetrics implements MeterBinder, AutoCloseable {
  private static final long KEPT_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private record Registered(MeterRegistry registry, Meter meter) {}

  private final Pool pool;
  private final Tags tags;
  private final List<Registered> meters = new CopyOnWriteArrayList<>();
  private @Nullable PoolSnapshot seen; // guarded by this
  private long seenNanos; // guarded by this

  /** Prepares the meters of a pool. */
  public PoolMetrics(Pool pool) {
    this(pool, List.of());
  }

  /** Prepares the meters of a pool, with further tags. */
  public PoolMetrics(Pool pool, Iterable<Tag> tags) {
    this.pool = pool;
    this.tags = Tags.of("pool", pool.options().name()).and(tags);
  }

  /**
   * Returns a listener for {@link PoolOptions.Builder#listener} that times tasks: {@code procpool.task.run}, by {@code pool} and {@code outcome}: {@code value}, {@code failure}, or {@code lost} for those
   * that their worker, a limit or the end of the pool has cost. Inputs of a map that travel together are one. With a listener each task costs one message more.
   */
  public static PoolListener timer(MeterRegistry registry, Tag... tags) {
    Tags given = Tags.of(tags);
    return new PoolListener() {
      @Override
      public void taskFinished(TaskEvent task, boolean success, Duration runTime) {
        record(task, success ? "value" : "failure", runTime);
      }

      @Override
      public void taskLost(TaskEvent task, InfrastructureException failure) {
        Duration runTime = failure instanceof TaskAbortedException aborted
            ? aborted.report().runTime()
            : Duration.ZERO;
        record(task, "lost", runTime);
      }

      private void record(TaskEvent task, String outcome, Duration runTime) {
        registry
            .timer("procpool.task.run", given.and("pool", task.worker().pool(), "outcome", outcome))
            .record(runTime);
      }
    };
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (WorkerSnapshot.State state : WorkerSnapshot.State.values()) {
      if (state != WorkerSnapshot.State.EXITED) {
        add(
            registry,
            Gauge.builder("procpool.workers", this, metrics -> metrics.workersIn(state))
                .tags(tags.and("state", state.name().toLowerCase(Locale.ROOT)))
                .baseUnit("workers")
                .description("Workers")
                .strongReference(true)
                .register(registry));
      }
    }
    gauge(registry, "workers.min", "workers", "Least workers", PoolStatistics::minWorkers);
    gauge(registry, "workers.max", "workers", "Most workers", PoolStatistics::maxWorkers);
    gauge(registry, "workers.spare", "workers", "Spares", PoolStatistics::readySpares);
    counter(registry, "workers.spawned", "Workers spawned", PoolStatistics::spawnedWorkers);
    counter(registry, "workers.crashed", "Workers crashed", PoolStatistics::crashedWorkers);
    counter(
        registry, "workers.retired", "Workers ended as planned", PoolStatistics::retiredWorkers);
    gauge(registry, "tasks.pending", "tasks", "Tasks no worker has", PoolStatistics::pendingTasks);
    gauge(registry, "tasks.active", "tasks", "Tasks workers have", PoolStatistics::activeTasks);
    counter(registry, "tasks.completed", "Tasks with an outcome", PoolStatistics::completedTasks);
    counter(registry, "tasks.lost", "Tasks without one", PoolStatistics::lostTasks);
    counter(registry, "tasks.cancelled", "Tasks cancelled", PoolStatistics::cancelledTasks);
    bytes(registry, "workers.rss", "Resident memory of workers", PoolMetrics::rssBytes);
    bytes(
        registry, "tasks.pending.size", "Encoded tasks without outcome", PoolMetrics::pendingBytes);
    add(
        registry,
        TimeGauge.builder(
                "procpool.tasks.pending.age", this, TimeUnit.NANOSECONDS, PoolMetrics::oldestNanos)
            .tags(tags)
            .description("Longest wait for a worker")
            .strongReference(true)
            .register(registry));
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String unit,
      String description,
      ToDoubleFunction<PoolStatistics> count) {
    add(
        registry,
        Gauge.builder(
                "procpool." + name,
                this,
                metrics -> count.applyAsDouble(metrics.snapshot().statistics()))
            .tags(tags)
            .baseUnit(unit)
            .description(description)
            .strongReference(true)
            .register(registry));
  }

  private void bytes(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<PoolSnapshot> bytes) {
    add(
        registry,
        Gauge.builder("procpool." + name, this, metrics -> bytes.applyAsDouble(metrics.snapshot()))
            .tags(tags)
            .baseUnit("bytes")
            .description(description)
            .strongReference(true)
            .register(registry));
  }

  private void counter(
      MeterRegistry registry,
      String name,
      String description,
      ToDoubleFunction<PoolStatistics> count) {
    add(
        registry,
        FunctionCounter.builder(
                "procpool." + name,
                this,
                metrics -> count.applyAsDouble(metrics.snapshot().statistics()))
            .tags(tags)
            .description(description)
            .register(registry));
  }

  private void add(MeterRegistry registry, Meter meter) {
    meters.add(new Registered(registry, meter));
  }

  private double workersIn(WorkerSnapshot.State state) {
    return snapshot().workers().stream()
        .filter(worker -> worker.state() == state)
        .count();
  }

  private static double rssBytes(PoolSnapshot snapshot) {
    long known = 0;
    for (WorkerSnapshot worker : snapshot.workers()) {
      known += Math.max(0, worker.rssBytes());
    }
    return known;
  }

  private static double pendingBytes(PoolSnapshot snapshot) {
    long bytes = snapshot.backPressure().bytes();
    return bytes < 0 ? Double.NaN : bytes;
  }

  private double oldestNanos() {
    return snapshot().oldestWait().map(Duration::toNanos).orElse(0L);
  }

  private synchronized PoolSnapshot snapshot() {
    PoolSnapshot snapshot = seen;
    if (snapshot == null || System.nanoTime() - seenNanos > KEPT_NANOS) {
      snapshot = pool.snapshot();
      seen = snapshot;
      seenNanos = System.nanoTime();
    }
    return snapshot;
  }

  /** Removes the meters from their registries. The pool stays open. */
  @Override
  public void close() {
    for (Registered each : meters) {
      each.registry().remove(each.meter());
    }
    meters.clear();
  }
}
