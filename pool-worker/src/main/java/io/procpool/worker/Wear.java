// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.OutOfMemoryMark;
import io.procpool.ipc.wire.FromWorker;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Finds out that this process should be replaced, and tells the master. In the task thread. */
final class Wear {
  /*
   * Hidden OutOfMemoryError. The JVM runs a command when it throws its first one (`OutOfMemoryMark`), which takes longer than MARK_NANOS: so only after tasks that have taken as long there is a
   *           look at the file, which takes less than a microsecond.
   * Heap.     What a collection has left in the heap may have become garbage since, in the old generation. So one that is above the limit counts only if a collection of everything is.
   */
  private static final long MARK_NANOS = 500_000;

  private final FrameWriter writer;
  private final OutOfMemoryMark mark;
  private final long maxHeapBytes;
  private final @Nullable HeapMeter meter;
  private boolean ends;
  private boolean saidFull;

  Wear(FrameWriter writer, OutOfMemoryMark mark, long maxHeapBytes) {
    this.writer = writer;
    this.mark = mark;
    this.maxHeapBytes = maxHeapBytes;
    this.meter = maxHeapBytes > 0 ? new HeapMeter() : null;
  }

  /** Tells whether this process is not to begin anything more. */
  boolean endsThis() {
    return ends;
  }

  /** Some task has ended, the last results have not been sent yet. */
  void taskOver(long runNanos) throws IOException {
    if (runNanos > MARK_NANOS && !ends && mark.isSet()) {
      mark.remove();
      ends = true;
      writer.write(new FromWorker.Worn(0), ByteBuffer.allocate(0));
    }
  }

  /** Everything of the unit has been sent. */
  void unitOver() throws IOException {
    if (meter == null || saidFull || ends) {
      return;
    }
    long seen = meter.bytesAfterNewGc();
    if (seen > maxHeapBytes) {
      System.gc();
      long measured = meter.bytesAfterNewGc();
      long left = measured < 0 ? seen : measured; // -XX:+DisableExplicitGC
      if (left > maxHeapBytes) {
        saidFull = true;
        writer.write(new FromWorker.Worn(left), ByteBuffer.allocate(0));
      }
    }
  }

  /** This process ends because of an OutOfMemoryError that nobody has hidden. */
  void forget() {
    mark.remove();
  }
}
