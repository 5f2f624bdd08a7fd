// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

/**
 * What {@link io.procpool.AsyncResults} asks of a result, so that waiting for many costs nothing that stays: a result that
 * does not implement it is waited for through its stage. Safe for use by multiple threads.
 */
public interface DoneSignal {
  /**
   * Has something run once when the result completes, in the thread that completes it, or now if it has completed. It must
   * be short, and neither block nor throw.
   */
  void addWaiter(Runnable waiter);

  /** Forgets a waiter that has not run. */
  void removeWaiter(Runnable waiter);
}
