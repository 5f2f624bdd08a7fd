// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The results of {@link Pool#imap imap}, one at a time. The input is read lazily, a bounded window ahead of what has been
 * taken here, so it may be endless. An input that fails makes the one {@link #next()} that stands for it throw; the
 * iteration then goes on with the following ones.
 *
 * <p>It can be used once, in a for-each loop or call by call. An iterator that is dropped without {@link #close()} stops
 * reading its input when it is garbage collected. Not safe for use by multiple threads.
 *
 * @param <R> type of the values
 */
public interface ResultIterator<R extends @Nullable Object>
    extends Iterator<R>, Iterable<R>, AutoCloseable {
  /**
   * Tells whether there is a further result. Blocks until one is there or the input has ended. An interrupt ends the
   * wait with a {@link WaitInterruptedException} and leaves the thread's interrupt status set.
   */
  @Override
  boolean hasNext();

  /**
   * Returns the next value. Blocks until it is there; interruption as for {@link #hasNext()}.
   *
   * @throws NoSuchElementException if there is none
   * @throws RuntimeException if this input failed: the task's own unchecked exception, a {@link TaskFailedException}
   *     around a checked one, or an {@link InfrastructureException}
   */
  @Override
  R next();

  /**
   * Returns the next value, waiting at most for the given time. After a timeout the iteration stands where it stood.
   *
   * @throws TimeoutException if the time is over first
   * @throws NoSuchElementException if there is none
   */
  R next(Duration timeout) throws TimeoutException;

  /**
   * Returns how the next input ended, value or failure, without throwing for a failure; blocks like {@link #next()}.
   *
   * @throws NoSuchElementException if there is none
   */
  Outcome<R> nextOutcome();

  /** Returns this, so that a for-each loop takes it. */
  @Override
  default Iterator<R> iterator() {
    return this;
  }

  /**
   * Ends the iteration: no further input is read, what has not started is cancelled, and {@link #hasNext()} is false
   * from then on. Does not block. Closing twice has no effect.
   */
  @Override
  void close();
}
