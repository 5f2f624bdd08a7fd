// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.manager.AsyncLong;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagedLong;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.Subscription;
import io.procpool.manager.ValueChange;
import java.io.Serializable;
import java.util.List;
import java.util.Objects;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** Handle of an atomic number. Safe for use by multiple threads. */
final class RemoteLong implements ManagedLong {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemoteLong(RemoteObject remote) {
    this.remote = remote;
  }

  private long call(String operation, @Nullable Object... arguments) {
    return (Long) Objects.requireNonNull(remote.call(operation, arguments));
  }

  @Override
  public long get() {
    return call("get()");
  }

  @Override
  public void set(long value) {
    remote.call("set(long)", value);
  }

  @Override
  public long getAndSet(long value) {
    return call("getAndSet(long)", value);
  }

  @Override
  public boolean compareAndSet(long expected, long value) {
    return remote.callBoolean("compareAndSet(long,long)", expected, value);
  }

  @Override
  public long addAndGet(long delta) {
    return call("addAndGet(long)", delta);
  }

  @Override
  public long getAndAdd(long delta) {
    return call("getAndAdd(long)", delta);
  }

  // With functions.

  @Override
  public long updateAndGet(ServerFunctions.OfLong change) {
    return call("updateAndGet(LongUnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public long updateAndGet(LongUnaryOperator change) {
    return change instanceof Serializable
        ? call("updateAndGet(LongUnaryOperator)", change)
        : here(Objects.requireNonNull(change), true);
  }

  @Override
  public long getAndUpdate(ServerFunctions.OfLong change) {
    return call("getAndUpdate(LongUnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public long getAndUpdate(LongUnaryOperator change) {
    return change instanceof Serializable
        ? call("getAndUpdate(LongUnaryOperator)", change)
        : here(Objects.requireNonNull(change), false);
  }

  @Override
  public long accumulateAndGet(long given, ServerFunctions.OfTwoLongs function) {
    return call(
        "accumulateAndGet(long,LongBinaryOperator)", given, Objects.requireNonNull(function));
  }

  @Override
  public long accumulateAndGet(long given, LongBinaryOperator function) {
    Objects.requireNonNull(function);
    return function instanceof Serializable
        ? call("accumulateAndGet(long,LongBinaryOperator)", given, function)
        : here(before -> function.applyAsLong(before, given), true);
  }

  @Override
  public long getAndAccumulate(long given, ServerFunctions.OfTwoLongs function) {
    return call(
        "getAndAccumulate(long,LongBinaryOperator)", given, Objects.requireNonNull(function));
  }

  @Override
  public long getAndAccumulate(long given, LongBinaryOperator function) {
    Objects.requireNonNull(function);
    return function instanceof Serializable
        ? call("getAndAccumulate(long,LongBinaryOperator)", given, function)
        : here(before -> function.applyAsLong(before, given), false);
  }

  private long here(LongUnaryOperator change, boolean returnsNext) {
    while (true) {
      long before = get();
      long next = change.applyAsLong(before);
      if (compareAndSet(before, next)) {
        return returnsNext ? next : before;
      }
    }
  }

  @Override
  public AsyncLong async() {
    return new RemoteAsyncLong(remote);
  }

  @Override
  public Subscription addListener(ChangeListener<? super ValueChange<Long>> listener) {
    return RemoteSubscription.<ValueChange<Long>>begin(
        remote,
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new ValueChange<>(number(told.before), number(told.after))));
  }

  private static Long number(List<byte[]> encoded) throws PayloadFormatException {
    if (Told.decodeFirst(encoded) instanceof Long number) {
      return number;
    }
    throw new PayloadFormatException("no number");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemoteLong that && that.remote.equals(remote);
  }

  @Override
  public int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return Long.toString(get());
  }
}
