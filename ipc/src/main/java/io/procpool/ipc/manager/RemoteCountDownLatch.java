// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.sync.ProcessCountDownLatch;
import java.time.Duration;

/** Handle of a latch. Safe for use by multiple threads. */
final class RemoteCountDownLatch extends RemoteSynchronizer implements ProcessCountDownLatch {
  private static final long serialVersionUID = 1;
  private static final String AWAIT = "await(long)";

  RemoteCountDownLatch(RemoteObject remote) {
    super(remote);
  }

  @Override
  public void countDown() {
    call("countDown()");
  }

  @Override
  public int count() {
    return callInt("count()");
  }

  @Override
  public void await() throws InterruptedException {
    await(AWAIT, FOREVER);
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    return awaitBoolean(AWAIT, nanos(timeout));
  }
}
