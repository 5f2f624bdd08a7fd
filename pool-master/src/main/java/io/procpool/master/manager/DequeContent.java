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
  public boolean find(QueueElement wanted, boolean otherEnd, boolean removes) {
    Iterator<QueueElement> each = otherEnd ? elements.descendingIterator() : elements.iterator();
    while (each.hasNext()) {
      if (each.next().isSame(wanted)) {
        if (removes) {
          each.remove();
        }
        return true;
      }
    }
    return false;
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
