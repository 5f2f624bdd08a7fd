// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncSet;
import java.util.concurrent.CompletableFuture;

/** Handle of a set, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncSet<E>(RemoteObject remote) implements AsyncSet<E> {
  @Override
  public CompletableFuture<Boolean> add(E element) {
    return remote.callAsync("add(Object)", element);
  }

  @Override
  public CompletableFuture<Boolean> contains(E element) {
    return remote.callAsync("contains(Object)", element);
  }

  @Override
  public CompletableFuture<Boolean> remove(E element) {
    return remote.callAsync("remove(Object)", element);
  }

  @Override
  public CompletableFuture<Integer> size() {
    return remote.callAsync("size()");
  }
}
