// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.sync.DeadOwner;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** Handle of a lock. Safe for use by multiple threads. */
final class RemoteLock extends RemoteSynchronizer implements ProcessLock {
  private static final long serialVersionUID = 1;
  private static final String LOCK = "lock(long,long)";
  private static final long NOBODY = -1;

  RemoteLock(RemoteObject remote) {
    super(remote);
  }

  @Override
  public void lock() {
    call(LOCK, thread(), FOREVER);
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    await(LOCK, thread(), FOREVER);
  }

  @Override
  public boolean tryLock() {
    return callBoolean(LOCK, thread(), 0L);
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    return awaitBoolean(LOCK, thread(), Math.max(0, unit.toNanos(time)));
  }

  @Override
  public void unlock() {
    if (!callBoolean("unlock(long)", thread())) {
      throw notHeld();
    }
  }

  private IllegalMonitorStateException notHeld() {
    return new IllegalMonitorStateException(
        "the " + this + " is not held by this thread, " + Thread.currentThread().getName());
  }

  @Override
  public ProcessCondition newCondition() {
    checkOpen();
    return new RemoteCondition(remote().makeWith("condition"));
  }

  @Override
  public boolean isLocked() {
    return callBoolean("isLocked()");
  }

  @Override
  public boolean isHeldByCurrentThread() {
    return holdCount() > 0;
  }

  @Override
  public int holdCount() {
    return callInt("holdCount(long)", thread());
  }

  @Override
  public long fencingToken() {
    return number("fencingToken(long)");
  }

  @Override
  public Optional<DeadOwner> deadOwner() {
    long pid = number("deadOwner(long)");
    return pid == NOBODY ? Optional.empty() : Optional.of(new DeadOwner(OptionalLong.of(pid)));
  }

  /** Asks for a number that only the holder gets. */
  private long number(String operation) {
    if (call(operation, thread()) instanceof Long number) {
      return number;
    }
    throw notHeld();
  }
}
