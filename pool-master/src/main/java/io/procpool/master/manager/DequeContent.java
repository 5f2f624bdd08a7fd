// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Elements in the order in which they were put, or the other way round. For the event loop alone. */
final class DequeContent implements QueueContent {
  private final boolean lastFirst;
  private final ArrayDeque<QueueElement> elements = new ArrayDeque<>();

  DequeContent(boolean lastFirst) {
    this.lastFirst = lastFirst;
  }

  @Override
  public void add(QueueElement element, boolean otherEnd) {
    if (otherEnd) {
      elements.addFirst(element);
    } else {
      elements.addLast(element);
    }
  }

  @Override
  public @Nullable QueueElement poll(boolean otherEnd) {
    return otherEnd != lastFirst ? elements.pollLast() : elements.pollFirst();
  }

  @Override
  public @Nullable QueueElement peek(boolean otherEnd) {
    return otherEnd != lastFirst ? elements.peekLast() : elements.peekFirst();
  }

  @Override
  public int size() {
    return elements.size();
  }

  @Override
  public int find(QueueElement wanted, boolean otherEnd, boolean removes) {
    int place = otherEnd ? elements.size() - 1 : 0;
    Iterator<QueueElement> each = otherEnd ? elements.descendingIterator() : elements.iterator();
    while (each.hasNext()) {
      if (each.next().isSame(wanted)) {
        if (removes) {
          each.remove();
        }
        return place;
      }
      place += otherEnd ? -1 : 1;
    }
    return -1;
  }

  @Override
  public int placeOfAdded(QueueElement element, boolean otherEnd) {
    return otherEnd ? 0 : elements.size() - 1;
  }

  @Override
  public int placeOfNext(boolean otherEnd) {
    return otherEnd != lastFirst ? elements.size() - 1 : 0;
  }

  @Override
  public List<QueueElement> inPlaces() {
    return new ArrayList<>(elements);
  }

  /** Has others instead of so many elements from a place on. */
  void splice(int at, int removed, List<QueueElement> added) {
    if (at + removed == elements.size()) {
      for (int i = 0; i < removed; i++) {
        elements.removeLast();
      }
      elements.addAll(added);
    } else if (at == 0) {
      for (int i = 0; i < removed; i++) {
        elements.removeFirst();
      }
      for (int i = added.size() - 1; i >= 0; i--) {
        elements.addFirst(added.get(i));
      }
    } else {
      List<QueueElement> all = new ArrayList<>(elements);
      all.subList(at, at + removed).clear();
      all.addAll(at, added);
      elements.clear();
      elements.addAll(all);
    }
  }

  @Override
  public void clear() {
    elements.clear();
  }

  @Override
  public List<QueueElement> all() {
    List<QueueElement> all = new ArrayList<>(elements.size());
    (lastFirst ? elements.descendingIterator() : elements.iterator()).forEachRemaining(all::add);
    return all;
  }
}
