// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.sync;

import java.io.Serializable;
import java.time.Duration;
import java.util.Date;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;

/**
 * A condition of a {@link ProcessLock}: threads of any process wait until others say that something has changed. Made by {@link
 * ProcessLock#newCondition()}.
 *
 * <p>All methods but {@link #close()} need the lock to be held by the calling thread, and throw {@link IllegalMonitorStateException}
 * otherwise. Those that wait release the lock, however often it is held, and have it as often again when they return or throw.
 *
 * <p>Who has waited longest is signalled first. Only threads of living processes count: a signal is not wasted on one that has died,
 * and one that dies with a signal before it could get the lock again leaves that to the next. Wake-ups without a signal do not
 * happen, as long as at most 500 threads wait; those beyond that number return every few milliseconds. (In a manager any number can wait.
 * One that dies with a signal when it has just been given the lock leaves the signal to the next one there, too.) So, and because what a
 * signal said may have changed again, check in a loop, or let {@link #awaitTrue} do it.
 *
 * <p><b>Life.</b> As of a {@link ProcessLock}. Safe for use by multiple threads and processes.
 */
public interface ProcessCondition extends Condition, Serializable, AutoCloseable {
  /**
   * Waits for a signal.
   *
   * @throws InterruptedException if the thread is interrupted before it was signalled
   */
  @Override
  void await() throws InterruptedException;

  /** Waits for a signal. An interrupt is kept for later. */
  @Override
  void awaitUninterruptibly();

  /**
   * Waits for a signal for a time.
   *
   * @return the nanoseconds that are left; 0 or less if the time is up
   * @throws InterruptedException if the thread is interrupted before it was signalled
   */
  @Override
  long awaitNanos(long nanos) throws InterruptedException;

  /** Waits for a signal for a time; tells whether it came. */
  @Override
  boolean await(long time, TimeUnit unit) throws InterruptedException;

  /** Waits for a signal until a point in time; tells whether it came. */
  @Override
  boolean awaitUntil(Date deadline) throws InterruptedException;

  /**
   * Waits until something is true. It is asked at once and after each signal, with the lock held.
   *
   * @throws InterruptedException if the thread is interrupted before
   */
  default void awaitTrue(BooleanSupplier predicate) throws InterruptedException {
    while (!predicate.getAsBoolean()) {
      await();
    }
  }

  /**
   * As {@link #awaitTrue(BooleanSupplier)}, for a time.
   *
   * @return what it was when asked last
   */
  default boolean awaitTrue(BooleanSupplier predicate, Duration timeout)
      throws InterruptedException {
    long left = TimeUnit.NANOSECONDS.convert(timeout); // the longest there is, if that is longer
    while (!predicate.getAsBoolean()) {
      if (left <= 0) {
        return false;
      }
      left = awaitNanos(left);
    }
    return true;
  }

  /** Lets the thread go on that has waited longest, if any; as {@code signal(1)}. */
  @Override
  void signal();

  /**
   * Lets exactly so many of the waiting threads go on, or all if there are fewer.
   *
   * @param count 0 or more
   * @return how many
   */
  int signal(int count);

  /** Lets all waiting threads go on. */
  @Override
  void signalAll();

  /** Returns how many threads of living processes wait for a signal. */
  int waiting();

  /** Ends the use of this handle; a second call has no effect. */
  @Override
  void close();
}
