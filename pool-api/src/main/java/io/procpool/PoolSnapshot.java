// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * What a pool and each of its workers are doing at one moment; see {@link Pool#snapshot()}. {@link #toString()} is a table for people.
 * Immutable; safe for use by multiple threads.
 *
 * @param name name of the pool
 * @param backend name of its backend
 * @param when the moment
 * @param current false if the pool did not answer in time: then all but {@code state} and {@code backPressure} is what was known at that earlier moment
 * @param state whether the pool takes tasks
 * @param statistics its counts
 * @param backPressure what counts towards its limits
 * @param oldestWait how long the task that has waited longest for a worker has done so; empty if none waits. Tasks whose delay is not over do not count
 * @param workers the workers that there are, in the order in which they were started. Those that are gone are left out. On the backend {@code inline} each thread that
 *     runs a task of the pool is one; if none does, there is one that has nothing to do
 */
public record PoolSnapshot(
    String name,
    String backend,
    Instant when,
    boolean current,
    State state,
    PoolStatistics statistics,
    BackPressure backPressure,
    Optional<Duration> oldestWait,
    List<WorkerSnapshot> workers) {
  /** Copies the list. */
  public PoolSnapshot {
    workers = List.copyOf(workers);
  }

  /** The life of a pool. */
  public enum State {
    /** It takes tasks. */
    OPEN,
    /** It takes no further tasks, and is not through with those that it has. */
    CLOSING,
    /** Its workers are gone. */
    TERMINATED
  }

  /**
   * What a pool has accepted and not completed, and how much it may be.
   *
   * @param tasks accepted tasks without an outcome
   * @param bytes what they were encoded to; -1 if the pool has no limits and so does not count it
   * @param maxTasks {@link PoolOptions#maxPendingTasks()}; {@link Integer#MAX_VALUE} for no limit
   * @param maxBytes {@link PoolOptions#maxPendingBytes()}; {@link Long#MAX_VALUE} for no limit
   */
  public record BackPressure(long tasks, long bytes, long maxTasks, long maxBytes) {}

  /** Returns a table of several lines, without a line break at the end: the pool, then its workers, one on each line. */
  @Override
  public String toString() {
    return SnapshotText.of(this);
  }
}
