// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.Collection;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * An array of a fixed length in the server of a {@link Manager}, with null in each place at first. It is a handle, as {@link ManagedMap} is; what that says of calls,
 * copies, failures and threads holds here. Two handles are equal if they stand for the same object. A bad index is an {@link IndexOutOfBoundsException}.
 *
 * <p>For numbers that processes of one machine share, {@link io.procpool.shared.SharedLongArray} and its like are much faster.
 *
 * <p>Functions: a lambda is sent, and runs on the server, atomically. One of the plain JDK type that is not serializable runs here, again and again until
 * the array has not changed meanwhile.
 *
 * @param <E> type of the elements
 */
public interface ManagedArray<E extends @Nullable Object> extends Serializable {
  /** Returns how many elements it has. */
  int length();

  /** Returns a copy of an element. */
  E get(int index);

  /** Sets an element. */
  void set(int index, E element);

  /** Sets an element, and returns the one before. */
  E getAndSet(int index, E element);

  /**
   * Sets an element if it is another one, as their {@code equals} says on the server.
   *
   * @return whether it was set
   */
  boolean compareAndSet(int index, E expected, E element);

  /** Replaces an element by what the function makes of it, atomically on the server, and returns that. */
  E updateAndGet(int index, ServerFunctions.Change<E> change);

  /** As {@link #updateAndGet(int, ServerFunctions.Change)}, here if the function is not serializable. */
  E updateAndGet(int index, UnaryOperator<E> change);

  /** Replaces an element by what the function makes of it, atomically on the server, and returns the one before. */
  E getAndUpdate(int index, ServerFunctions.Change<E> change);

  /** As {@link #getAndUpdate(int, ServerFunctions.Change)}, here if the function is not serializable. */
  E getAndUpdate(int index, UnaryOperator<E> change);

  /** Replaces an element by what the function makes of it and of what is given, atomically on the server, and returns that. */
  <X extends @Nullable Object> E accumulateAndGet(
      int index, X given, ServerFunctions.OfTwo<? super E, ? super X, ? extends E> function);

  /** As the other one, here if the function is not serializable. */
  <X extends @Nullable Object> E accumulateAndGet(
      int index, X given, BiFunction<? super E, ? super X, ? extends E> function);

  /** Returns a copy of all elements, as they are at one moment. */
  default List<E> toList() {
    return toList(0, length());
  }

  /** Returns a copy of a range of elements, as they are at one moment. */
  List<E> toList(int from, int to);

  /** Sets elements from an index on, all at one moment, in one call; none if they do not fit. */
  void setAll(int index, Collection<? extends E> elements);

  /** Returns the array as a list of a fixed size; its {@code get} and {@code set} are those of the array, its iterators go through a copy of all elements. */
  List<E> asList();

  /** Returns the operations of this array that return at once. Does not block. */
  AsyncArray<E> async();

  /**
   * Has a listener told of each change, from now on: where, what was there, and what is. The listener stays in this process. Blocks for a round
   * trip.
   *
   * <p>An operation that leaves everything as it is, compared in serialized form, is no change. {@link #setAll} is one, from the first element that it has changed to the last.
   */
  Subscription addListener(ChangeListener<? super ListChange<E>> listener);
}
