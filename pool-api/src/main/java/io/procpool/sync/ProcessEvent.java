// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.time.Duration;

/**
 * A flag that threads of all processes of the session can wait for; or, made by {@link io.procpool.manager.Manager#event()}, of all that use that server. Who waits while it is set goes on, even if it is cleared a
 * moment later. A handle can be captured by a task, passed, returned, or put in a message; every copy is the same event.
 *
 * <p><b>Visibility.</b> Who finds it set sees what the one that has set it did to shared memory before.
 *
 * <p><b>Life.</b> As of a {@link ProcessLock}. Safe for use by multiple threads and processes.
 */
public interface ProcessEvent extends Serializable, AutoCloseable {
  /**
   * Makes an event that is not set.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessEvent create() {
    return Synchronizers.installed().event();
  }

  /** Tells whether it is set. */
  boolean isSet();

  /** Sets it, and lets go on whoever waits. No effect if it is set. */
  void set();

  /** Clears it, so that whoever comes from now on waits. No effect if it is clear. */
  void clear();

  /**
   * Waits until it is set. Returns at once if it is.
   *
   * @throws InterruptedException if the thread is interrupted before
   */
  void await() throws InterruptedException;

  /**
   * Waits until it is set, for a time.
   *
   * @param timeout zero or less: does not wait
   * @return whether it was set
   * @throws InterruptedException if the thread is interrupted before
   */
  boolean await(Duration timeout) throws InterruptedException;

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
