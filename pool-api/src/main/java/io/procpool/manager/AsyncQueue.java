// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a {@link ManagedQueue} that return at once; made by {@link ManagedQueue#async()}. Order, failure, and futures are as with {@link AsyncMap}; up to
 * 10 000 operations of a process can wait at a server, others are refused. Safe for use by multiple threads.
 *
 * @param <E> type of the elements
 */
public interface AsyncQueue<E> extends Serializable {
  /** Puts an element in; complete when there was room for it. */
  CompletableFuture<?> put(E element);

  /** Puts an element in if there is room; says whether there was. */
  CompletableFuture<Boolean> offer(E element);

  /** Takes an element; complete when there was one. If that is to end before, cancel it: a future that is completed by anything else may take an element with it. */
  CompletableFuture<E> take();

  /** Takes an element if there is one, else null. */
  CompletableFuture<@Nullable E> poll();

  /** As {@link ManagedQueue#taskDone}. */
  CompletableFuture<?> taskDone();
}
