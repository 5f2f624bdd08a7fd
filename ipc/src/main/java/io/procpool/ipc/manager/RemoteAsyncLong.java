// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncLong;
import io.procpool.manager.ServerFunctions;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;

/** Handle of an atomic number, for asynchronous use. Safe for use by multiple threads. */
record RemoteAsyncLong(RemoteObject remote) implements AsyncLong {
  @Override
  public CompletableFuture<Long> get() {
    return remote.callAsync("get()");
  }

  @Override
  public CompletableFuture<?> set(long value) {
    return remote.callAsync("set(long)", value);
  }

  @Override
  public CompletableFuture<Long> getAndSet(long value) {
    return remote.callAsync("getAndSet(long)", value);
  }

  @Override
  public CompletableFuture<Boolean> compareAndSet(long expected, long value) {
    return remote.callAsync("compareAndSet(long,long)", expected, value);
  }

  @Override
  public CompletableFuture<Long> addAndGet(long delta) {
    return remote.callAsync("addAndGet(long)", delta);
  }

  @Override
  public CompletableFuture<Long> getAndAdd(long delta) {
    return remote.callAsync("getAndAdd(long)", delta);
  }

  @Override
  public CompletableFuture<Long> updateAndGet(ServerFunctions.OfLong change) {
    return remote.callAsync("updateAndGet(LongUnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public CompletableFuture<Long> getAndUpdate(ServerFunctions.OfLong change) {
    return remote.callAsync("getAndUpdate(LongUnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public CompletableFuture<Long> accumulateAndGet(long given, ServerFunctions.OfTwoLongs function) {
    return remote.callAsync(
        "accumulateAndGet(long,LongBinaryOperator)", given, Objects.requireNonNull(function));
  }

  @Override
  public CompletableFuture<Long> getAndAccumulate(long given, ServerFunctions.OfTwoLongs function) {
    return remote.callAsync(
        "getAndAccumulate(long,LongBinaryOperator)", given, Objects.requireNonNull(function));
  }
}
