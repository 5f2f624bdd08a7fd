// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** An array of a fixed length. Its public methods are what clients call. Used by one thread at a time. */
final class Cells implements ObjectKind.Content {
  private final @Nullable Object[] elements;
  private int changed; // the element that was changed last

  Cells(int length) {
    if (length < 0) {
      throw new IllegalArgumentException("length: " + length + " (expected: 0 or more)");
    }
    elements = new @Nullable Object[length];
  }

  public int length() {
    return elements.length;
  }

  private int checked(int index) {
    changed = Objects.checkIndex(index, elements.length);
    return index;
  }

  public @Nullable Object get(int index) {
    return elements[checked(index)];
  }

  public void set(int index, @Nullable Object next) {
    elements[checked(index)] = next;
  }

  public @Nullable Object getAndSet(int index, @Nullable Object next) {
    Object before = elements[checked(index)];
    elements[index] = next;
    return before;
  }

  /** Compares by {@code equals}. */
  public boolean compareAndSet(int index, @Nullable Object expected, @Nullable Object next) {
    if (!Objects.equals(elements[checked(index)], expected)) {
      return false;
    }
    elements[index] = next;
    return true;
  }

  public @Nullable Object getAndUpdate(int index, UnaryOperator<@Nullable Object> change) {
    return getAndSet(index, change.apply(elements[checked(index)]));
  }

  public @Nullable Object updateAndGet(int index, UnaryOperator<@Nullable Object> change) {
    elements[checked(index)] = change.apply(elements[index]);
    return elements[index];
  }

  public @Nullable Object accumulateAndGet(
      int index,
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    elements[checked(index)] = function.apply(elements[index], given);
    return elements[index];
  }

  /** Returns a copy of a range. */
  public List<@Nullable Object> elements(int from, int to) {
    Objects.checkFromToIndex(from, to, elements.length);
    return new ArrayList<>(Arrays.asList(elements).subList(from, to));
  }

  /** Writes several, beginning at an index; all or none. */
  public void setAll(int index, Collection<?> next) {
    Objects.checkFromIndexSize(index, next.size(), elements.length);
    int at = index;
    for (Object element : next) {
      elements[at++] = element;
    }
  }

  /** A function changes one element at a time. */
  @Override
  public Collection<?> content() {
    return elements.length == 0 ? List.of() : Collections.singletonList(elements[changed]);
  }
}
