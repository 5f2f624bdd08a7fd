// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A value that can be changed. Its public methods are what clients call. Used by one thread at a time. */
final class Cell implements ObjectKind.Content, Backed {
  private final List<@Nullable Object> value = new ArrayList<>(1); // the one element

  Cell(@Nullable Object value) {
    this.value.add(value);
  }

  public @Nullable Object get() {
    return value.get(0);
  }

  public void set(@Nullable Object next) {
    value.set(0, next);
  }

  public @Nullable Object getAndSet(@Nullable Object next) {
    return value.set(0, next);
  }

  /** Compares by {@code equals}. */
  public boolean compareAndSet(@Nullable Object expected, @Nullable Object next) {
    if (!Objects.equals(get(), expected)) {
      return false;
    }
    set(next);
    return true;
  }

  public @Nullable Object getAndUpdate(UnaryOperator<@Nullable Object> change) {
    return getAndSet(change.apply(get()));
  }

  public @Nullable Object updateAndGet(UnaryOperator<@Nullable Object> change) {
    set(change.apply(get()));
    return get();
  }

  public @Nullable Object getAndAccumulate(
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    return getAndSet(function.apply(get(), given));
  }

  public @Nullable Object accumulateAndGet(
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    set(function.apply(get(), given));
    return get();
  }

  @Override
  public Collection<?> content() {
    return value;
  }

  @Override
  public Object backing() {
    return value;
  }
}
