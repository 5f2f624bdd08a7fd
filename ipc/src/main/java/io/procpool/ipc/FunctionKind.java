// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import io.procpool.Arguments;
import io.procpool.TaskBiFunction;
import io.procpool.TaskFunction;
import io.procpool.TaskTriFunction;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** How a function is called. The ordinal stands in messages, so the order must not change. */
public enum FunctionKind {
  /** {@link Callable}, no argument. */
  CALLABLE(0),
  /** {@link Runnable}, no argument, value null. */
  RUNNABLE(0),
  /** {@link TaskFunction}, one argument. */
  FUNCTION(1),
  /** {@link TaskBiFunction}, two arguments. */
  BI_FUNCTION(2),
  /** {@link TaskTriFunction}, three arguments. */
  TRI_FUNCTION(3),
  /** {@link TaskBiFunction}, its arguments in one {@link Arguments.Two}. */
  SPREAD_TWO(1),
  /** {@link TaskTriFunction}, its arguments in one {@link Arguments.Three}. */
  SPREAD_THREE(1);

  private static final FunctionKind[] VALUES = values();

  private final int arity;

  FunctionKind(int arity) {
    this.arity = arity;
  }

  /** Returns the number of values that are encoded for one call. */
  public int arity() {
    return arity;
  }

  /** Returns the kind of an ordinal, or null if there is none. */
  public static @Nullable FunctionKind of(int ordinal) {
    return ordinal >= 0 && ordinal < VALUES.length ? VALUES[ordinal] : null;
  }

  /** Calls a function of this kind; arguments beyond {@link #arity()} are ignored. */
  @SuppressWarnings({"unchecked", "rawtypes", "NullAway"})
  public @Nullable Object call(
      Object function, @Nullable Object a, @Nullable Object b, @Nullable Object c)
      throws Exception {
    switch (this) {
      case CALLABLE:
        return ((Callable) function).call();
      case RUNNABLE:
        ((Runnable) function).run();
        return null;
      case FUNCTION:
        return ((TaskFunction) function).apply(a);
      case BI_FUNCTION:
        return ((TaskBiFunction) function).apply(a, b);
      case TRI_FUNCTION:
        return ((TaskTriFunction) function).apply(a, b, c);
      case SPREAD_TWO:
        Arguments.Two two = (Arguments.Two) a;
        return ((TaskBiFunction) function).apply(two.first(), two.second());
      case SPREAD_THREE:
        Arguments.Three three = (Arguments.Three) a;
        return ((TaskTriFunction) function).apply(three.first(), three.second(), three.third());
      default:
        throw new AssertionError(this);
    }
  }
}
