// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagedDeque;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Handle of a queue with two ends: its first end is that of a queue. Safe for use by multiple threads. */
@SuppressWarnings("unchecked")
final class RemoteDeque<E> extends RemoteQueue<E> implements ManagedDeque<E> {
  private static final long serialVersionUID = 1;

  RemoteDeque(RemoteObject remote) {
    super(remote);
  }

  private static <E> E present(@Nullable E element) {
    if (element == null) {
      throw new NoSuchElementException("the deque is empty");
    }
    return element;
  }

  private static void added(boolean done) {
    if (!done) {
      throw new IllegalStateException("Deque full");
    }
  }

  // Putting.

  @Override
  public void addFirst(E element) {
    added(offerFirst(element));
  }

  @Override
  public void addLast(E element) {
    added(offer(element));
  }

  @Override
  public void push(E element) {
    addFirst(element);
  }

  @Override
  public boolean offerFirst(E element) {
    return remote.callBoolean("offerFirst(Object)", element(element));
  }

  @Override
  public boolean offerLast(E element) {
    return offer(element);
  }

  @Override
  public boolean offerFirst(E element, long timeout, TimeUnit unit) throws InterruptedException {
    return Boolean.TRUE.equals(
        waiting("offerFirst(long,Object)", Math.max(0, unit.toNanos(timeout)), element(element)));
  }

  @Override
  public boolean offerLast(E element, long timeout, TimeUnit unit) throws InterruptedException {
    return offer(element, timeout, unit);
  }

  @Override
  public void putFirst(E element) throws InterruptedException {
    waiting("putFirst(Object)", element(element));
  }

  @Override
  public void putLast(E element) throws InterruptedException {
    put(element);
  }

  // Taking.

  @Override
  public E removeFirst() {
    return present(poll());
  }

  @Override
  public E removeLast() {
    return present(pollLast());
  }

  @Override
  public E pop() {
    return removeFirst();
  }

  @Override
  public @Nullable E pollFirst() {
    return poll();
  }

  @Override
  public @Nullable E pollLast() {
    return (E) remote.call("pollLast()");
  }

  @Override
  public @Nullable E pollFirst(long timeout, TimeUnit unit) throws InterruptedException {
    return poll(timeout, unit);
  }

  @Override
  public @Nullable E pollLast(long timeout, TimeUnit unit) throws InterruptedException {
    return (E) waiting("pollLast(long)", Math.max(0, unit.toNanos(timeout)));
  }

  @Override
  public E takeFirst() throws InterruptedException {
    return take();
  }

  @Override
  public E takeLast() throws InterruptedException {
    return (E) Objects.requireNonNull(waiting("takeLast()"));
  }

  // Content.

  @Override
  public E getFirst() {
    return present(peek());
  }

  @Override
  public E getLast() {
    return present(peekLast());
  }

  @Override
  public @Nullable E peekFirst() {
    return peek();
  }

  @Override
  public @Nullable E peekLast() {
    return (E) remote.call("peekLast()");
  }

  @Override
  public boolean removeFirstOccurrence(@Nullable Object element) {
    return remove(element);
  }

  @Override
  public boolean removeLastOccurrence(@Nullable Object element) {
    return element != null && remote.callBoolean("removeLastOccurrence(Object)", element);
  }

  @Override
  public Iterator<E> descendingIterator() {
    List<E> elements = elements();
    Collections.reverse(elements);
    return Collections.unmodifiableList(elements).iterator();
  }
}
