// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import org.jspecify.annotations.Nullable;

/** Something that is done with an object of the JDK when it is its turn: a call, or what the server itself has to do with it. */
interface Turn {
  /** Tells whether it may run code of users, whatever is in the object. For the event loop. */
  boolean isForeign();

  /** Tells whether it may take long, so that it is not done in the event loop. For the event loop. */
  default boolean isLong() {
    return false;
  }

  /** Tells whether it is still wanted; then it begins. For the event loop. */
  boolean begin();

  /** Returns whose call it is; null if it is the server's own work. */
  default @Nullable ClientCall call() {
    return null;
  }

  /**
   * Does it, in whatever thread.
   *
   * @param before what is in the object, as far as needs to be known
   * @param running says when its time is over; null in the event loop
   */
  void run(
      Target target,
      Holding before,
      ClassLoader loader,
      ObjectTable objects,
      @Nullable RunningTurn running);

  /** Returns what is in the object when it is done. */
  default Holding left(Holding before) {
    return before;
  }

  /** Says what came of it. For the event loop. */
  void reply(ObjectTable objects);
}
