// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncMap;
import io.procpool.manager.ServerFunctions;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Handle of a map, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncMap<K, V>(Remote remote) implements AsyncMap<K, V> {
  @Override
  public CompletableFuture<@Nullable V> get(K key) {
    return remote.callAsync("get(Object)", key);
  }

  @Override
  public CompletableFuture<Boolean> containsKey(K key) {
    return remote.callAsync("containsKey(Object)", key);
  }

  @Override
  public CompletableFuture<@Nullable V> put(K key, V value) {
    return remote.callAsync("put(Object,Object)", key, value);
  }

  @Override
  public CompletableFuture<@Nullable V> putIfAbsent(K key, V value) {
    return remote.callAsync("putIfAbsent(Object,Object)", key, value);
  }

  @Override
  public CompletableFuture<@Nullable V> remove(K key) {
    return remote.callAsync("remove(Object)", key);
  }

  @Override
  public CompletableFuture<Boolean> remove(K key, V value) {
    return remote.callAsync("remove(Object,Object)", key, value);
  }

  @Override
  public CompletableFuture<@Nullable V> replace(K key, V value) {
    return remote.callAsync("replace(Object,Object)", key, value);
  }

  @Override
  public CompletableFuture<Boolean> replace(K key, V before, V after) {
    return remote.callAsync("replace(Object,Object,Object)", key, before, after);
  }

  @Override
  public CompletableFuture<@Nullable V> merge(
      K key, V value, ServerFunctions.OfTwo<? super V, ? super V, ? extends V> function) {
    return remote.callAsync(
        "merge(Object,Object,BiFunction)", key, value, Objects.requireNonNull(function));
  }

  @Override
  public CompletableFuture<@Nullable V> compute(
      K key, ServerFunctions.OfTwo<? super K, ? super V, ? extends V> function) {
    return remote.callAsync("compute(Object,BiFunction)", key, Objects.requireNonNull(function));
  }

  @Override
  public CompletableFuture<Integer> size() {
    return remote.callAsync("size()");
  }
}
