// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;

/** How a thread sleeps until somebody, in any process, wakes those who sleep on a word. Implementations are thread-safe. */
public interface WordWaiter {
  /** Chooses: {@code futex}, {@code park}; without it the first if the system has it. */
  String PROPERTY = "procpool.waiter";

  /**
   * Sleeps if the word is as expected, until it is woken, or the time is up, or the thread is interrupted if that matters;
   * or for no reason. The interrupt status stays as it is. An interrupt that comes while the thread goes to sleep is missed now and then by JDK 17.
   */
  void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible);

  /** Wakes some of those who sleep on a word. */
  void wake(ByteBuffer memory, int at, int count);

  /** Returns how often the watcher has to look at the words of those who sleep for long. */
  long watchNanos();

  /**
   * Returns the one of this process; until the futex can be called, which takes a tenth of a second when somebody first has to
   * sleep or to wake, the one that parks.
   *
   * @throws IllegalStateException if the one that was asked for cannot be had
   */
  static WordWaiter installed() {
    return WordWaiters.get();
  }
}
