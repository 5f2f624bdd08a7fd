// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncArray;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ListChange;
import io.procpool.manager.ManagedArray;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.Subscription;
import java.io.Serializable;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Handle of an array. Safe for use by multiple threads. */
final class RemoteArray<E extends @Nullable Object> implements ManagedArray<E> {
  private static final long serialVersionUID = 1;

  private static final String RANGE = "elements(int,int)";

  private final RemoteObject remote;
  private final int length;

  RemoteArray(RemoteObject remote, int length) {
    this.remote = remote;
    this.length = length;
  }

  /** Takes what came back as an element; null is one if E says so. */
  @SuppressWarnings({"unchecked", "NullAway"})
  private E element(@Nullable Object returned) {
    return (E) returned;
  }

  @Override
  public int length() {
    return length;
  }

  @Override
  public E get(int index) {
    return element(remote.call("get(int)", index));
  }

  @Override
  public void set(int index, E element) {
    remote.call("set(int,Object)", index, element);
  }

  @Override
  public E getAndSet(int index, E element) {
    return element(remote.call("getAndSet(int,Object)", index, element));
  }

  @Override
  public boolean compareAndSet(int index, E expected, E element) {
    return remote.callBoolean("compareAndSet(int,Object,Object)", index, expected, element);
  }

  // With functions.

  @Override
  public E updateAndGet(int index, ServerFunctions.Change<E> change) {
    return element(
        remote.call("updateAndGet(int,UnaryOperator)", index, Objects.requireNonNull(change)));
  }

  @Override
  public E updateAndGet(int index, UnaryOperator<E> change) {
    return change instanceof Serializable
        ? element(remote.call("updateAndGet(int,UnaryOperator)", index, change))
        : here(index, Objects.requireNonNull(change), true);
  }

  @Override
  public E getAndUpdate(int index, ServerFunctions.Change<E> change) {
    return element(
        remote.call("getAndUpdate(int,UnaryOperator)", index, Objects.requireNonNull(change)));
  }

  @Override
  public E getAndUpdate(int index, UnaryOperator<E> change) {
    return change instanceof Serializable
        ? element(remote.call("getAndUpdate(int,UnaryOperator)", index, change))
        : here(index, Objects.requireNonNull(change), false);
  }

  @Override
  public <X extends @Nullable Object> E accumulateAndGet(
      int index, X given, ServerFunctions.OfTwo<? super E, ? super X, ? extends E> function) {
    return element(remote.call(
        "accumulateAndGet(int,Object,BiFunction)", index, given, Objects.requireNonNull(function)));
  }

  @Override
  public <X extends @Nullable Object> E accumulateAndGet(
      int index, X given, BiFunction<? super E, ? super X, ? extends E> function) {
    Objects.requireNonNull(function);
    return function instanceof Serializable
        ? element(remote.call("accumulateAndGet(int,Object,BiFunction)", index, given, function))
        : here(index, before -> function.apply(before, given), true);
  }

  private E here(int index, UnaryOperator<E> change, boolean returnsNext) {
    while (true) {
      Stamped read = Stamped.read(remote, "get(int)", index);
      E before = element(read.value());
      E next = change.apply(before);
      if (read.ifUnchanged("set(int,Object)", index, next)) {
        return returnsNext ? next : before;
      }
    }
  }

  // Many at once.

  @Override
  @SuppressWarnings("unchecked")
  public List<E> toList(int from, int to) {
    return (List<E>) Pages.all(remote, RANGE, from, to);
  }

  @Override
  public void setAll(int index, Collection<? extends E> elements) {
    remote.call("setAll(int,Collection)", index, new ArrayList<>(elements));
  }

  @Override
  public List<E> asList() {
    return new View();
  }

  private final class View extends AbstractList<E> implements RandomAccess {
    @Override
    public int size() {
      return length;
    }

    @Override
    public E get(int index) {
      return RemoteArray.this.get(index);
    }

    @Override
    public E set(int index, E element) {
      return getAndSet(index, element);
    }

    @Override
    @SuppressWarnings("unchecked")
    public Iterator<E> iterator() {
      return (Iterator<E>) new Pages(remote, RANGE, 0, length);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other == this || toList().equals(other);
    }

    @Override
    public int hashCode() {
      return toList().hashCode();
    }

    @Override
    public Object[] toArray() {
      return toList().toArray();
    }

    @Override
    public <T extends @Nullable Object> T[] toArray(T[] array) {
      return toList().toArray(array);
    }
  }

  @Override
  public AsyncArray<E> async() {
    return new RemoteAsyncArray<>(remote);
  }

  @Override
  @SuppressWarnings("unchecked")
  public Subscription addListener(ChangeListener<? super ListChange<E>> listener) {
    return RemoteSubscription.<ListChange<E>>begin(
        remote,
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new ListChange<>(
            told.at, (List<E>) Told.decodeAll(told.before), (List<E>) Told.decodeAll(told.after))));
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RemoteArray<?> that && that.remote.equals(remote);
  }

  @Override
  public int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return toList().toString();
  }
}
