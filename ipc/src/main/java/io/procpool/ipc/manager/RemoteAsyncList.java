// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncList;
import java.util.concurrent.CompletableFuture;

/** Handle of a list, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncList<E>(RemoteObject remote) implements AsyncList<E> {
  @Override
  public CompletableFuture<E> get(int index) {
    return remote.callAsync("get(int)", index);
  }

  @Override
  public CompletableFuture<E> set(int index, E element) {
    return remote.callAsync("set(int,Object)", index, element);
  }

  @Override
  public CompletableFuture<Boolean> add(E element) {
    return remote.callAsync("add(Object)", element);
  }

  @Override
  public CompletableFuture<E> remove(int index) {
    return remote.callAsync("remove(int)", index);
  }

  @Override
  public CompletableFuture<Integer> size() {
    return remote.callAsync("size()");
  }
}
