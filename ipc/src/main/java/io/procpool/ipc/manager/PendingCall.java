// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadReader;
import org.jspecify.annotations.Nullable;

/** A call that was sent, until its reply is there. */
abstract class PendingCall {
  final long number;
  final String operation;

  PendingCall(long number, String operation) {
    this.number = number;
    this.operation = operation;
  }

  /** Takes the reply, or null if there will be none, in whatever thread reads. Does not block, and runs no code of users. */
  abstract void finish(int outcome, @Nullable PayloadReader reply);

  /** Returns the thread that waits, and can read for others; null if there is none. */
  @Nullable
  Thread waiter() {
    return null;
  }
}
