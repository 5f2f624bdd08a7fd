// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import io.procpool.ipc.ThisProcess;
import java.util.Locale;

/**
 * The memory that the worker processes of all pools of this process share. Each counts with its largest heap and what a JVM needs beside it. Safe for use by multiple threads.
 */
public final class MemoryBudget {
  /*
   * Reserve. This process itself: its largest heap, as far as that is no more than an eighth of the memory, and what a JVM needs beside the heap.
   * Dealing. A pool that does not say how large its heaps are gets half of the memory if it is the first, a third of what is left if it is the second, and so on, so that after n pools one part in n + 1 is
   *          left for later ones. A quarter of everything is not dealt out so, but kept for many small pools, whose heaps have LEAST_HEAP_BYTES. No worker gets more than a quarter of the memory,
   *          which is what the JVM would choose.
   * Nesting. A process that procpool has started deals out what it was given: a worker its own part, and an equal part of what nobody has taken when it is started; a child, which counts nowhere, as much as its parent. So what is
   *          left is given to several, but never more than that.
   */
  /** What a JVM is taken to need beside its heap: metaspace, code, threads, the collector. */
  public static final long BESIDE_HEAP_BYTES = 64L << 20;

  private static final long LEAST_HEAP_BYTES = 16L << 20;
  private static final long MEBIBYTE = 1L << 20;

  private final long total;
  private final long reserve;
  private long taken; // guarded by this
  private int shares; // guarded by this

  private static final class OfProcess {
    static final MemoryBudget BUDGET =
        new MemoryBudget(ofThisProcess(), Runtime.getRuntime().maxMemory());

    private static long ofThisProcess() {
      long given = ThisProcess.current().memoryBytes();
      return given == 0 ? MachineMemory.bytes() : Math.min(given, MachineMemory.bytes());
    }
  }

  MemoryBudget(long total, long ownHeap) {
    this.total = total;
    this.reserve = Math.min(ownHeap, total / 8) + BESIDE_HEAP_BYTES;
  }

  /** Returns the budget of this process. */
  public static MemoryBudget ofProcess() {
    return OfProcess.BUDGET;
  }

  /** What a pool has of the budget. */
  public final class Share {
    private final String pool;
    private final long heapBytes;
    private int jvms; // guarded by the budget

    private Share(String pool, long heapBytes, int jvms) {
      this.pool = pool;
      this.heapBytes = heapBytes;
      this.jvms = jvms;
    }

    /** Returns the largest heap of each JVM in bytes. */
    public long heapBytes() {
      return heapBytes;
    }

    /** Returns what each of the JVMs may take together with the processes below it, in bytes. */
    public long bytesForEach() {
      synchronized (MemoryBudget.this) {
        return heapBytes + BESIDE_HEAP_BYTES + left() / Math.max(1, jvms);
      }
    }

    /** Changes the number of JVMs, if there is room; tells whether there was. */
    public boolean tryResize(int wanted) {
      synchronized (MemoryBudget.this) {
        long more = (wanted - jvms) * (heapBytes + BESIDE_HEAP_BYTES);
        if (more > 0 && more > left()) {
          return false;
        }
        taken += more;
        shares += (wanted == 0 ? 0 : 1) - (jvms == 0 ? 0 : 1);
        jvms = wanted;
        return true;
      }
    }

    /** Says why there is no room for some number of JVMs. */
    public String refusal(int wanted) {
      synchronized (MemoryBudget.this) {
        long own = jvms * (heapBytes + BESIDE_HEAP_BYTES);
        return MemoryBudget.this.refusal(pool, wanted, heapBytes, left() + own, taken - own);
      }
    }

    /** Gives everything back. */
    public void release() {
      tryResize(0);
    }
  }

  /**
   * Takes a share for some JVMs.
   *
   * @param heapBytes the heap of each; zero if it is to be dealt
   * @throws IllegalArgumentException with the arithmetic if there is no room
   */
  public Share take(String pool, int jvms, long heapBytes) {
    synchronized (this) {
      long heap = heapBytes > 0 ? heapBytes : deal(jvms);
      Share share = new Share(pool, heap, 0);
      if (!share.tryResize(jvms)) {
        throw new IllegalArgumentException(share.refusal(jvms));
      }
      return share;
    }
  }

  private long deal(int jvms) {
    long heap =
        Math.min(total / 4, (left() - roomBytes() / 4) / (shares + 2) / jvms - BESIDE_HEAP_BYTES);
    return Math.max(LEAST_HEAP_BYTES, heap / MEBIBYTE * MEBIBYTE);
  }

  private synchronized long left() {
    return total - reserve - taken;
  }

  private String refusal(String pool, int jvms, long heapBytes, long room, long others) {
    long each = heapBytes + BESIDE_HEAP_BYTES;
    return "pool \"" + pool + "\": " + jvms + " JVMs of " + text(heapBytes) + " heap and "
        + text(BESIDE_HEAP_BYTES) + " beside it are " + text(jvms * each) + ", above the "
        + text(Math.max(0, room)) + " that are left: " + text(total)
        + (ThisProcess.current().isRoot() ? " of memory" : " that this process was given")
        + ", less " + text(reserve) + " for this process and " + text(others)
        + " for its other pools; lower workers, spares or maxHeapBytes, close other pools, or set memory to UNBUDGETED";
  }

  /** Returns what there is for this process and those below it, in bytes. */
  public long totalBytes() {
    return total;
  }

  /** Describes what there is, what is taken, and what a pool of some workers would get. */
  public synchronized String describe(int workers) {
    return text(left()) + " for workers: " + text(total) + " less " + text(reserve)
        + " for the master"
        + (taken == 0 ? "" : " and " + text(taken) + " for " + shares + " pools")
        + "; a pool of " + workers + " gets " + text(deal(workers)) + " heap for each";
  }

  /** Returns how many bytes are taken. */
  synchronized long takenBytes() {
    return taken;
  }

  /** Returns how many bytes may be taken. */
  long roomBytes() {
    return total - reserve;
  }

  private static String text(long bytes) {
    return bytes < 1L << 30
        ? (bytes + MEBIBYTE - 1) / MEBIBYTE + " MiB"
        : String.format(Locale.ROOT, "%.1f GiB", (double) bytes / (1L << 30));
  }
}
