// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.RunnableTask;
import io.procpool.sync.ProcessBarrier;
import java.time.Duration;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** Handle of a barrier. The action is the handle's; the server only knows that there is one. Safe for use by multiple threads. */
final class RemoteBarrier extends RemoteSynchronizer implements ProcessBarrier {
  private static final long serialVersionUID = 1;

  private final @Nullable RunnableTask action;

  RemoteBarrier(RemoteObject remote, @Nullable RunnableTask action) {
    super(remote);
    this.action = action;
  }

  @Override
  public int await() throws InterruptedException, BrokenBarrierException {
    try {
      return await(FOREVER);
    } catch (TimeoutException e) {
      throw new AssertionError("there is no timeout", e);
    }
  }

  @Override
  public int await(Duration timeout)
      throws InterruptedException, BrokenBarrierException, TimeoutException {
    return await(nanos(timeout));
  }

  private int await(long nanos)
      throws InterruptedException, BrokenBarrierException, TimeoutException {
    checkOpen();
    if (Thread.currentThread().isInterrupted()) {
      call("interrupted()");
    }
    Object reply = await("await(boolean,long)", action != null, nanos);
    if (reply instanceof Long generation && action != null) {
      act(generation, action);
      return 0;
    }
    int index = reply instanceof Integer number ? number : BarrierReply.BROKEN;
    if (index == BarrierReply.TIME_IS_UP) {
      throw new TimeoutException(
          "the " + this + " was not passed within " + Duration.ofNanos(nanos).toMillis() + " ms");
    }
    if (index < 0) {
      throw broken();
    }
    return index;
  }

  /** Runs the action and lets the others go on, or breaks the barrier. */
  private void act(long generation, RunnableTask task) throws BrokenBarrierException {
    boolean done = false;
    boolean whole;
    try {
      task.run();
      done = true;
    } finally {
      whole = acted(generation, done);
    }
    if (!whole) {
      throw broken();
    }
  }

  private boolean acted(long generation, boolean done) {
    // The handle may have been closed meanwhile.
    return Boolean.TRUE.equals(
        remote().call(OnInterrupt.KEEP, "acted(long,boolean)", generation, done));
  }

  private BrokenBarrierException broken() {
    return new BrokenBarrierException("the " + this + " is broken");
  }

  @Override
  public void abort() {
    call("abort()");
  }

  @Override
  public void reset() {
    call("reset()");
  }

  @Override
  public boolean isBroken() {
    return callBoolean("isBroken()");
  }

  @Override
  public int parties() {
    return callInt("parties()");
  }

  @Override
  public int waiting() {
    return callInt("waiting()");
  }
}
