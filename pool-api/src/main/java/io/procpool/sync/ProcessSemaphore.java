// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * A semaphore between all threads of all processes of the session. There are three kinds:
 *
 * <ul>
 *   <li>{@link #create}: any process may release, also what it did not acquire, up to 2147483647 permits;
 *   <li>{@link #bounded}: as that, but never more permits than at first;
 *   <li>{@link #recovering}: bounded, and with an account of who has permits. Those of a process that has died come back, at the latest
 *       50 ms later if somebody waits. A process can release only what its own threads have acquired.
 * </ul>
 *
 * <p>Those of a manager are of the first two kinds, and keep accounts all the same: see {@link io.procpool.manager.Manager#semaphore(int)}.
 *
 * <p>Waiting threads have no order among them, and one that comes along may be first; but see there for those of a manager. A handle can be captured by a task, passed,
 * returned, or put in a message; every copy is the same semaphore.
 *
 * <p><b>Visibility.</b> Who acquires a permit sees what those who released it did to shared memory before.
 *
 * <p><b>Life.</b> As of a {@link ProcessLock}. Safe for use by multiple threads and processes.
 */
public interface ProcessSemaphore extends Serializable, AutoCloseable {
  /**
   * Makes a semaphore without a bound.
   *
   * @param permits 0 or more
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessSemaphore create(int permits) {
    return Synchronizers.installed().semaphore(permits, false);
  }

  /**
   * Makes a semaphore that never has more permits than at first.
   *
   * @param permits 1 or more
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessSemaphore bounded(int permits) {
    return Synchronizers.installed().semaphore(permits, true);
  }

  /**
   * Makes a semaphore to which the permits of dead processes come back. At most 500 processes have permits at a time; others wait.
   *
   * @param permits 1 or more
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessSemaphore recovering(int permits) {
    return Synchronizers.installed().recoveringSemaphore(permits);
  }

  /**
   * Waits for a permit.
   *
   * @throws InterruptedException if the thread is interrupted before it has one
   */
  default void acquire() throws InterruptedException {
    acquire(1);
  }

  /**
   * Waits for some permits, which it gets all at once.
   *
   * @param permits 1 or more; not above the bound
   * @throws InterruptedException if the thread is interrupted before it has them
   */
  void acquire(int permits) throws InterruptedException;

  /** Waits for some permits. An interrupt is kept for later. */
  void acquireUninterruptibly(int permits);

  /** Gets a permit if there is one; tells whether it did. Does not wait. */
  default boolean tryAcquire() {
    return tryAcquire(1);
  }

  /** Gets some permits if there are as many; tells whether it did. Does not wait. */
  boolean tryAcquire(int permits);

  /** Waits for a permit for a time; tells whether it got one. */
  default boolean tryAcquire(Duration timeout) throws InterruptedException {
    return tryAcquire(1, timeout);
  }

  /**
   * Waits for some permits for a time; tells whether it got them.
   *
   * @param timeout zero or less: does not wait
   * @throws InterruptedException if the thread is interrupted before it has them
   */
  boolean tryAcquire(int permits, Duration timeout) throws InterruptedException;

  /** Releases a permit; see {@link #release(int)}. */
  default void release() {
    release(1);
  }

  /**
   * Releases some permits.
   *
   * @param permits 1 or more
   * @throws IllegalStateException if there would be more than the bound, or if this is a recovering semaphore and the process has
   *     fewer; nothing is released then
   */
  void release(int permits);

  /** Takes all permits there are and returns how many. */
  int drainPermits();

  /** Returns how many permits there are, for reports; it may be otherwise a moment later. */
  int availablePermits();

  /** Returns the largest number of permits, if there is a bound. */
  OptionalInt bound();

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
