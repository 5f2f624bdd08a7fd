// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.master.launch.GivenFlags;
import io.procpool.master.launch.MemoryBudget;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What a pool has of the memory budget, and how large the heaps of its workers are. Safe for use by multiple threads. */
final class WorkerMemory {
  private final MemoryBudget.@Nullable Share share;
  private final int spares;
  private final long flagBytes;

  /**
   * Takes a share for the pool's workers and spares, unless it shall not.
   *
   * @throws IllegalArgumentException with the arithmetic if there is no room
   */
  WorkerMemory(PoolOptions options) {
    this.spares = options.spares();
    if (options.memory() == PoolOptions.Memory.UNBUDGETED) {
      share = null;
      flagBytes = options.maxHeapBytes();
      return;
    }
    OptionalLong given = GivenFlags.of(options.jvmArgs(), options.environment()).heapBytes();
    share = MemoryBudget.ofProcess()
        .take(options.name(), options.workers() + spares, given.orElse(options.maxHeapBytes()));
    flagBytes = options.maxHeapBytes() > 0 || given.isPresent()
        ? options.maxHeapBytes()
        : share.heapBytes();
  }

  /** Returns what a worker's JVM is told of its largest heap, in bytes; zero: nothing. */
  long flagBytes() {
    return flagBytes;
  }

  /** Returns what each worker and the processes below it may take of the memory, in bytes. */
  long bytesForEach() {
    return share == null ? MemoryBudget.ofProcess().totalBytes() : share.bytesForEach();
  }

  /** Changes the number of workers there is memory for; tells whether that can be. */
  boolean tryHold(int workers) {
    return share == null || share.tryResize(workers + spares);
  }

  /** Says why there is no memory for some number of workers. */
  String refusal(int workers) {
    return share == null ? "" : share.refusal(workers + spares);
  }

  /** Gives everything back. */
  void release() {
    if (share != null) {
      share.release();
    }
  }
}
