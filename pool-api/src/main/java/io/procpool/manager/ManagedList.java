// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.List;

/**
 * A list in the server of a {@link Manager}; may hold nulls. It is a handle, as {@link ManagedMap} is; what that says of calls, copies, functions,
 * failures and threads holds here.
 *
 * <p>A function of the plain JDK type that is not serializable runs here, on a copy that is written back if the list has not changed meanwhile, else all is done
 * again: so that takes effect at one moment, too, but the whole list goes both ways. A list of more than 256 MiB in serialized form is refused with a {@link ManagerException}.
 *
 * <p>Iterators go through the elements as they were when it was made, and do not change the list; the methods of a {@link #subList} are a call of the server for each
 * element.
 *
 * @param <E> type of the elements
 */
public interface ManagedList<E> extends List<E>, Serializable {
  /** As {@link List#sort}, atomically on the server. */
  void sort(ServerFunctions.Order<? super E> order);

  /** As {@link List#removeIf}, atomically on the server. */
  boolean removeIf(ServerFunctions.Which<? super E> which);

  /** As {@link List#replaceAll}, atomically on the server. */
  void replaceAll(ServerFunctions.Change<E> change);

  /** Returns the operations of this list that return at once. Does not block. */
  AsyncList<E> async();

  /**
   * Has a listener told of each change, from now on: where, what was there, and what is. The listener stays in this process. Blocks for a round
   * trip.
   *
   * <p>An operation that leaves everything as it is, compared in serialized form, is no change. One that changes many places is one after the other. A listener makes changes slower,
   * most of all those of operations with functions, and bulk operations: they are compared with what was there before.
   */
  Subscription addListener(ChangeListener<? super ListChange<E>> listener);
}
