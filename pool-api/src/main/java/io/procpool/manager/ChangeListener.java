// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * Is told what changes in an object of a manager, in the process that has added it, by a thread of the client: the changes of one object in the order in which they
 * happened, one call at a time. What it is given are copies. What it throws goes to the handler of uncaught exceptions, as does a change that cannot be decoded in this process, and the next
 * change is told.
 *
 * <p>A slow one holds up no other, no call, and no other process: what it has not been told yet is held in the memory of its own. That has an end: when a change comes and
 * {@link #maxWaitingChanges()} are waiting already, or 64 MiB of them in serialized form, the subscription is over. The listener is then told what waits, and last that it has {@link #ended} with a
 * {@link SlowListenerException}, so that nothing is missing before that. What one operation has changed waits together, however much it is, and what the listener is
 * being told does not count.
 *
 * @param <C> what is told
 */
@FunctionalInterface
public interface ChangeListener<C> {
  /** How many changes may wait for a listener that does not say anything else. */
  int DEFAULT_MAX_WAITING_CHANGES = 10_000;

  /** Takes a change. */
  void changed(C change);

  /**
   * Takes that there will be no more. Not called when the subscription is closed. A listener that does not say what is done then has the handler of uncaught exceptions
   * told if it was too slow, so that nothing is lost in silence.
   *
   * @param why a {@link SlowListenerException} if this one was too slow; else the manager is gone, or has ended the connection
   */
  default void ended(ManagerException why) {
    if (why instanceof SlowListenerException) {
      throw why;
    }
  }

  /** Returns how many changes may wait for this one, 1 or more; asked once, when it is added. A larger number costs memory of this process only while so many wait. */
  default int maxWaitingChanges() {
    return DEFAULT_MAX_WAITING_CHANGES;
  }
}
