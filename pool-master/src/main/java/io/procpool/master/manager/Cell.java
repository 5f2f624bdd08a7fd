// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.Collection;
import java.util.Collections;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A value that can be changed. Its public methods are what clients call. Used by one thread at a time. */
final class Cell implements ObjectKind.Content {
  private @Nullable Object value;

  Cell(@Nullable Object value) {
    this.value = value;
  }

  public @Nullable Object get() {
    return value;
  }

  public void set(@Nullable Object next) {
    value = next;
  }

  public @Nullable Object getAndSet(@Nullable Object next) {
    Object before = value;
    value = next;
    return before;
  }

  /** Compares by {@code equals}. */
  public boolean compareAndSet(@Nullable Object expected, @Nullable Object next) {
    if (!Objects.equals(value, expected)) {
      return false;
    }
    value = next;
    return true;
  }

  public @Nullable Object getAndUpdate(UnaryOperator<@Nullable Object> change) {
    return getAndSet(change.apply(value));
  }

  public @Nullable Object updateAndGet(UnaryOperator<@Nullable Object> change) {
    value = change.apply(value);
    return value;
  }

  public @Nullable Object getAndAccumulate(
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    return getAndSet(function.apply(value, given));
  }

  public @Nullable Object accumulateAndGet(
      @Nullable Object given,
      BiFunction<@Nullable Object, @Nullable Object, @Nullable Object> function) {
    value = function.apply(value, given);
    return value;
  }

  @Override
  public Collection<?> content() {
    return Collections.singletonList(value);
  }
}
