// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.manager.ManagedPool;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Handle of a pool. Safe for use by multiple threads. */
final class RemotePool implements ManagedPool {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemotePool(RemoteObject remote) {
    this.remote = remote;
  }

  private <T extends @Nullable Object> RemoteResult<T> start(
      String operation, @Nullable Object... arguments) {
    return new RemoteResult<>(
        remote, (Long) Objects.requireNonNull(remote.call(operation, arguments)));
  }

  @Override
  public <T extends @Nullable Object> T apply(Task<T> task) throws InterruptedException {
    return awaited(this.<T>start("start(Task)", Objects.requireNonNull(task, "task")));
  }

  @Override
  public <X extends @Nullable Object, R extends @Nullable Object> List<R> map(
      TaskFunction<X, R> function, Iterable<? extends X> inputs) throws InterruptedException {
    List<@Nullable Object> all = new ArrayList<>();
    inputs.forEach(all::add);
    return awaited(this.<List<R>>start(
        "start(TaskFunction,List)", Objects.requireNonNull(function, "function"), all));
  }

  private static <T extends @Nullable Object> T awaited(RemoteResult<T> result)
      throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException failed) {
      throw RemotePool.<RuntimeException>asIs(Objects.requireNonNull(failed.getCause()));
    } catch (InterruptedException e) {
      result.cancel(true);
      result.forget();
      throw e;
    }
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T asIs(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Override
  public <T extends @Nullable Object> Future<T> submit(Task<T> task) {
    return start("start(Task)", Objects.requireNonNull(task, "task"));
  }

  @Override
  public void close() {
    remote.call("close()");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemotePool that && that.remote.equals(remote);
  }

  @Override
  public int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return remote.toString();
  }
}
