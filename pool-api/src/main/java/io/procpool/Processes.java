// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.Channels;
import io.procpool.spi.Synchronizers;
import io.procpool.sync.Deadlock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** What can be asked about this process and the others of the session. Safe for use by multiple threads. */
public final class Processes {
  private Processes() {}

  /** Returns the number of CPUs this process may use, control groups respected; it may change. */
  public static int cpuCount() {
    return Runtime.getRuntime().availableProcessors();
  }

  /**
   * Finds threads, in any process of the session, that wait for each other in a circle: for {@link io.procpool.sync.ProcessLock}s
   * and {@link io.procpool.sync.ProcessReadWriteLock}s that they hold against each other. A thread is seen some 50 ms after it began to
   * wait; waits with a timeout count, too. Takes some 50 ms if there is something to look at.
   */
  public static List<Deadlock> deadlocks() {
    return Synchronizers.installed().deadlocks();
  }

  /**
   * Waits until at least one of some things is {@linkplain Awaitable ready}, for a time, and returns all that are, in the order given; an
   * empty list if none was in that time. What is ready for one may be gone when it is used, if others use the same thing.
   *
   * <p>A long wait costs hardly any processor time. If there are both connections over sockets and other things, the others are looked at
   * every 2 ms.
   *
   * @param things what to wait for; if there are none, waits its time
   * @param timeout zero or less: does not wait
   * @throws InterruptedException if the thread is interrupted meanwhile
   * @throws IllegalArgumentException if one of them is not procpool's own
   * @throws IllegalStateException if one of them is closed
   */
  public static <T extends Awaitable> List<T> awaitReady(
      Collection<? extends T> things, Duration timeout) throws InterruptedException {
    return Channels.installed().awaitReady(things, timeout);
  }
}
