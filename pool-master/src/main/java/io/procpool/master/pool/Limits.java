// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.TaskOptions;
import java.time.Duration;
import java.util.Optional;

/**
 * The limits of each item of a work; zero for none.
 *
 * @param runNanos run timeout
 * @param graceNanos time between the interrupt and the kill when a run or stall timeout is over
 * @param queueNanos queue timeout
 * @param stallNanos stall timeout
 * @param rssBytes resident memory of the worker
 * @param heapBytes heap in use of the worker
 */
public record Limits(
    long runNanos,
    long graceNanos,
    long queueNanos,
    long stallNanos,
    long rssBytes,
    long heapBytes) {
  private static final Limits NONE = new Limits(0, 0, 0, 0, 0, 0);

  static Limits of(TaskOptions options) {
    Limits limits = new Limits(
        nanos(options.timeout()),
        nanos(options.timeoutGrace()),
        nanos(options.queueTimeout()),
        nanos(options.stallTimeout()),
        options.maxRssBytes().orElse(0L),
        options.maxHeapBytes().orElse(0L));
    return limits.equals(NONE) ? NONE : limits;
  }

  private static long nanos(Optional<Duration> time) {
    return time.isEmpty() ? 0 : TaskResult.nanos(time.get());
  }

  /** Tells whether there is a limit of time while an item runs. */
  public boolean isTimed() {
    return runNanos > 0 || stallNanos > 0;
  }

  /** Returns the shorter limit of time of those that there are. */
  public long firstNanos() {
    return runNanos == 0 || (stallNanos > 0 && stallNanos < runNanos) ? stallNanos : runNanos;
  }

  /** Tells whether it matters which item runs, and since when. */
  public boolean isPerItem() {
    return isTimed() || rssBytes > 0 || heapBytes > 0;
  }
}
