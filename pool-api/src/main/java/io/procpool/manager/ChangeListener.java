// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * Is told what changes in an object of a manager, in the process that has added it, by a thread of the client: the changes of one object in the order in which they
 * happened, one call at a time. What it is given are copies. A slow one holds up no other and no call; what it has not been told yet is held in the memory of its process.
 * What it throws goes to the handler of uncaught exceptions, and the next change is told.
 *
 * @param <C> what is told
 */
@FunctionalInterface
public interface ChangeListener<C> {
  /** Takes a change. */
  void changed(C change);

  /** Takes that there will be no more, because the manager is gone, or has ended the connection. Not called when the subscription is closed. */
  default void ended(ManagerException why) {}
}
