// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/** The argument tuples of {@link Pool#starmap starmap}. Nulls are allowed. Immutable; safe for use by multiple threads. */
public final class Arguments {
  private Arguments() {}

  /**
   * Two arguments of one call.
   *
   * @param <A> type of the first
   * @param <B> type of the second
   * @param first the first argument
   * @param second the second argument
   */
  public record Two<A extends @Nullable Object, B extends @Nullable Object>(A first, B second)
      implements Serializable {}

  /**
   * Three arguments of one call.
   *
   * @param <A> type of the first
   * @param <B> type of the second
   * @param <C> type of the third
   * @param first the first argument
   * @param second the second argument
   * @param third the third argument
   */
  public record Three<
          A extends @Nullable Object, B extends @Nullable Object, C extends @Nullable Object>(
      A first, B second, C third) implements Serializable {}

  /** Returns the two arguments as one value. */
  public static <A extends @Nullable Object, B extends @Nullable Object> Two<A, B> of(
      A first, B second) {
    return new Two<>(first, second);
  }

  /** Returns the three arguments as one value. */
  public static <A extends @Nullable Object, B extends @Nullable Object, C extends @Nullable Object>
      Three<A, B, C> of(A first, B second, C third) {
    return new Three<>(first, second, third);
  }
}
