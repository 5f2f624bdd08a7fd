// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A value in the server of a {@link Manager}, which may be null. It is a handle, as {@link ManagedMap} is; what that says of calls, copies, failures
 * and threads holds here. Two handles are equal if they stand for the same object.
 *
 * <p>Functions: a lambda is sent, and runs on the server, atomically. One of the plain JDK type that is not serializable runs here, again and again until
 * the value has not changed meanwhile.
 *
 * @param <T> type of the value
 */
public interface ManagedValue<T extends @Nullable Object> extends Serializable {
  /** Returns a copy of the value. */
  T get();

  /** Sets the value. */
  void set(T value);

  /** Sets the value, and returns the one before. */
  T getAndSet(T value);

  /**
   * Sets the value if it is another one, as their {@code equals} says on the server.
   *
   * @return whether it was set
   */
  boolean compareAndSet(T expected, T value);

  /** Replaces the value by what the function makes of it, atomically on the server, and returns that. */
  T updateAndGet(ServerFunctions.Change<T> change);

  /** As {@link #updateAndGet(ServerFunctions.Change)}, here if the function is not serializable. */
  T updateAndGet(UnaryOperator<T> change);

  /** Replaces the value by what the function makes of it, atomically on the server, and returns the one before. */
  T getAndUpdate(ServerFunctions.Change<T> change);

  /** As {@link #getAndUpdate(ServerFunctions.Change)}, here if the function is not serializable. */
  T getAndUpdate(UnaryOperator<T> change);

  /** Replaces the value by what the function makes of it and of what is given, atomically on the server, and returns that. */
  <X extends @Nullable Object> T accumulateAndGet(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function);

  /** As the other one, here if the function is not serializable. */
  <X extends @Nullable Object> T accumulateAndGet(
      X given, BiFunction<? super T, ? super X, ? extends T> function);

  /** Replaces the value by what the function makes of it and of what is given, atomically on the server, and returns the one before. */
  <X extends @Nullable Object> T getAndAccumulate(
      X given, ServerFunctions.OfTwo<? super T, ? super X, ? extends T> function);

  /** As the other one, here if the function is not serializable. */
  <X extends @Nullable Object> T getAndAccumulate(
      X given, BiFunction<? super T, ? super X, ? extends T> function);

  /** Returns the operations of this value that return at once. Does not block. */
  AsyncValue<T> async();

  /**
   * Has a listener told of each change, from now on: what the value was, and what it is. The listener stays in this process. Blocks for a round trip.
   *
   * <p>An operation that leaves the value as it is, compared in serialized form, is no change.
   */
  Subscription addListener(ChangeListener<? super ValueChange<T>> listener);
}
