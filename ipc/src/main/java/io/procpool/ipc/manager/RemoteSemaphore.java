// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.sync.ProcessSemaphore;
import java.time.Duration;
import java.util.OptionalInt;

/** Handle of a semaphore. Safe for use by multiple threads. */
final class RemoteSemaphore extends RemoteSynchronizer implements ProcessSemaphore {
  private static final long serialVersionUID = 1;
  private static final String ACQUIRE = "acquire(int,long)";

  private final int bound; // 0 if there is none

  RemoteSemaphore(RemoteObject remote) {
    super(remote);
    this.bound = callInt("bound()"); // one of that name may have another than was asked for
  }

  private int checked(int permits) {
    return checked(permits, bound == 0 ? Integer.MAX_VALUE : bound);
  }

  private static int checked(int permits, int most) {
    if (permits < 1 || permits > most) {
      throw new IllegalArgumentException("permits: " + permits + " (expected: 1 to " + most + ")");
    }
    return permits;
  }

  @Override
  public void acquire(int permits) throws InterruptedException {
    await(ACQUIRE, checked(permits), FOREVER);
  }

  @Override
  public void acquireUninterruptibly(int permits) {
    call(ACQUIRE, checked(permits), FOREVER);
  }

  @Override
  public boolean tryAcquire(int permits) {
    return callBoolean(ACQUIRE, checked(permits), 0L);
  }

  @Override
  public boolean tryAcquire(int permits, Duration timeout) throws InterruptedException {
    return awaitBoolean(ACQUIRE, checked(permits), nanos(timeout));
  }

  @Override
  public void release(int permits) {
    if (call("release(int)", checked(permits, Integer.MAX_VALUE)) instanceof Integer there) {
      throw new IllegalStateException(this + ": release of " + permits + " with " + there
          + " there (the bound is " + (bound == 0 ? Integer.MAX_VALUE : bound)
          + "); nothing was released");
    }
  }

  @Override
  public int drainPermits() {
    return callInt("drainPermits()");
  }

  @Override
  public int availablePermits() {
    return callInt("availablePermits()");
  }

  @Override
  public OptionalInt bound() {
    checkOpen();
    return bound == 0 ? OptionalInt.empty() : OptionalInt.of(bound);
  }
}
