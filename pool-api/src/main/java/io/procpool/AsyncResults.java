// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.DoneSignal;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Waiting for several results at once, of one pool or of many. Safe for use by multiple threads. */
public final class AsyncResults {
  private AsyncResults() {}

  /** What {@link #await} waits for. */
  public enum WaitFor {
    /** The first result to complete in any way. */
    FIRST_COMPLETED,
    /** The first result to fail or be cancelled, or all if none does. */
    FIRST_FAILURE,
    /** All results. */
    ALL
  }

  /**
   * The results as they stood at the end of a wait; both sets keep the order of the results given.
   *
   * @param <T> type of the values
   * @param done those that have completed
   * @param pending those that have not
   */
  public record Waited<T extends @Nullable Object>(
      Set<AsyncResult<T>> done, Set<AsyncResult<T>> pending) {}

  /**
   * Returns the given results in the order in which they complete. The iterator's {@code hasNext} does not block;
   * {@code next} blocks until a further result has completed, and ends with a {@link WaitInterruptedException} when
   * interrupted. A result given twice is returned once.
   */
  public static <T extends @Nullable Object> Iterable<AsyncResult<T>> asCompleted(
      Collection<? extends AsyncResult<T>> results) {
    return () -> new Completions<>(results, null);
  }

  /**
   * As {@link #asCompleted(Collection)}, within the given time: an unchecked {@link WaitTimeoutException} ends the iteration
   * when it is over. The time starts with the call of {@link Iterable#iterator()}.
   */
  public static <T extends @Nullable Object> Iterable<AsyncResult<T>> asCompleted(
      Collection<? extends AsyncResult<T>> results, Duration timeout) {
    Objects.requireNonNull(timeout, "timeout");
    return () -> new Completions<>(results, timeout);
  }

  /**
   * Waits until what is asked for has happened, or the time is over. Blocks; interruption leaves the results alone.
   *
   * @param timeout the longest wait; zero only looks
   * @return which results have completed by then and which have not; a timeout is no failure
   */
  public static <T extends @Nullable Object> Waited<T> await(
      Collection<? extends AsyncResult<T>> results, WaitFor waitFor, Duration timeout)
      throws InterruptedException {
    Objects.requireNonNull(waitFor, "waitFor");
    try (Completions<T> completions = new Completions<>(results, timeout)) {
      while (completions.hasNext()) {
        AsyncResult<T> next = completions.take();
        if (waitFor == WaitFor.FIRST_COMPLETED
            || (waitFor == WaitFor.FIRST_FAILURE && !next.successful())) {
          break;
        }
      }
    } catch (TimeoutException over) {
      // What has completed by now is the answer.
    }
    Set<AsyncResult<T>> done = new LinkedHashSet<>();
    Set<AsyncResult<T>> pending = new LinkedHashSet<>();
    for (AsyncResult<T> result : results) {
      (result.isDone() ? done : pending).add(result);
    }
    return new Waited<>(done, pending);
  }

  private static final class Completions<T extends @Nullable Object>
      implements Iterator<AsyncResult<T>>, AutoCloseable {
    private final Map<AsyncResult<T>, Runnable> waiters = new LinkedHashMap<>();
    private final LinkedBlockingQueue<AsyncResult<T>> completed = new LinkedBlockingQueue<>();
    private final long deadlineNanos;
    private final boolean timed;
    private int left;

    Completions(Collection<? extends AsyncResult<T>> results, @Nullable Duration timeout) {
      timed = timeout != null;
      deadlineNanos = timeout == null ? 0 : System.nanoTime() + nanos(timeout);
      for (AsyncResult<T> result : results) {
        waiters.put(result, () -> completed.add(result));
      }
      left = waiters.size();
      waiters.forEach((result, waiter) -> {
        if (result instanceof DoneSignal signal) {
          signal.addWaiter(waiter);
        } else {
          result.whenComplete((value, error) -> waiter.run());
        }
      });
    }

    /** Leaves nothing behind at the results that have not completed. */
    @Override
    public void close() {
      waiters.forEach((result, waiter) -> {
        if (result instanceof DoneSignal signal) {
          signal.removeWaiter(waiter);
        }
      });
    }

    @Override
    public boolean hasNext() {
      return left > 0;
    }

    @Override
    public AsyncResult<T> next() {
      try {
        return take();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new WaitInterruptedException("interrupted with " + left + " results to come", e);
      } catch (TimeoutException e) {
        throw new WaitTimeoutException(left + " results have not completed in the given time");
      }
    }

    AsyncResult<T> take() throws InterruptedException, TimeoutException {
      if (left == 0) {
        throw new NoSuchElementException("all results have been returned");
      }
      AsyncResult<T> result = timed
          ? completed.poll(deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)
          : completed.take();
      if (result == null) {
        close();
        throw new TimeoutException();
      }
      left--;
      return result;
    }

    private static long nanos(Duration timeout) {
      try {
        return Math.min(timeout.toNanos(), Long.MAX_VALUE / 2);
      } catch (ArithmeticException e) {
        return Long.MAX_VALUE / 2;
      }
    }
  }
}
