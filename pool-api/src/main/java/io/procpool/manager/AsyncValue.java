// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The operations of a {@link ManagedValue} that return at once; made by {@link ManagedValue#async()}. Order, failure, and futures are as with {@link AsyncMap}. Functions are sent,
 * and run on the server, atomically. Safe for use by multiple threads.
 *
 * @param <T> type of the value
 */
public interface AsyncValue<T extends @Nullable Object> extends Serializable {
  /** As {@link ManagedValue#get}. */
  CompletableFuture<T> get();

  /** As {@link ManagedValue#set}. */
  CompletableFuture<?> set(T value);

  /** As {@link ManagedValue#getAndSet}. */
  CompletableFuture<T> getAndSet(T value);

  /** As {@link ManagedValue#compareAndSet}. */
  CompletableFuture<Boolean> compareAndSet(T expected, T value);

  /** As {@link ManagedValue#updateAndGet(ServerFunctions.Change)}. */
  CompletableFuture<T> updateAndGet(ServerFunctions.Change<T> change);

  /** As {@link ManagedValue#getAndUpdate(ServerFunctions.Change)}. */
  CompletableFuture<T> getAndUpdate(ServerFunctions.Change<T> change);

  /** As {@link ManagedValue#accumulateAndGet(Object, ServerFunctions.OfTwo)}. */
  <X extends @Nullable Object> CompletableFuture<T> accumulateAndGet(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function);

  /** As {@link ManagedValue#getAndAccumulate(Object, ServerFunctions.OfTwo)}. */
  <X extends @Nullable Object> CompletableFuture<T> getAndAccumulate(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function);
}
