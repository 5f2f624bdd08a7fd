// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.util.concurrent.BlockingDeque;

/**
 * A queue with two ends in the server of a {@link Manager}. What {@link ManagedQueue} says holds here, for both ends: who waits longest is served first, at
 * whichever end he waits.
 *
 * @param <E> type of the elements
 */
public interface ManagedDeque<E> extends BlockingDeque<E>, ManagedQueue<E> {}
