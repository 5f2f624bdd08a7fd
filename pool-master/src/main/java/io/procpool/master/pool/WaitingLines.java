// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What waits, in the order in which it is to run: what has a higher priority first, among equals the submitters in turn, what is of one submitter in the order in which it came. Used by one
 * thread at a time.
 *
 * @param <E> what waits, a part of a work
 */
public final class WaitingLines<E> {
  /*
   * Most pools know neither priorities nor submitters: they have `plain`, one line, and nothing else. There is a line for each other pair of priority and submitter as long as something waits in it.
   */
  private final Function<E, Work> workOf;
  private final FairShares shares;
  private final Line<E> plain = new Line<>();
  private @Nullable TreeMap<Integer, Map<FairShares.Account, Line<E>>> others;
  private int size;

  private static final class Line<E> {
    final ArrayDeque<E> waiting = new ArrayDeque<>();
    FairShares.@Nullable Account account; // as long as something waits
  }

  /**
   * Makes empty lines.
   *
   * @param workOf what something that waits is a part of
   */
  public WaitingLines(Function<E, Work> workOf, FairShares shares) {
    this.workOf = workOf;
    this.shares = shares;
  }

  /** Adds something that has just come. */
  public void add(E element) {
    line(workOf.apply(element)).waiting.addLast(element);
    size++;
  }

  /** Adds something that has been here before: it goes before its equals. */
  public void putBack(E element) {
    line(workOf.apply(element)).waiting.addFirst(element);
    size++;
  }

  private Line<E> line(Work work) {
    if (work.isPlain()) {
      entered(plain, work);
      return plain;
    }
    if (others == null) {
      others = new TreeMap<>(Collections.reverseOrder());
    }
    Line<E> line = others
        .computeIfAbsent(work.priority(), priority -> new LinkedHashMap<>())
        .computeIfAbsent(shares.of(work), account -> new Line<>());
    entered(line, work);
    return line;
  }

  private void entered(Line<E> line, Work work) {
    if (line.account == null) {
      line.account = shares.of(work);
      shares.entered(line.account);
    }
  }

  private static void leftIfEmpty(Line<?> line) {
    if (line.waiting.isEmpty() && line.account != null) {
      line.account.lines--;
      line.account = null;
    }
  }

  /** Tells whether nothing waits. */
  public boolean isEmpty() {
    return size == 0;
  }

  /** Returns how much waits. */
  public int size() {
    return size;
  }

  /** Tells whether what waits differs in priority or submitter. */
  public boolean isVaried() {
    int lines = plain.waiting.isEmpty() ? 0 : 1;
    if (others != null) {
      for (Map<FairShares.Account, Line<E>> level : others.values()) {
        lines += level.size();
      }
    }
    return lines > 1;
  }

  /** Returns what is next, which stays. */
  public @Nullable E peek() {
    return size == 0 ? null : next().waiting.peek();
  }

  /** Removes what is next. */
  public E remove() {
    if (size == 0) {
      throw new NoSuchElementException();
    }
    Line<E> line = next();
    E element = line.waiting.remove();
    size--;
    leftIfEmpty(line);
    if (line != plain && line.waiting.isEmpty()) {
      dropEmpty();
    }
    return element;
  }

  private Line<E> next() {
    return others == null ? plain : firstOf(others);
  }

  private Line<E> firstOf(TreeMap<Integer, Map<FairShares.Account, Line<E>>> levels) {
    Map.Entry<Integer, Map<FairShares.Account, Line<E>>> top =
        levels.entrySet().iterator().next();
    int priority = top.getKey();
    Line<E> first = priority <= 0 && !plain.waiting.isEmpty() ? plain : null;
    if (priority >= 0) {
      for (Line<E> line : top.getValue().values()) {
        if (first == null || clock(line) < clock(first)) {
          first = line;
        }
      }
    }
    return first != null ? first : top.getValue().values().iterator().next();
  }

  private static double clock(Line<?> line) {
    return Objects.requireNonNull(line.account).clock();
  }

  private void dropEmpty() {
    if (others != null) {
      others.values().forEach(level -> level.values().removeIf(line -> line.waiting.isEmpty()));
      others.values().removeIf(Map::isEmpty);
      if (others.isEmpty()) {
        others = null;
      }
    }
  }

  /** Tells whether what is next here is to go before what is next in other lines of the same pool; in both there is something. */
  public boolean isBefore(WaitingLines<E> rest) {
    Line<E> mine = next();
    Line<E> theirs = rest.next();
    Work work = workOf.apply(mine.waiting.element());
    Work other = workOf.apply(theirs.waiting.element());
    if (work.priority() != other.priority()) {
      return work.priority() > other.priority();
    }
    if (mine.account != theirs.account) {
      return clock(mine) < clock(theirs);
    }
    return work.taskId(0) < other.taskId(0);
  }

  /** Removes what fulfils a condition and returns it; in order as far as it is in one line. */
  public List<E> removeIf(Predicate<E> condition) {
    List<E> removed = new ArrayList<>();
    if (size > 0) {
      for (Line<E> line : lines()) {
        for (Iterator<E> each = line.waiting.iterator(); each.hasNext(); ) {
          E element = each.next();
          if (condition.test(element)) {
            each.remove();
            removed.add(element);
          }
        }
        leftIfEmpty(line);
      }
      size -= removed.size();
      dropEmpty();
    }
    return removed;
  }

  /** Returns what is first in each line: nothing has waited longer than one of these. */
  public List<E> fronts() {
    List<E> fronts = new ArrayList<>();
    for (Line<E> line : lines()) {
      E front = line.waiting.peek();
      if (front != null) {
        fronts.add(front);
      }
    }
    return fronts;
  }

  /** Returns all that waits; in order as far as it is in one line. */
  public List<E> all() {
    List<E> all = new ArrayList<>(size);
    lines().forEach(line -> all.addAll(line.waiting));
    return all;
  }

  private List<Line<E>> lines() {
    List<Line<E>> lines = new ArrayList<>();
    if (others != null) {
      others.values().forEach(level -> lines.addAll(level.values()));
    }
    lines.add(plain);
    return lines;
  }
}
