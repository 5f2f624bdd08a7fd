// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncQueue;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Handle of a queue, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncQueue<E>(RemoteObject remote) implements AsyncQueue<E> {
  @Override
  public CompletableFuture<?> put(E element) {
    return remote.callAsync("put(Object)", Objects.requireNonNull(element, "element"));
  }

  @Override
  public CompletableFuture<Boolean> offer(E element) {
    return remote.callAsync("offer(Object)", Objects.requireNonNull(element, "element"));
  }

  @Override
  public CompletableFuture<E> take() {
    return remote.callAsync("take()");
  }

  @Override
  public CompletableFuture<@Nullable E> poll() {
    return remote.callAsync("poll()");
  }

  @Override
  public CompletableFuture<?> taskDone() {
    return remote.callAsync("taskDone()");
  }
}
