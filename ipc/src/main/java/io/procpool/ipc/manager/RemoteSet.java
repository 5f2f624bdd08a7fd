// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.AsyncSet;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagedSet;
import io.procpool.manager.ServerFunctions;
import io.procpool.manager.SetChange;
import io.procpool.manager.Subscription;
import java.io.Serializable;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Handle of a set. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
final class RemoteSet<E> extends AbstractSet<E> implements ManagedSet<E> {
  private static final long serialVersionUID = 1;

  private final RemoteObject remote;

  RemoteSet(RemoteObject remote) {
    this.remote = remote;
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
  public boolean contains(@Nullable Object element) {
    return remote.callBoolean("contains(Object)", element);
  }

  @Override
  public boolean add(E element) {
    return remote.callBoolean("add(Object)", element);
  }

  @Override
  public boolean remove(@Nullable Object element) {
    return remote.callBoolean("remove(Object)", element);
  }

  @Override
  public boolean containsAll(Collection<?> elements) {
    return remote.callBoolean("containsAll(Collection)", new ArrayList<>(elements));
  }

  @Override
  public boolean addAll(Collection<? extends E> elements) {
    return remote.callBoolean("addAll(Collection)", new ArrayList<>(elements));
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
  public boolean removeIf(ServerFunctions.Which<? super E> which) {
    return remote.callBoolean("removeIf(Predicate)", Objects.requireNonNull(which));
  }

  @Override
  public boolean removeIf(Predicate<? super E> which) {
    Objects.requireNonNull(which);
    if (which instanceof Serializable) {
      return remote.callBoolean("removeIf(Predicate)", which);
    }
    List<E> removed = elements();
    removed.removeIf(which.negate());
    return !removed.isEmpty() && removeAll(removed);
  }

  private List<E> elements() {
    return (List<E>) Pages.all(remote, ManagerWire.ELEMENTS);
  }

  @Override
  public Iterator<E> iterator() {
    Pages elements = new Pages(remote, ManagerWire.ELEMENTS);
    return new Iterator<>() {
      private @Nullable Object last;
      private boolean removable;

      @Override
      public boolean hasNext() {
        return elements.hasNext();
      }

      @Override
      @SuppressWarnings("NullAway") // null is an element if E says so
      public E next() {
        last = elements.next();
        removable = true;
        return (E) last;
      }

      @Override
      public void remove() {
        if (!removable) {
          throw new IllegalStateException("there is no element to be removed; call next() first");
        }
        removable = false;
        RemoteSet.this.remove(last);
      }
    };
  }

  @Override
  public Object[] toArray() {
    return elements().toArray();
  }

  @Override
  public <T> T[] toArray(T[] array) {
    return elements().toArray(array);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (other instanceof RemoteSet<?> that && that.remote.equals(remote)) {
      return true;
    }
    return other instanceof Set<?> set && new LinkedHashSet<>(elements()).equals(set);
  }

  @Override
  public int hashCode() {
    return new LinkedHashSet<>(elements()).hashCode();
  }

  @Override
  public String toString() {
    return elements().toString();
  }

  // Listeners.

  @Override
  @SuppressWarnings("NullAway") // null is an element if E says so
  public Subscription addListener(ChangeListener<? super SetChange<E>> listener) {
    return RemoteSubscription.<SetChange<E>>begin(
        remote,
        Objects.requireNonNull(listener, "listener"),
        told -> List.of(new SetChange<>((E) Told.decode(told.key), !told.after.isEmpty())));
  }

  @Override
  public AsyncSet<E> async() {
    return new RemoteAsyncSet<>(remote);
  }
}
