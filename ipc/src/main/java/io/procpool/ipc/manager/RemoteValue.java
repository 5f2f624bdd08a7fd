// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncValue;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagedValue;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.Subscription;
import io.procpool.manager.ValueChange;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Handle of a value. Safe for use by multiple threads. */
final class RemoteValue<T extends @Nullable Object> implements ManagedValue<T> {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemoteValue(RemoteObject remote) {
    this.remote = remote;
  }

  /** Takes what came back as a value; null is one if T says so. */
  @SuppressWarnings({"unchecked", "NullAway"})
  private T value(@Nullable Object returned) {
    return (T) returned;
  }

  @Override
  public T get() {
    return value(remote.call("get()"));
  }

  @Override
  public void set(T value) {
    remote.call("set(Object)", value);
  }

  @Override
  public T getAndSet(T value) {
    return value(remote.call("getAndSet(Object)", value));
  }

  @Override
  public boolean compareAndSet(T expected, T value) {
    return remote.callBoolean("compareAndSet(Object,Object)", expected, value);
  }

  // With functions.

  @Override
  public T updateAndGet(ServerFunctions.Change<T> change) {
    return value(remote.call("updateAndGet(UnaryOperator)", Objects.requireNonNull(change)));
  }

  @Override
  public T updateAndGet(UnaryOperator<T> change) {
    return change instanceof Serializable
        ? value(remote.call("updateAndGet(UnaryOperator)", change))
        : here(Objects.requireNonNull(change), true);
  }

  @Override
  public T getAndUpdate(ServerFunctions.Change<T> change) {
    return value(remote.call("getAndUpdate(UnaryOperator)", Objects.requireNonNull(change)));
  }

  @Override
  public T getAndUpdate(UnaryOperator<T> change) {
    return change instanceof Serializable
        ? value(remote.call("getAndUpdate(UnaryOperator)", change))
        : here(Objects.requireNonNull(change), false);
  }

  @Override
  public <X extends @Nullable Object> T accumulateAndGet(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function) {
    return value(remote.call(
        "accumulateAndGet(Object,BiFunction)", given, Objects.requireNonNull(function)));
  }

  @Override
  public <X extends @Nullable Object> T accumulateAndGet(
      X given, BiFunction<? super T, ? super X, ? extends T> function) {
    Objects.requireNonNull(function);
    return function instanceof Serializable
        ? value(remote.call("accumulateAndGet(Object,BiFunction)", given, function))
        : here(before -> function.apply(before, given), true);
  }

  @Override
  public <X extends @Nullable Object> T getAndAccumulate(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function) {
    return value(remote.call(
        "getAndAccumulate(Object,BiFunction)", given, Objects.requireNonNull(function)));
  }

  @Override
  public <X extends @Nullable Object> T getAndAccumulate(
      X given, BiFunction<? super T, ? super X, ? extends T> function) {
    Objects.requireNonNull(function);
    return function instanceof Serializable
        ? value(remote.call("getAndAccumulate(Object,BiFunction)", given, function))
        : here(before -> function.apply(before, given), false);
  }

  private T here(UnaryOperator<T> change, boolean returnsNext) {
    while (true) {
      Stamped read = Stamped.read(remote, "get()");
      T before = value(read.value());
      T next = change.apply(before);
      if (read.ifUnchanged("set(Object)", next)) {
        return returnsNext ? next : before;
      }
    }
  }

  @Override
  public Subscription addListener(ChangeListener<? super ValueChange<T>> listener) {
    return RemoteSubscription.<ValueChange<T>>begin(
        remote,
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new ValueChange<T>(
            value(Told.decodeFirst(told.before)), value(Told.decodeFirst(told.after)))));
  }

  @Override
  public AsyncValue<T> async() {
    return new RemoteAsyncValue<>(remote);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemoteValue<?> that && that.remote.equals(remote);
  }

  @Override
  public int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return String.valueOf(get());
  }
}
