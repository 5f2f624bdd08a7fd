// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncValue;
import io.procpool.manager.ServerFunctions;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Handle of a value, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncValue<T extends @Nullable Object>(RemoteObject remote) implements AsyncValue<T> {
  @Override
  public CompletableFuture<T> get() {
    return remote.callAsync("get()");
  }

  @Override
  public CompletableFuture<?> set(T value) {
    return remote.callAsync("set(Object)", value);
  }

  @Override
  public CompletableFuture<T> getAndSet(T value) {
    return remote.callAsync("getAndSet(Object)", value);
  }

  @Override
  public CompletableFuture<Boolean> compareAndSet(T expected, T value) {
    return remote.callAsync("compareAndSet(Object,Object)", expected, value);
  }

  @Override
  public CompletableFuture<T> updateAndGet(ServerFunctions.Change<T> change) {
    return remote.callAsync("updateAndGet(UnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public CompletableFuture<T> getAndUpdate(ServerFunctions.Change<T> change) {
    return remote.callAsync("getAndUpdate(UnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public <X extends @Nullable Object> CompletableFuture<T> accumulateAndGet(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function) {
    return remote.callAsync(
        "accumulateAndGet(Object,BiFunction)", given, Objects.requireNonNull(function));
  }

  @Override
  public <X extends @Nullable Object> CompletableFuture<T> getAndAccumulate(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function) {
    return remote.callAsync(
        "getAndAccumulate(Object,BiFunction)", given, Objects.requireNonNull(function));
  }
}
