// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.sync.ProcessEvent;
import java.time.Duration;

/** Handle of an event. Safe for use by multiple threads. */
final class RemoteEvent extends RemoteSynchronizer implements ProcessEvent {
  private static final long serialVersionUID = 1;
  private static final String AWAIT = "await(long)";

  RemoteEvent(RemoteObject remote) {
    super(remote);
  }

  @Override
  public boolean isSet() {
    return callBoolean("isSet()");
  }

  @Override
  public void set() {
    call("set()");
  }

  @Override
  public void clear() {
    call("clear()");
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
