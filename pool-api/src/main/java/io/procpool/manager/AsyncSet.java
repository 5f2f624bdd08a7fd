// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;

/**
 * The operations of a {@link ManagedSet} that return at once; made by {@link ManagedSet#async()}. Order, failure, and futures are as with {@link AsyncMap}.
 * Safe for use by multiple threads.
 *
 * @param <E> type of the elements
 */
public interface AsyncSet<E> extends Serializable {
  /** As {@link java.util.Set#add}. */
  CompletableFuture<Boolean> add(E element);

  /** As {@link java.util.Set#contains}. */
  CompletableFuture<Boolean> contains(E element);

  /** As {@link java.util.Set#remove}. */
  CompletableFuture<Boolean> remove(E element);

  /** As {@link java.util.Set#size}. */
  CompletableFuture<Integer> size();
}
