// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** An array of a fixed length. Its public methods are what clients call. Used by one thread at a time. */
final class Cells implements ObjectKind.Content, Backed {
  private final List<@Nullable Object> elements; // as many all the time
  private int changed; // the element that was changed last

  Cells(int length) {
    if (length < 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: 0 or more)");
    }
    elements = new ArrayList<>(Collections.nCopies(length, null));
  }

  public int length() {
    return elements.size();
  }

  private int checked(int index) {
    changed = Objects.checkIndex(index, elements.size());
    return index;
  }

  public @Nullable Object get(int index) {
    return elements.get(checked(index));
  }

  public void set(int index, @Nullable Object next) {
    elements.set(checked(index), next);
  }

  public @Nullable Object getAndSet(int index, @Nullable Object next) {
    return elements.set(checked(index), next);
  }

  /** Compares by {@code equals}. */
  public boolean compareAndSet(int index, @Nullable Object expected, @Nullable Object next) {
    if (!Objects.equals(elements.get(checked(index)), expected)) {
      return false;
    }
    elements.set(index, next);
    return true;
  }

  public @Nullable Object getAndUpdate(int index, UnaryOperator<@Nullable Object> change) {
    return getAndSet(index, change.apply(elements.get(checked(index))));
  }

  public @Nullable Object updateAndGet(int index, UnaryOperator<@Nullable Object> change) {
    elements.set(checked(index), change.apply(elements.get(index)));
    return elements.get(index);
  }

  public @Nullable Object accumulateAndGet(
      int index,
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    elements.set(checked(index), function.apply(elements.get(index), given));
    return elements.get(index);
  }

  /** Returns a copy of a range. */
  public List<@Nullable Object> elements(int from, int to) {
    Objects.checkFromToIndex(from, to, elements.size());
    return new ArrayList<>(elements.subList(from, to));
  }

  /** Writes several, beginning at an index; all or none. */
  public void setAll(int index, Collection<?> next) {
    Objects.checkFromIndexSize(index, next.size(), elements.size());
    int at = index;
    for (Object element : next) {
      elements.set(at++, element);
    }
  }

  /** A function changes one element at a time. */
  @Override
  public Collection<?> content() {
    return elements.size() == 0 ? List.of() : Collections.singletonList(elements.get(changed));
  }

  @Override
  public Object backing() {
    return elements;
  }
}
