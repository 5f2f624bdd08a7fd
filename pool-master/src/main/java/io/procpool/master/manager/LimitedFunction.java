// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.Comparator;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Functions of users' whose results are not used any more when the time of their turn is over: they throw then. */
final class LimitedFunction {
  private LimitedFunction() {}

  /**
   * Returns a function that does what another one does as long as there is time.
   *
   * @param signature of the operation of which it is the last argument
   */
  @SuppressWarnings("unchecked")
  static @Nullable Object of(@Nullable Object function, String signature, RunningTurn turn) {
    int start = Math.max(signature.lastIndexOf('('), signature.lastIndexOf(',')) + 1;
    String type = signature.substring(start, signature.length() - 1);
    if (type.equals("BiFunction") && function instanceof BiFunction<?, ?, ?> given) {
      return ofTwo((BiFunction<Object, Object, Object>) given, turn);
    } else if (type.equals("Function") && function instanceof Function<?, ?> given) {
      return ofOne((Function<Object, Object>) given, turn);
    } else if (type.equals("UnaryOperator") && function instanceof UnaryOperator<?> given) {
      Function<Object, Object> limited = ofOne((Function<Object, Object>) given, turn);
      return (UnaryOperator<Object>) limited::apply;
    } else if (type.equals("Predicate") && function instanceof Predicate<?> given) {
      return which((Predicate<Object>) given, turn);
    } else if (type.equals("Comparator") && function instanceof Comparator<?> given) {
      return order((Comparator<Object>) given, turn);
    } else if (function instanceof LongUnaryOperator given) {
      return ofLong(given, turn);
    } else if (function instanceof LongBinaryOperator given) {
      return ofTwoLongs(given, turn);
    }
    return function; // which the operation will not take
  }

  private static BiFunction<Object, Object, Object> ofTwo(
      BiFunction<Object, Object, Object> function, RunningTurn turn) {
    return (one, other) -> {
      turn.enter();
      Object result = function.apply(one, other);
      turn.pass();
      return result;
    };
  }

  private static Function<Object, Object> ofOne(
      Function<Object, Object> function, RunningTurn turn) {
    return given -> {
      turn.enter();
      Object result = function.apply(given);
      turn.pass();
      return result;
    };
  }

  private static Predicate<Object> which(Predicate<Object> function, RunningTurn turn) {
    return given -> {
      turn.enter();
      boolean result = function.test(given);
      turn.pass();
      return result;
    };
  }

  private static Comparator<Object> order(Comparator<Object> function, RunningTurn turn) {
    return (one, other) -> {
      turn.enter();
      int result = function.compare(one, other);
      turn.pass();
      return result;
    };
  }

  private static LongUnaryOperator ofLong(LongUnaryOperator function, RunningTurn turn) {
    return given -> {
      turn.enter();
      long result = function.applyAsLong(given);
      turn.pass();
      return result;
    };
  }

  private static LongBinaryOperator ofTwoLongs(LongBinaryOperator function, RunningTurn turn) {
    return (one, other) -> {
      turn.enter();
      long result = function.applyAsLong(one, other);
      turn.pass();
      return result;
    };
  }
}
