// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * A pair of locks between all threads of all processes of the session: many may hold the read lock at a time, or one the write
 * lock. Both are re-entrant. Who holds the write lock can acquire the read lock, too, and keep it when it releases the other; the
 * reverse would wait for itself and is an error.
 *
 * <p>What {@link ProcessLock} says of the death of owners, of order, visibility and life holds here, too. A thread that waits to write
 * keeps new readers out, but for some milliseconds after another one that waited to write has died or given up. When a writer has died, {@link #deadWriter()} tells every holder until a write lock has been released in an
 * orderly way; a reader that dies leaves nothing behind. At most 500 threads read at a time; others wait.
 *
 * <p>Conditions exist for the write lock only. Safe for use by multiple threads and processes.
 */
public interface ProcessReadWriteLock extends ReadWriteLock, Serializable, AutoCloseable {
  /**
   * Makes one.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessReadWriteLock create() {
    return create("");
  }

  /**
   * As {@link #create()}, with a name for reports.
   *
   * @param name up to 100 characters; empty for none
   */
  static ProcessReadWriteLock create(String name) {
    return Synchronizers.installed().readWriteLock(name);
  }

  /** Returns the lock for reading; it has no conditions. */
  @Override
  Lock readLock();

  /** Returns the lock for writing. To close it is to close this. */
  @Override
  ProcessLock writeLock();

  /** Returns how many holds of the read lock there are, in living processes. */
  int readLockCount();

  /** Returns how often this thread holds the read lock. */
  int readHoldCount();

  /** Returns the writer that died while it held the lock, unless a write lock has been released since. Needs no lock. */
  Optional<DeadOwner> deadWriter();

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
