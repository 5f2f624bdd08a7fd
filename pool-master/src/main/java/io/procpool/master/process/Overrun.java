// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.MemoryLimitException;
import io.procpool.TaskProgress;
import org.jspecify.annotations.Nullable;

/**
 * A limit that an item was found to be over.
 *
 * @param unit the unit
 * @param item number of the item within it
 * @param kill why the worker is killed, if it comes to that
 * @param ranNanos how long the item had run
 * @param sinceNanos when it was found
 * @param silentNanos how long it had said nothing
 * @param said what it had said last; null for nothing
 * @param memory what was measured; null if it was time
 * @param seenBytes how much that was
 * @param vital what was seen of the worker then
 */
record Overrun(
    Unit unit,
    int item,
    Worker.Kill kill,
    long ranNanos,
    long sinceNanos,
    long silentNanos,
    @Nullable TaskProgress said,
    MemoryLimitException.@Nullable Kind memory,
    long seenBytes,
    Vital vital) {
  static Overrun ofTime(
      Unit unit,
      int item,
      Worker.Kill kill,
      long ranNanos,
      long silentNanos,
      @Nullable TaskProgress said,
      Vital vital) {
    return new Overrun(
        unit, item, kill, ranNanos, System.nanoTime(), silentNanos, said, null, 0, vital);
  }

  static Overrun ofMemory(Unit unit, int item, MemoryLimitException.Kind memory, long seenBytes) {
    return new Overrun(
        unit,
        item,
        Worker.Kill.MEMORY,
        0,
        System.nanoTime(),
        0,
        null,
        memory,
        seenBytes,
        Vital.NONE);
  }

  /** Tells whether it is this item. */
  boolean isOf(Unit other, int number) {
    return unit == other && item == number;
  }

  /** Tells whether it is this item of the work. */
  boolean isItem(Unit other, int itemOfWork) {
    return isOf(other, itemOfWork - other.from);
  }
}
