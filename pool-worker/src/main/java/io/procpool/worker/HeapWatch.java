// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.nio.ByteBuffer;

/** Looks whether a task has more of the heap in use than it may; the watcher's. */
final class HeapWatch {
  /*
   * Garbage.  Only a collection tells what is in use. One is asked for when the heap looks too full, and not again before ten times as long
   *           as it took. What counts is what the collector has found in use itself: when this thread goes on the task has long made more
   *           garbage.
   * Whose.    The item is noted before the collection; the master kills only if it still runs.
   */
  private static final long MIN_PAUSE_NANOS = 50_000_000;
  private static final int PAUSE_FACTOR = 9;

  private final WorkerSegment segment;
  private final FrameWriter writer;
  private final Witness witness;
  private long next = System.nanoTime();

  HeapWatch(WorkerSegment segment, FrameWriter writer, Witness witness) {
    this.segment = segment;
    this.writer = writer;
    this.witness = witness;
  }

  /** Looks, and tells the master if the unit that runs is above its limit. */
  void look(int seq, long limit) throws IOException {
    int item = segment.begun(seq) - 1;
    if (item < 0 || used() <= limit) {
      return;
    }
    long start = System.nanoTime();
    if (start - next < 0) {
      return;
    }
    System.gc();
    long end = System.nanoTime();
    next = end + Math.max(MIN_PAUSE_NANOS, PAUSE_FACTOR * (end - start));
    long used = usedAfterCollection();
    if (used > limit) {
      witness.sendStack(seq, item); // after that the process is killed
      writer.write(new FromWorker.OverHeap(seq, item, used), ByteBuffer.allocate(0));
    }
  }

  private static long usedAfterCollection() {
    long used = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      MemoryUsage usage = pool.getType() == MemoryType.HEAP ? pool.getCollectionUsage() : null;
      used += usage == null ? 0 : usage.getUsed();
    }
    return used;
  }

  static long used() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
