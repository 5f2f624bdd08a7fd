// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.WaitInterruptedException;
import io.procpool.manager.ManagerException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** The result of a task of a pool of a server, of which this process has the only handle. Safe for use by multiple threads. */
final class RemoteResult<T extends @Nullable Object> implements Future<T> {
  private static final int DONE = 0; // places of what the server says
  private static final int VALUE = 1;

  private final RemoteObject pool;
  private final long number;
  private volatile @Nullable List<?> outcome; // [true, value]
  private volatile @Nullable Throwable failure;

  RemoteResult(RemoteObject pool, long number) {
    this.pool = pool;
    this.number = number;
  }

  @Override
  public T get() throws InterruptedException, ExecutionException {
    return value(await(Long.MAX_VALUE));
  }

  @Override
  public T get(long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    List<?> said = await(Math.max(0, unit.toNanos(timeout)));
    if (!Boolean.TRUE.equals(said.get(DONE))) {
      throw new TimeoutException("the task is not done after " + timeout + " " + unit);
    }
    return value(said);
  }

  @SuppressWarnings({"unchecked", "NullAway"}) // null is a value if T says so
  private T value(List<?> said) {
    return (T) said.get(VALUE);
  }

  private List<?> await(long nanos) throws InterruptedException, ExecutionException {
    List<?> known = outcome;
    if (known != null) {
      return known;
    }
    Throwable failed = failure;
    if (failed == null) {
      try {
        return take(nanos);
      } catch (WaitInterruptedException e) {
        Thread.interrupted();
        InterruptedException interrupted = new InterruptedException(e.getMessage());
        interrupted.initCause(e);
        throw interrupted;
      } catch (ManagerException e) {
        throw e;
      } catch (Throwable e) {
        failed = e;
        failure = e;
        forget();
      }
    }
    if (failed instanceof CancellationException cancelled) {
      throw cancelled;
    }
    throw new ExecutionException(failed);
  }

  private List<?> take(long nanos) throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    List<?> said = (List<?>) Objects.requireNonNull(pool.call("result(long,long)", number, nanos));
    if (Boolean.TRUE.equals(said.get(DONE))) {
      outcome = said;
      forget();
    }
    return said;
  }

  /** Says that this process will not ask any more. */
  void forget() {
    pool.call("forget(long)", number);
  }

  @Override
  public boolean cancel(boolean mayInterruptIfRunning) {
    return outcome == null
        && failure == null
        && pool.callBoolean("cancel(long,boolean)", number, mayInterruptIfRunning);
  }

  @Override
  public boolean isCancelled() {
    return failure instanceof CancellationException
        || outcome == null && pool.callBoolean("isCancelled(long)", number);
  }

  @Override
  public boolean isDone() {
    return outcome != null || failure != null || pool.callBoolean("isDone(long)", number);
  }
}
