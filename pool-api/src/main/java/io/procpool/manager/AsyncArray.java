// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a {@link ManagedArray} that return at once; made by {@link ManagedArray#async()}. Order, failure, and futures are as with {@link AsyncMap}. Functions are sent,
 * and run on the server, atomically. Safe for use by multiple threads.
 *
 * @param <E> type of the elements
 */
public interface AsyncArray<E extends @Nullable Object> extends Serializable {
  /** As {@link ManagedArray#get}. */
  CompletableFuture<E> get(int index);

  /** As {@link ManagedArray#set}. */
  CompletableFuture<?> set(int index, E element);

  /** As {@link ManagedArray#getAndSet}. */
  CompletableFuture<E> getAndSet(int index, E element);

  /** As {@link ManagedArray#compareAndSet}. */
  CompletableFuture<Boolean> compareAndSet(int index, E expected, E element);

  /** As {@link ManagedArray#updateAndGet(int, ServerFunctions.Change)}. */
  CompletableFuture<E> updateAndGet(int index, ServerFunctions.Change<E> change);

  /** As {@link ManagedArray#getAndUpdate(int, ServerFunctions.Change)}. */
  CompletableFuture<E> getAndUpdate(int index, ServerFunctions.Change<E> change);

  /** As {@link ManagedArray#accumulateAndGet(int, Object, ServerFunctions.OfTwo)}. */
  <X extends @Nullable Object> CompletableFuture<E> accumulateAndGet(
      int index, X given, ServerFunctions.OfTwo<? super E, ? super X, ? extends E> function);

  /** As {@link ManagedArray#setAll}. */
  CompletableFuture<?> setAll(int index, Collection<? extends E> elements);
}
