// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

/** A running estimate of how long one item takes; shared by the batches of one map. Safe for use by multiple threads. */
public final class ItemTime {
  /** How much work should travel together: long against a round trip, short against a human. */
  private static final double BATCH_NANOS = 2_000_000;

  private static final int MAX_BATCH = 1 << 16;
  private static final int GROWTH = 8;

  // Races between writers only lose a sample.
  private volatile double nanosPerItem;
  private volatile int largest = 1;

  /** Adds a measurement. */
  public void measured(int items, long nanos) {
    double sample = Math.max(1.0, (double) nanos / items);
    double old = nanosPerItem;
    nanosPerItem = old == 0 ? sample : (old + sample) / 2;
    if (items >= largest && largest < MAX_BATCH) {
      largest = Math.min(MAX_BATCH, items * GROWTH);
    }
  }

  /** Returns how many items should travel together: one as long as nothing is known, growing with what was measured. */
  public int batch() {
    double nanos = nanosPerItem;
    return nanos == 0 ? 1 : (int) Math.max(1, Math.min(BATCH_NANOS / nanos, largest));
  }
}
