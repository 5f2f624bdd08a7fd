// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Elements with the lowest first, and of equal ones the one that came first. */
final class PriorityContent implements QueueContent {
  /*
   * Comparing may be code of users, which must not run in the event loop. So an element gets its place when it arrives, by whatever thread may do that, while nobody
   *           else uses this; from then on nothing is compared. An element that has to wait for room has its place already, and is passed over until it
   *           is let in.
   * Dropping  is only noted, because it may happen while an element gets its place; what was dropped goes with the next change.
   */
  private final TreeSet<Ranked> elements;
  private long last;
  private int size;
  private int dropped;

  /** An element with its place. */
  static final class Ranked extends QueueElement {
    private final Object value;
    private final long number;
    private boolean isIn; // event loop only, as what follows
    private boolean isDropped;

    private Ranked(QueueElement element, Object value, long number) {
      super(element.bytes(), element.objects());
      this.value = value;
      this.number = number;
    }
  }

  PriorityContent(@Nullable Comparator<Object> order) {
    Comparator<Object> byValue = order == null ? PriorityContent::natural : order;
    elements = new TreeSet<>((one, other) -> {
      int byOrder = byValue.compare(one.value, other.value);
      return byOrder != 0 ? byOrder : Long.compare(one.number, other.number);
    });
  }

  @SuppressWarnings("unchecked")
  private static int natural(Object one, Object other) {
    return ((Comparable<Object>) one).compareTo(other);
  }

  /** Gives an element its place, where nobody sees it yet. Throws what comparing throws. */
  Ranked place(QueueElement element, Object value) {
    Ranked placed = new Ranked(element, value, ++last);
    elements.add(placed);
    return placed;
  }

  @Override
  public void add(QueueElement element, boolean otherEnd) {
    ((Ranked) element).isIn = true;
    size++;
  }

  @Override
  public void drop(QueueElement element) {
    ((Ranked) element).isDropped = true;
    dropped++;
  }

  private void forgetDropped() {
    if (dropped > 0) {
      dropped = 0;
      elements.removeIf(element -> element.isDropped);
    }
  }

  /** Tells whether nothing is there to be compared with. */
  boolean isClear() {
    forgetDropped();
    return elements.isEmpty();
  }

  @Override
  public @Nullable QueueElement poll(boolean otherEnd) {
    forgetDropped();
    for (Iterator<Ranked> each = elements.iterator(); each.hasNext(); ) {
      Ranked next = each.next();
      if (next.isIn) {
        each.remove();
        size--;
        return next;
      }
    }
    return null;
  }

  @Override
  public @Nullable QueueElement peek(boolean otherEnd) {
    for (Ranked next : elements) {
      if (next.isIn) {
        return next;
      }
    }
    return null;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public int find(QueueElement wanted, boolean otherEnd, boolean removes) {
    int place = 0;
    for (Iterator<Ranked> each = elements.iterator(); each.hasNext(); ) {
      Ranked next = each.next();
      if (next.isIn && next.isSame(wanted)) {
        if (removes) {
          each.remove();
          size--;
        }
        return place;
      }
      place += next.isIn ? 1 : 0;
    }
    return -1;
  }

  @Override
  public int placeOfAdded(QueueElement element, boolean otherEnd) {
    int place = 0;
    for (Ranked next : elements) {
      if (next == element) {
        return place;
      }
      place += next.isIn ? 1 : 0;
    }
    throw new IllegalStateException("it was not added");
  }

  @Override
  public int placeOfNext(boolean otherEnd) {
    return 0;
  }

  @Override
  public List<QueueElement> inPlaces() {
    return all();
  }

  @Override
  public void clear() {
    elements.removeIf(element -> element.isIn);
    size = 0;
  }

  @Override
  public List<QueueElement> all() {
    List<QueueElement> all = new ArrayList<>(size);
    for (Ranked next : elements) {
      if (next.isIn) {
        all.add(next);
      }
    }
    return all;
  }
}
