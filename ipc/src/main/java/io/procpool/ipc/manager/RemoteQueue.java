// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.WaitInterruptedException;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.manager.AsyncQueue;
import io.procpool.manager.ChangeListener;
import io.procpool.manager.ManagedQueue;
import io.procpool.manager.QueueChange;
import io.procpool.manager.Subscription;
import java.util.AbstractQueue;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Handle of a queue. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
class RemoteQueue<E> extends AbstractQueue<E> implements ManagedQueue<E> {
  private static final long serialVersionUID = 1;

  final RemoteObject remote;

  RemoteQueue(RemoteObject remote) {
    this.remote = remote;
  }

  /** Does what may wait. Who is told that nothing was done gets the interrupt as an exception. */
  final @Nullable Object waiting(String operation, @Nullable Object... arguments)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try {
      return remote.call(operation, arguments);
    } catch (WaitInterruptedException e) {
      Thread.interrupted();
      InterruptedException interrupted = new InterruptedException(e.getMessage());
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  static Object element(@Nullable Object element) {
    return Objects.requireNonNull(element, "element");
  }

  // Putting.

  @Override
  public void put(E element) throws InterruptedException {
    waiting("put(Object)", element(element));
  }

  @Override
  public boolean offer(E element, long timeout, TimeUnit unit) throws InterruptedException {
    return Boolean.TRUE.equals(
        waiting("offer(long,Object)", Math.max(0, unit.toNanos(timeout)), element(element)));
  }

  @Override
  public boolean offer(E element) {
    return remote.callBoolean("offer(Object)", element(element));
  }

  // Taking.

  @Override
  public E take() throws InterruptedException {
    return (E) Objects.requireNonNull(waiting("take()"));
  }

  @Override
  public @Nullable E poll(long timeout, TimeUnit unit) throws InterruptedException {
    return (E) waiting("poll(long)", Math.max(0, unit.toNanos(timeout)));
  }

  @Override
  public @Nullable E poll() {
    return (E) remote.call("poll()");
  }

  @Override
  public @Nullable E peek() {
    return (E) remote.call("peek()");
  }

  @Override
  public int drainTo(Collection<? super E> into) {
    return drainTo(into, Integer.MAX_VALUE);
  }

  @Override
  public int drainTo(Collection<? super E> into, int most) {
    if (into == this) {
      throw new IllegalArgumentException("a queue cannot be drained into itself");
    }
    int drained = 0;
    for (E next = most > 0 ? poll() : null; next != null; next = drained < most ? poll() : null) {
      into.add(next);
      drained++;
    }
    return drained;
  }

  // Content.

  @Override
  public int size() {
    return remote.callInt("size()");
  }

  @Override
  public int remainingCapacity() {
    return remote.callInt("remainingCapacity()");
  }

  @Override
  public boolean contains(@Nullable Object element) {
    return element != null && remote.callBoolean("contains(Object)", element);
  }

  @Override
  public boolean remove(@Nullable Object element) {
    return element != null && remote.callBoolean("remove(Object)", element);
  }

  @Override
  public void clear() {
    remote.call("clear()");
  }

  final List<E> elements() {
    return (List<E>) Pages.all(remote, ManagerWire.ELEMENTS);
  }

  @Override
  public Iterator<E> iterator() {
    return (Iterator<E>) new Pages(remote, ManagerWire.ELEMENTS);
  }

  @Override
  public Object[] toArray() {
    return elements().toArray();
  }

  @Override
  public <T> T[] toArray(T[] array) {
    return elements().toArray(array);
  }

  // Dealt with.

  @Override
  public void taskDone() {
    remote.call("taskDone()");
  }

  @Override
  public void join() throws InterruptedException {
    waiting("join()");
  }

  // Listeners.

  @Override
  public Subscription addListener(ChangeListener<? super QueueChange<E>> listener) {
    return RemoteSubscription.begin(
        remote, Objects.requireNonNull(listener, "listener"), RemoteQueue::changes);
  }

  private static <E> List<QueueChange<E>> changes(Told told) throws PayloadFormatException {
    List<QueueChange<E>> changes = new ArrayList<>();
    for (Object element : Told.decodeAll(told.before)) {
      changes.add(new QueueChange<>((E) Objects.requireNonNull(element), false));
    }
    for (Object element : Told.decodeAll(told.after)) {
      changes.add(new QueueChange<>((E) Objects.requireNonNull(element), true));
    }
    return changes;
  }

  @Override
  public AsyncQueue<E> async() {
    return new RemoteAsyncQueue<>(remote);
  }
}
