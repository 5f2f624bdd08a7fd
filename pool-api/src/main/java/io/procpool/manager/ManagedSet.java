// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.Set;

/**
 * A set in the server of a {@link Manager}; may hold null, and keeps the order in which elements were added. It is a handle, as {@link ManagedMap} is; what that says of
 * calls, copies, functions, failures and threads holds here.
 *
 * <p>A predicate that is not serializable is asked here about a copy of each element; those that it is true of are then removed at one moment, those that were added meanwhile not.
 *
 * <p>Iterators go through the elements as they were when it was made; their {@code remove} changes the set.
 *
 * @param <E> type of the elements
 */
public interface ManagedSet<E> extends Set<E>, Serializable {
  /** As {@link Set#removeIf}, atomically on the server. */
  boolean removeIf(ServerFunctions.Which<? super E> which);

  /** Returns the operations of this set that return at once. Does not block. */
  AsyncSet<E> async();

  /**
   * Has a listener told of each change, from now on: what was added or removed. The listener stays in this process. Blocks for a round
   * trip.
   *
   * <p>An operation that leaves everything as it is, compared in serialized form, is no change. One that changes many places is one after the other. A listener makes changes slower,
   * most of all those of operations with functions, and bulk operations: they are compared with what was there before.
   */
  Subscription addListener(ChangeListener<? super SetChange<E>> listener);
}
