// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.BlockingQueue;

/**
 * A queue in the server of a {@link Manager}, for programs that are not of one session, or an order that {@link
 * io.procpool.channel.ProcessQueue} does not have; that one is much faster. It is a handle, as {@link ManagedMap} is; what that says of calls, copies, failures
 * and threads holds here. Elements are kept as bytes: the server does not need their classes, and {@code contains} and {@code remove} of an
 * object compare bytes.
 *
 * <p>Waiting holds no thread of the server. Who waits longest is served first. A call that was interrupted has had no effect if it throws
 * {@link InterruptedException}; else the interrupt stays pending. A process that dies while it waits is forgotten; one that dies just when
 * it has been given an element loses that one. Iterators go through the elements as they were, and do not change the queue.
 * {@code drainTo} takes one after the other.
 *
 * @param <E> type of the elements
 */
public interface ManagedQueue<E> extends BlockingQueue<E>, Serializable {
  /**
   * Says that what was taken has been dealt with.
   *
   * @throws IllegalStateException if it was said more often than elements were put
   */
  void taskDone();

  /**
   * Waits until for each element that was put {@link #taskDone()} was called.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  void join() throws InterruptedException;

  /** Returns the operations of this queue that return at once. Does not block. */
  AsyncQueue<E> async();

  /**
   * Has a listener told of each element that comes and goes, from now on, also of one that is handed to who waits for it: that comes, and goes. The listener stays in this
   * process. Blocks for a round trip.
   *
   * <p>It takes no element: who takes from this queue gets what he would get without it.
   */
  Subscription addListener(ChangeListener<? super QueueChange<E>> listener);
}
