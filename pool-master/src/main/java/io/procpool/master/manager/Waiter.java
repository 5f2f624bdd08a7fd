// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** A call that waits in a {@link WaitingLine}. For the event loop alone. */
class Waiter {
  final ClientCall call;
  private final @Nullable Object whenOver;

  @Nullable
  Future<?> alarm; // the line's

  /**
   * Makes one.
   *
   * @param whenOver the reply when its time is up
   */
  Waiter(ClientCall call, @Nullable Object whenOver) {
    this.call = call;
    this.whenOver = whenOver;
  }

  /** Called when its time is up, and it has left the line. */
  void timeIsUp() {
    reply(whenOver);
  }

  /** Called when it is to be taken back, while it is in the line; tells whether it is. If not, it gets its reply all the same. */
  boolean cancelled() {
    return true;
  }

  /** Replies with a number, a text, or the like. */
  final void reply(@Nullable Object value) {
    call.replyWith(value);
  }
}
