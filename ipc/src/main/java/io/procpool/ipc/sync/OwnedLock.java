// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.sync.ProcessLock;

/** A lock that a condition can be made of. */
interface OwnedLock extends ProcessLock {
  /**
   * Releases the lock wholly.
   *
   * @return how often it was held
   * @throws IllegalMonitorStateException if the calling thread does not hold it
   */
  int releaseAll();

  /** Waits for the lock, to hold it as often as before. An interrupt is kept for later. */
  void acquireAgain(int holds);

  /**
   * Fails if the calling thread does not hold the lock.
   *
   * @throws IllegalMonitorStateException if so
   */
  void checkHeld();
}
