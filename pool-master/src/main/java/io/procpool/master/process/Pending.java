// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.pool.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What no worker has: slices of work in the order in which they are to be handed out. Event loop only. */
final class Pending {
  private final ArrayDeque<Slice> slices = new ArrayDeque<>();
  private long tasks;

  /** Adds work that has just been accepted. */
  void add(Work work) {
    slices.addLast(new Slice(work, 0, work.count()));
    tasks += work.count();
  }

  /** Adds what had been handed out, or was about to be: it is older than all that waits. */
  void putBack(Slice slice) {
    slices.addFirst(slice);
    tasks += slice.count();
  }

  boolean isEmpty() {
    return slices.isEmpty();
  }

  /** Returns the next slice, which stays. */
  @Nullable
  Slice peek() {
    return slices.peek();
  }

  /** Removes the next slice. */
  Slice remove() {
    Slice slice = slices.remove();
    tasks -= slice.count();
    return slice;
  }

  /** Removes all slices of a work. */
  List<Slice> removeAll(Work work) {
    return removeAll(Set.of(work));
  }

  /** Removes all slices of some works. */
  List<Slice> removeAll(Set<Work> works) {
    List<Slice> removed = new ArrayList<>();
    for (Iterator<Slice> each = slices.iterator(); each.hasNext(); ) {
      Slice slice = each.next();
      if (works.contains(slice.work())) {
        each.remove();
        tasks -= slice.count();
        removed.add(slice);
      }
    }
    return removed;
  }

  /** Returns the works of which all items are here. */
  List<Work> untouched() {
    Map<Work, Integer> items = new LinkedHashMap<>();
    for (Slice slice : slices) {
      items.merge(slice.work(), slice.count(), Integer::sum);
    }
    List<Work> untouched = new ArrayList<>();
    items.forEach((work, count) -> {
      if (count == work.count()) {
        untouched.add(work);
      }
    });
    return untouched;
  }

  /** Returns the number of tasks. */
  long tasks() {
    return tasks;
  }
}
