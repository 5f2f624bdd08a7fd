// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import org.jspecify.annotations.Nullable;

/** Finds the waiter of this process when somebody first has to sleep or to wake. Safe for use by multiple threads. */
final class WordWaiters {
  /*
   * To get ready for native calls takes much longer than most waits. So a thread of its own does that, and meanwhile threads
   * park; those of other processes that should have been woken find out by themselves within a SLICE.
   */
  private static final ParkWaiter PARK = new ParkWaiter();
  private static final String CHOSEN = System.getProperty(WordWaiter.PROPERTY, "");

  private static volatile @Nullable WordWaiter found;
  private static volatile boolean missing;
  private static boolean looking; // guarded by the class

  private WordWaiters() {}

  static WordWaiter get() {
    WordWaiter known = found;
    if (known != null) {
      return known;
    }
    if (missing) {
      throw new IllegalStateException("-D" + WordWaiter.PROPERTY
          + "=futex: there is none here, or native access is denied (expected: Linux on x86-64 or"
          + " aarch64); leave the property out");
    }
    look();
    return PARK;
  }

  /** Finds it in the calling thread, if nobody has begun to. */
  static void prepare() {
    if (claim()) {
      findFutex();
    }
  }

  private static synchronized boolean claim() {
    boolean first = !looking && (CHOSEN.isEmpty() || CHOSEN.equals("futex"));
    looking |= first;
    return first;
  }

  private static synchronized void look() {
    switch (CHOSEN) {
      case "park" -> found = PARK;
      case "", "futex" -> {
        if (!looking) {
          Thread thread = new Thread(WordWaiters::findFutex, "procpool-futex");
          thread.setDaemon(true);
          try {
            thread.start();
            looking = true;
          } catch (OutOfMemoryError noThread) {
            // The next one tries again.
          }
        }
      }
      default ->
        throw new IllegalStateException(
            "-D" + WordWaiter.PROPERTY + "=" + CHOSEN + " (expected: futex or park)");
    }
  }

  private static void findFutex() {
    WordWaiter futex = FutexWaiter.find();
    if (futex != null) {
      found = futex;
    } else if (CHOSEN.isEmpty()) {
      found = PARK;
    } else {
      missing = true;
    }
  }
}
