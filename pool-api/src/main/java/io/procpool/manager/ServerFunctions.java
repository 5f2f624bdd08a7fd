// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.Serializable;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongBinaryOperator;
import java.util.function.LongUnaryOperator;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Functions that are sent to the server of a manager and run there, on the object itself, while nobody else can use it. A lambda that is given
 * to a method of a managed object becomes one by itself; one that was made for the plain interface of the JDK is one
 * only if it is {@link Serializable}.
 *
 * <p>A function may use handles that it has captured of other objects, of the same server, too. One that uses the object that it runs at, or waits for another function that waits
 * for it, gets a {@link ManagerDeadlockException}; circles that go through locks, queues, other servers or other threads are not noticed. How long functions may take says {@link
 * ManagerOptions.Builder#functionTimeout}.
 */
public final class ServerFunctions {
  private ServerFunctions() {}

  /** Makes an object. */
  public interface Factory<T> extends Callable<T>, Serializable {}

  /** Of one argument. */
  public interface OfOne<T, R> extends Function<T, R>, Serializable {}

  /** Of two arguments. */
  public interface OfTwo<T, U, R> extends BiFunction<T, U, R>, Serializable {}

  /** Which elements. */
  public interface Which<T> extends Predicate<T>, Serializable {}

  /** What becomes of an element. */
  public interface Change<T> extends UnaryOperator<T>, Serializable {}

  /** Of a number, which becomes another one. */
  public interface OfLong extends LongUnaryOperator, Serializable {}

  /** Of two numbers. */
  public interface OfTwoLongs extends LongBinaryOperator, Serializable {}

  /** Which element comes first. */
  public interface Order<T> extends java.util.Comparator<T>, Serializable {}
}
