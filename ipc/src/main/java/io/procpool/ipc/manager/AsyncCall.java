// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.wire.FromManager;
import java.lang.ref.Reference;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A call that nobody waits for: its future is completed by the client's {@link Completions}. */
final class AsyncCall<T extends @Nullable Object> extends PendingCall {
  private static final long PATIENCE_SECONDS = 5;

  private final ManagerClient client;
  private final Object of; // the handle: what it stands for is there until it is through
  private final AtomicBoolean answered = new AtomicBoolean();
  private final Future future = new Future();

  AsyncCall(ManagerClient client, Object of, long number, String operation) {
    super(number, operation);
    this.client = client;
    this.of = of;
  }

  CompletableFuture<T> future() {
    return future;
  }

  @Override
  void finish(int outcome, @Nullable PayloadReader reply) {
    if (answered.compareAndSet(false, true)) {
      client.background().complete(() -> complete(outcome, reply));
    }
  }

  @SuppressWarnings("unchecked")
  private void complete(int outcome, @Nullable PayloadReader reply) {
    T result;
    try {
      result = (T) client.resultOf(outcome, reply, operation);
    } catch (Throwable failed) {
      future.end(outcome, failed);
      return;
    } finally {
      release();
      Reference.reachabilityFence(of);
    }
    future.complete(result);
  }

  private void willBeAwaited(CompletableFuture<?> future) {
    if (!future.isDone()) {
      client.waitFor(this);
    }
  }

  /** What follows from it: a function on the server that waits for that waits for the call. */
  private final class Dependent<U extends @Nullable Object> extends CompletableFuture<U> {
    @Override
    public U get() throws InterruptedException, ExecutionException {
      willBeAwaited(this);
      return super.get();
    }

    @Override
    public U join() {
      willBeAwaited(this);
      return super.join();
    }

    @Override
    public <V> CompletableFuture<V> newIncompleteFuture() {
      return new Dependent<>();
    }
  }

  /** Cancelling asks the server, so that what it says is true. */
  private final class Future extends CompletableFuture<T> {
    @Override
    public T get() throws InterruptedException, ExecutionException {
      willBeAwaited(this);
      return super.get();
    }

    @Override
    public T join() {
      willBeAwaited(this);
      return super.join();
    }

    @Override
    public <V> CompletableFuture<V> newIncompleteFuture() {
      return new Dependent<>();
    }

    void end(int outcome, Throwable failed) {
      if (outcome == FromManager.Reply.CANCELLED) {
        super.cancel(false);
      } else {
        completeExceptionally(failed);
      }
    }

    @Override
    public boolean cancel(boolean mayInterruptIfRunning) {
      if (!isDone()) {
        client.withdraw(number);
        try {
          get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        } catch (ExecutionException
            | TimeoutException
            | CancellationException outcomeIsInTheFuture) {
          return isCancelled();
        }
      }
      return isCancelled();
    }
  }
}
