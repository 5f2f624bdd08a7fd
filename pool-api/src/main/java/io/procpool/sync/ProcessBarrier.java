// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.RunnableTask;
import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.time.Duration;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeoutException;

/**
 * A place where a number of threads, in any processes of the session, wait for each other, again and again: what {@link
 * java.util.concurrent.CyclicBarrier} is in one process. A handle can be captured by a task, passed, returned, or put in a message;
 * every copy is the same barrier.
 *
 * <p><b>Broken.</b> If one that waits is interrupted, has its timeout run out, or is in a process that dies, or if the action fails,
 * nobody can be sure of the others any more: all that wait, and all that come until {@link #reset()}, get {@link
 * BrokenBarrierException}. A party that dies before it has come to the barrier is not missed: a timeout ends the wait for it.
 *
 * <p><b>Visibility.</b> Who has passed sees what all parties did to shared memory before they came, and what the action did.
 *
 * <p>A barrier can also be in the server of a {@link io.procpool.manager.Manager#barrier(int) manager}, for any number of parties.
 *
 * <p><b>Life.</b> As of a {@link ProcessLock}. Safe for use by multiple threads and processes.
 */
public interface ProcessBarrier extends Serializable, AutoCloseable {
  /**
   * Makes a barrier.
   *
   * @param parties how many wait for each other, 1 to 500
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessBarrier create(int parties) {
    return Synchronizers.installed().barrier(parties, null);
  }

  /**
   * Makes a barrier with an action, which the last one to come runs before anybody passes. The action travels with the handles
   * and must be serializable.
   */
  static ProcessBarrier create(int parties, RunnableTask action) {
    return Synchronizers.installed().barrier(parties, action);
  }

  /**
   * Waits until all parties have come.
   *
   * @return a number that is different for each party: parties - 1 for the first one to come, 0 for the last
   * @throws BrokenBarrierException if the barrier is broken, or breaks meanwhile
   * @throws InterruptedException if the thread is interrupted while it waits; the barrier is broken then
   */
  int await() throws InterruptedException, BrokenBarrierException;

  /**
   * As {@link #await()}, for a time.
   *
   * @throws TimeoutException if the time is up; the barrier is broken then
   */
  int await(Duration timeout) throws InterruptedException, BrokenBarrierException, TimeoutException;

  /** Breaks the barrier: whoever waits, and whoever comes until {@link #reset()}, gets {@link BrokenBarrierException}. */
  void abort();

  /** Makes the barrier as it was at first. Who waits gets {@link BrokenBarrierException}. */
  void reset();

  /** Tells whether the barrier is broken. */
  boolean isBroken();

  /** Returns how many wait for each other. */
  int parties();

  /** Returns how many threads of living processes wait at the moment. */
  int waiting();

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
