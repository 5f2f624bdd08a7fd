// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncList;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ListChange;
import io.procpool.manager.ManagedList;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.Subscription;
import java.io.Serializable;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.ListIterator;
import java.util.Objects;
import java.util.RandomAccess;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Handle of a list. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
final class RemoteList<E> extends AbstractList<E> implements ManagedList<E>, RandomAccess {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemoteList(RemoteObject remote) {
    this.remote = remote;
  }

  /** Takes what came back as an element; null is one if E says so. */
  @SuppressWarnings("NullAway")
  private E element(@Nullable Object returned) {
    return (E) returned;
  }

  @Override
  public int size() {
    return remote.callInt("size()");
  }

  @Override
  public boolean isEmpty() {
    return remote.callBoolean("isEmpty()");
  }

  @Override
  public E get(int index) {
    return element(remote.call("get(int)", index));
  }

  @Override
  public E set(int index, E element) {
    return element(remote.call("set(int,Object)", index, element));
  }

  @Override
  public boolean add(E element) {
    return remote.callBoolean("add(Object)", element);
  }

  @Override
  public void add(int index, E element) {
    remote.call("add(int,Object)", index, element);
  }

  @Override
  public E remove(int index) {
    return element(remote.call("remove(int)", index));
  }

  @Override
  public boolean remove(@Nullable Object element) {
    return remote.callBoolean("remove(Object)", element);
  }

  @Override
  public boolean contains(@Nullable Object element) {
    return remote.callBoolean("contains(Object)", element);
  }

  @Override
  public int indexOf(@Nullable Object element) {
    return remote.callInt("indexOf(Object)", element);
  }

  @Override
  public int lastIndexOf(@Nullable Object element) {
    return remote.callInt("lastIndexOf(Object)", element);
  }

  @Override
  public boolean addAll(Collection<? extends E> elements) {
    return remote.callBoolean("addAll(Collection)", new ArrayList<>(elements));
  }

  @Override
  public boolean addAll(int index, Collection<? extends E> elements) {
    return remote.callBoolean("addAll(int,Collection)", index, new ArrayList<>(elements));
  }

  @Override
  public boolean containsAll(Collection<?> elements) {
    return remote.callBoolean("containsAll(Collection)", new ArrayList<>(elements));
  }

  @Override
  public boolean removeAll(Collection<?> elements) {
    return remote.callBoolean("removeAll(Collection)", new ArrayList<>(elements));
  }

  @Override
  public boolean retainAll(Collection<?> elements) {
    return remote.callBoolean("retainAll(Collection)", new ArrayList<>(elements));
  }

  @Override
  public void clear() {
    remote.call("clear()");
  }

  @Override
  protected void removeRange(int from, int to) {
    remote.call("removeRange(int,int)", from, to);
  }

  // With functions.

  @Override
  public void sort(ServerFunctions.Order<? super E> order) {
    remote.call("sort(Comparator)", order);
  }

  @Override
  public void sort(@Nullable Comparator<? super E> order) {
    if (order == null || order instanceof Serializable) {
      remote.call("sort(Comparator)", order);
    } else {
      changeHere(elements -> {
        elements.sort(order);
        return true;
      });
    }
  }

  @Override
  public boolean removeIf(ServerFunctions.Which<? super E> which) {
    return remote.callBoolean("removeIf(Predicate)", Objects.requireNonNull(which));
  }

  @Override
  public boolean removeIf(Predicate<? super E> which) {
    Objects.requireNonNull(which);
    return which instanceof Serializable
        ? remote.callBoolean("removeIf(Predicate)", which)
        : changeHere(elements -> elements.removeIf(which));
  }

  @Override
  public void replaceAll(ServerFunctions.Change<E> change) {
    remote.call("replaceAll(UnaryOperator)", Objects.requireNonNull(change));
  }

  @Override
  public void replaceAll(UnaryOperator<E> change) {
    Objects.requireNonNull(change);
    if (change instanceof Serializable) {
      remote.call("replaceAll(UnaryOperator)", change);
    } else {
      changeHere(elements -> {
        elements.replaceAll(change);
        return true;
      });
    }
  }

  /** Changes a copy, and writes it back, again and again until the list has not changed meanwhile; nothing if the function says that it has changed nothing. */
  private boolean changeHere(Predicate<List<E>> change) {
    while (true) {
      Stamped read = Stamped.readList(remote, ManagerWire.ELEMENTS);
      List<E> elements = (List<E>) Objects.requireNonNull(read.value());
      if (!change.test(elements)) {
        return false;
      }
      if (read.ifUnchanged("setElements(Collection)", elements)) {
        return true;
      }
    }
  }

  // Listeners.

  @Override
  @SuppressWarnings("NullAway") // null is a key or an element if the types say so
  public Subscription addListener(ChangeListener<? super ListChange<E>> listener) {
    return RemoteSubscription.<ListChange<E>>begin(
        remote,
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new ListChange<>(
            told.at, (List<E>) Told.decodeAll(told.before), (List<E>) Told.decodeAll(told.after))));
  }

  // Content.

  private List<E> asHere() {
    return (List<E>) Pages.all(remote, ManagerWire.ELEMENTS);
  }

  @Override
  public Iterator<E> iterator() {
    return (Iterator<E>) new Pages(remote, ManagerWire.ELEMENTS);
  }

  @Override
  public ListIterator<E> listIterator(int index) {
    return Collections.unmodifiableList(asHere()).listIterator(index);
  }

  @Override
  public ListIterator<E> listIterator() {
    return listIterator(0);
  }

  @Override
  public Object[] toArray() {
    return asHere().toArray();
  }

  @Override
  public <T> T[] toArray(T[] array) {
    return asHere().toArray(array);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (other instanceof RemoteList<?> that && that.remote.equals(remote)) {
      return true;
    }
    return other instanceof List<?> list && asHere().equals(list);
  }

  @Override
  public int hashCode() {
    return asHere().hashCode();
  }

  @Override
  public String toString() {
    return asHere().toString();
  }

  @Override
  public AsyncList<E> async() {
    return new RemoteAsyncList<>(remote);
  }
}
