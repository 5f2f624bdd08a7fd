// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncArray;
import io.procpool.manager.ServerFunctions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Handle of an array, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncArray<E extends @Nullable Object>(RemoteObject remote) implements AsyncArray<E> {
  @Override
  public CompletableFuture<E> get(int index) {
    return remote.callAsync("get(int)", index);
  }

  @Override
  public CompletableFuture<?> set(int index, E element) {
    return remote.callAsync("set(int,Object)", index, element);
  }

  @Override
  public CompletableFuture<E> getAndSet(int index, E element) {
    return remote.callAsync("getAndSet(int,Object)", index, element);
  }

  @Override
  public CompletableFuture<Boolean> compareAndSet(int index, E expected, E element) {
    return remote.callAsync("compareAndSet(int,Object,Object)", index, expected, element);
  }

  @Override
  public CompletableFuture<E> updateAndGet(int index, ServerFunctions.Change<E> change) {
    return remote.callAsync(
        "updateAndGet(int,UnaryOperator)", index, Objects.requireNonNull(change));
  }

  @Override
  public CompletableFuture<E> getAndUpdate(int index, ServerFunctions.Change<E> change) {
    return remote.callAsync(
        "getAndUpdate(int,UnaryOperator)", index, Objects.requireNonNull(change));
  }

  @Override
  public <X extends @Nullable Object> CompletableFuture<E> accumulateAndGet(
      int index, X given, ServerFunctions.OfTwo<? super E, ? super X, ? extends E> function) {
    return remote.callAsync(
        "accumulateAndGet(int,Object,BiFunction)", index, given, Objects.requireNonNull(function));
  }

  @Override
  public CompletableFuture<?> setAll(int index, Collection<? extends E> elements) {
    return remote.callAsync("setAll(int,Collection)", index, new ArrayList<>(elements));
  }
}
