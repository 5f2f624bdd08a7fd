// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;

/**
 * The operations of a {@link ManagedList} that return at once; made by {@link ManagedList#async()}. Order, failure, and futures are as with {@link AsyncMap}.
 * Safe for use by multiple threads.
 *
 * @param <E> type of the elements
 */
public interface AsyncList<E> extends Serializable {
  /** As {@link java.util.List#get}. */
  CompletableFuture<E> get(int index);

  /** As {@link java.util.List#set}. */
  CompletableFuture<E> set(int index, E element);

  /** As {@link java.util.List#add(Object)}. */
  CompletableFuture<Boolean> add(E element);

  /** As {@link java.util.List#remove(int)}. */
  CompletableFuture<E> remove(int index);

  /** As {@link java.util.List#size}. */
  CompletableFuture<Integer> size();
}
