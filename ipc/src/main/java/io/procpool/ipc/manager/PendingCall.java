// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadReader;
import java.lang.ref.Reference;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A call that was sent, until its reply is there. */
abstract class PendingCall {
  final long number;
  final String operation;
  private List<Hold> brought = List.of();

  PendingCall(long number, String operation) {
    this.number = number;
    this.operation = operation;
  }

  /** Takes the reply, or null if there will be none, in whatever thread reads. Does not block, and runs no code of users. */
  abstract void finish(int outcome, @Nullable PayloadReader reply);

  /** Keeps what the reply has brought until it is decoded. */
  final void keep(List<Hold> brought) {
    this.brought = brought;
  }

  /** Says that the reply was decoded. */
  final void release() {
    Reference.reachabilityFence(brought);
  }

  /** Returns the thread that waits, and can read for others; null if there is none. */
  @Nullable
  Thread waiter() {
    return null;
  }
}
