// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadReader;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** A call that a thread waits for. */
final class WaitingCall extends PendingCall {
  private volatile @Nullable Thread waiter = Thread.currentThread();
  private @Nullable PayloadReader reply; // visible through done
  private int outcome;
  private volatile boolean done;

  WaitingCall(long number, String operation) {
    super(number, operation);
  }

  @Override
  void finish(int outcome, @Nullable PayloadReader reply) {
    this.outcome = outcome;
    this.reply = reply;
    done = true;
    LockSupport.unpark(waiter);
  }

  @Override
  @Nullable
  Thread waiter() {
    return done ? null : waiter;
  }

  /** Says that nobody waits any more. */
  void leave() {
    waiter = null;
  }

  boolean isDone() {
    return done;
  }

  int outcome() {
    return outcome;
  }

  /** Returns the reply; null if there was none, because the server is gone. */
  @Nullable
  PayloadReader reply() {
    return reply;
  }
}
