// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.sync.ProcessCondition;
import java.util.Date;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Handle of a condition of a lock. Safe for use by multiple threads. */
final class RemoteCondition extends RemoteSynchronizer implements ProcessCondition {
  private static final long serialVersionUID = 1;
  private static final String AWAIT = "await(long,long)";

  RemoteCondition(RemoteObject remote) {
    super(remote);
  }

  @Override
  public void await() throws InterruptedException {
    awaitSignal(FOREVER);
  }

  @Override
  public void awaitUninterruptibly() {
    checked(call(AWAIT, thread(), FOREVER));
  }

  @Override
  public long awaitNanos(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    awaitSignal(nanos);
    return Math.max(0, nanos) - (System.nanoTime() - start);
  }

  @Override
  public boolean await(long time, TimeUnit unit) throws InterruptedException {
    return awaitSignal(unit.toNanos(time));
  }

  @Override
  public boolean awaitUntil(Date deadline) throws InterruptedException {
    long now = System.currentTimeMillis();
    return await(Math.max(now, deadline.getTime()) - now, TimeUnit.MILLISECONDS);
  }

  /** Waits; tells whether there was a signal. */
  private boolean awaitSignal(long nanos) throws InterruptedException {
    checkOpen();
    if (Thread.currentThread().isInterrupted()) {
      waiting(); // needs the lock, too
    }
    return Boolean.TRUE.equals(checked(await(AWAIT, thread(), Math.max(0, nanos))));
  }

  /** Returns a reply that only the holder of the lock gets. */
  private Object checked(@Nullable Object reply) {
    if (reply == null) {
      throw new IllegalMonitorStateException("the lock of the " + this
          + " is not held by this thread, " + Thread.currentThread().getName());
    }
    return reply;
  }

  @Override
  public void signal() {
    signal(1);
  }

  @Override
  public void signalAll() {
    signal(Integer.MAX_VALUE);
  }

  @Override
  public int signal(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("count: " + count + " (expected: 0 or more)");
    }
    return (Integer) checked(call("signal(long,int)", thread(), count));
  }

  @Override
  public int waiting() {
    return (Integer) checked(call("waiting(long)", thread()));
  }
}
