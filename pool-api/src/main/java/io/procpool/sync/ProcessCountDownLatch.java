// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.time.Duration;

/**
 * A count that threads of any process of the session bring down, and others wait to be zero: what {@link
 * java.util.concurrent.CountDownLatch} is in one process. A process that dies before it has counted is not missed: use a timeout.
 * A handle can be captured by a task, passed, returned, or put in a message; every copy is the same latch.
 *
 * <p>A latch can also be in the server of a {@link io.procpool.manager.Manager#countDownLatch(int) manager}.
 *
 * <p><b>Visibility.</b> Who finds the count at zero sees what those who brought it down did to shared memory before.
 *
 * <p><b>Life.</b> As of a {@link ProcessLock}. Safe for use by multiple threads and processes.
 */
public interface ProcessCountDownLatch extends Serializable, AutoCloseable {
  /**
   * Makes a latch.
   *
   * @param count 0 or more
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessCountDownLatch create(int count) {
    return Synchronizers.installed().countDownLatch(count);
  }

  /** Takes one off the count, unless it is zero; lets go on whoever waits if it is zero then. */
  void countDown();

  /** Returns the count. */
  int count();

  /**
   * Waits until the count is zero.
   *
   * @throws InterruptedException if the thread is interrupted before
   */
  void await() throws InterruptedException;

  /**
   * Waits until the count is zero, for a time.
   *
   * @param timeout zero or less: does not wait
   * @return whether the count is zero
   * @throws InterruptedException if the thread is interrupted before
   */
  boolean await(Duration timeout) throws InterruptedException;

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
