// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;

/**
 * A number in the server of a {@link Manager}, with the methods of {@link java.util.concurrent.atomic.AtomicLong}. It is a handle, as {@link ManagedMap}
 * is; what that says of calls, failures and threads holds here. Two handles are equal if they stand for the same object.
 *
 * <p>Functions: a lambda is sent, and runs on the server, atomically. One of the plain JDK type that is not serializable runs here, again and again until
 * the number has not changed meanwhile.
 */
public interface ManagedLong extends Serializable {
  /** Returns the number. */
  long get();

  /** Sets the number. */
  void set(long value);

  /** Sets the number, and returns the one before. */
  long getAndSet(long value);

  /**
   * Sets the number if it is another one.
   *
   * @return whether it was set
   */
  boolean compareAndSet(long expected, long value);

  /** Adds, and returns the sum; beyond the largest number it goes on with the smallest. */
  long addAndGet(long delta);

  /** Adds, and returns the number before. */
  long getAndAdd(long delta);

  /** Adds one, and returns the sum. */
  default long incrementAndGet() {
    return addAndGet(1);
  }

  /** Adds one, and returns the number before. */
  default long getAndIncrement() {
    return getAndAdd(1);
  }

  /** Subtracts one, and returns what is left. */
  default long decrementAndGet() {
    return addAndGet(-1);
  }

  /** Subtracts one, and returns the number before. */
  default long getAndDecrement() {
    return getAndAdd(-1);
  }

  /** Replaces the number by what the function makes of it, atomically on the server, and returns that. */
  long updateAndGet(ServerFunctions.OfLong change);

  /** As {@link #updateAndGet(ServerFunctions.OfLong)}, here if the function is not serializable. */
  long updateAndGet(LongUnaryOperator change);

  /** Replaces the number by what the function makes of it, atomically on the server, and returns the one before. */
  long getAndUpdate(ServerFunctions.OfLong change);

  /** As {@link #getAndUpdate(ServerFunctions.OfLong)}, here if the function is not serializable. */
  long getAndUpdate(LongUnaryOperator change);

  /** Replaces the number by what the function makes of it and of what is given, atomically on the server, and returns that. */
  long accumulateAndGet(long given, ServerFunctions.OfTwoLongs function);

  /** As {@link #accumulateAndGet(long, ServerFunctions.OfTwoLongs)}, here if the function is not serializable. */
  long accumulateAndGet(long given, LongBinaryOperator function);

  /** Replaces the number by what the function makes of it and of what is given, atomically on the server, and returns the one before. */
  long getAndAccumulate(long given, ServerFunctions.OfTwoLongs function);

  /** As {@link #getAndAccumulate(long, ServerFunctions.OfTwoLongs)}, here if the function is not serializable. */
  long getAndAccumulate(long given, LongBinaryOperator function);

  /** Returns the operations of this number that return at once. Does not block. */
  AsyncLong async();

  /**
   * Has a listener told of each change, from now on: what the number was, and what it is. The listener stays in this process. Blocks for a round trip.
   *
   * <p>An operation that leaves the number as it is is no change.
   */
  Subscription addListener(ChangeListener<? super ValueChange<Long>> listener);
}
