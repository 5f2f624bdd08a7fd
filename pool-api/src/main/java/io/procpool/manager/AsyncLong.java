// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.CompletableFuture;

/**
 * The operations of a {@link ManagedLong} that return at once; made by {@link ManagedLong#async()}. Order, failure, and futures are as with {@link AsyncMap}. Functions are sent,
 * and run on the server, atomically. Safe for use by multiple threads.
 */
public interface AsyncLong extends Serializable {
  /** As {@link ManagedLong#get}. */
  CompletableFuture<Long> get();

  /** As {@link ManagedLong#set}. */
  CompletableFuture<?> set(long value);

  /** As {@link ManagedLong#getAndSet}. */
  CompletableFuture<Long> getAndSet(long value);

  /** As {@link ManagedLong#compareAndSet}. */
  CompletableFuture<Boolean> compareAndSet(long expected, long value);

  /** As {@link ManagedLong#addAndGet}. */
  CompletableFuture<Long> addAndGet(long delta);

  /** As {@link ManagedLong#getAndAdd}. */
  CompletableFuture<Long> getAndAdd(long delta);

  /** As {@link ManagedLong#incrementAndGet}. */
  default CompletableFuture<Long> incrementAndGet() {
    return addAndGet(1);
  }

  /** As {@link ManagedLong#getAndIncrement}. */
  default CompletableFuture<Long> getAndIncrement() {
    return getAndAdd(1);
  }

  /** As {@link ManagedLong#decrementAndGet}. */
  default CompletableFuture<Long> decrementAndGet() {
    return addAndGet(-1);
  }

  /** As {@link ManagedLong#getAndDecrement}. */
  default CompletableFuture<Long> getAndDecrement() {
    return getAndAdd(-1);
  }

  /** As {@link ManagedLong#updateAndGet(ServerFunctions.OfLong)}. */
  CompletableFuture<Long> updateAndGet(ServerFunctions.OfLong change);

  /** As {@link ManagedLong#getAndUpdate(ServerFunctions.OfLong)}. */
  CompletableFuture<Long> getAndUpdate(ServerFunctions.OfLong change);

  /** As {@link ManagedLong#accumulateAndGet(long, ServerFunctions.OfTwoLongs)}. */
  CompletableFuture<Long> accumulateAndGet(long given, ServerFunctions.OfTwoLongs function);

  /** As {@link ManagedLong#getAndAccumulate(long, ServerFunctions.OfTwoLongs)}. */
  CompletableFuture<Long> getAndAccumulate(long given, ServerFunctions.OfTwoLongs function);
}
