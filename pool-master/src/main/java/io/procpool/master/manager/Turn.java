// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

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

  /**
   * Does it, in whatever thread.
   *
   * @param before what is in the object, as far as needs to be known
   */
  void run(Target target, Holding before, ClassLoader loader, ObjectTable objects);

  /** Returns what is in the object when it is done. */
  default Holding left(Holding before) {
    return before;
  }

  /** Says what came of it. For the event loop. */
  void reply(ObjectTable objects);
}
