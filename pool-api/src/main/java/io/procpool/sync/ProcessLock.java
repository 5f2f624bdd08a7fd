// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import io.procpool.spi.Synchronizers;
import java.io.Serializable;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;

/**
 * A lock between all threads of all processes of the session; or, made by {@link io.procpool.manager.Manager#lock()}, of all processes that use that server, with the
 * differences that are said there. It is held by a thread, as the JDK's locks are: only that thread can
 * release it. A handle can be captured by a task, passed, returned, or put in a message; every copy is the same lock.
 *
 * <pre>{@code
 * ProcessLock lock = ProcessLock.create();
 * pool.map(line -> {
 *   lock.lock();
 *   try {
 *     return append(line);
 *   } finally {
 *     lock.unlock();
 *   }
 * }, lines);
 * }</pre>
 *
 * <p><b>Death of the owner.</b> When the process of the owner ends, in whatever way, the next thread that wants the lock gets it, at
 * the latest 50 ms later, together with a notice: {@link #deadOwner()} says who died. What the lock guards may be half
 * changed then. A process that is only stopped keeps its locks. A thread that ends without releasing a lock keeps it as long as its
 * process lives, as with the JDK's locks.
 *
 * <p><b>Fencing.</b> Each hold has a number, {@link #fencingToken()}, that is larger than that of any hold before it. Something outside
 * that only accepts numbers that do not fall is safe from whoever held the lock once and does not know that it is over.
 *
 * <p><b>Order.</b> Waiting threads have no order among them, and one that comes along may be first. A thread looks for some
 * microseconds before it sleeps. In a manager the order is that of coming; a process that is stopped while it waits gets the lock, and keeps it, when it is its turn.
 *
 * <p><b>Visibility.</b> Whatever its place, who holds the lock sees what all former holders, in any process, did to shared memory while they held it;
 * plain access is enough there.
 *
 * <p><b>Life.</b> {@link #close()} ends the use of this handle, as with the values of {@link io.procpool.shared}; it does not release
 * the lock. The lock has its place in shared memory until its last handle is gone; that of a manager, as long as its server runs, or is started again with the same store.
 *
 * <p>Safe for use by multiple threads and processes.
 */
public interface ProcessLock extends Lock, Serializable, AutoCloseable {
  /**
   * Makes a plain lock: a thread that acquires it a second time waits for itself, until its timeout.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessLock create() {
    return create("");
  }

  /**
   * As {@link #create()}, with a name for reports such as {@link io.procpool.Processes#deadlocks()}. Names need not differ.
   *
   * @param name up to 100 characters; empty for none
   */
  static ProcessLock create(String name) {
    return Synchronizers.installed().lock(name, false);
  }

  /**
   * Makes a re-entrant lock: its owner may acquire it again, and must release it as often, at most 2147483647 times.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  static ProcessLock reentrant() {
    return reentrant("");
  }

  /** As {@link #reentrant()}, with a name for reports. */
  static ProcessLock reentrant(String name) {
    return Synchronizers.installed().lock(name, true);
  }

  /** Waits for the lock. An interrupt is kept for later. */
  @Override
  void lock();

  /**
   * Waits for the lock.
   *
   * @throws InterruptedException if the thread is interrupted before it has the lock; it does not have it then
   */
  @Override
  void lockInterruptibly() throws InterruptedException;

  /** Gets the lock if nobody has it, or its owner is dead; tells whether it did. Does not wait. */
  @Override
  boolean tryLock();

  /**
   * Waits for the lock for a time; tells whether it got it. Without a positive time it does not wait.
   *
   * @throws InterruptedException if the thread is interrupted before it has the lock
   */
  @Override
  boolean tryLock(long time, TimeUnit unit) throws InterruptedException;

  /**
   * Releases the lock, or one of several holds of a re-entrant one.
   *
   * @throws IllegalMonitorStateException if this thread does not hold it
   */
  @Override
  void unlock();

  /**
   * Makes a condition of this lock. It is a shared thing of its own, to be captured or passed together with the lock.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room; never for a lock of a manager, whose server has the condition, too
   */
  @Override
  ProcessCondition newCondition();

  /** Tells whether a living process holds the lock, for reports; it may be otherwise a moment later. */
  boolean isLocked();

  /** Tells whether this thread holds the lock. */
  boolean isHeldByCurrentThread();

  /** Returns how often this thread holds the lock; 0 if it does not. */
  int holdCount();

  /**
   * Returns the number of this hold, larger than that of any hold before it.
   *
   * @throws IllegalMonitorStateException if this thread does not hold the lock
   */
  long fencingToken();

  /**
   * Returns who died while holding the lock, if that is how this thread got it. The same until it is released.
   *
   * @throws IllegalMonitorStateException if this thread does not hold the lock
   */
  Optional<DeadOwner> deadOwner();

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
