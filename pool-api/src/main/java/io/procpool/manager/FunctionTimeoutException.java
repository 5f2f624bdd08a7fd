// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.time.Duration;
import java.util.List;

/**
 * A function, or a method of an object of the user's own, has run on the server for longer than {@link ManagerOptions#functionTimeout()}. Who has called it is told at once, and its
 * thread there is interrupted. As long as it does not end, nobody can use its object: other calls of that fail with this exception, too, from a second later on. When it
 * has ended, the object can be used again; the server and its other objects can be used all the time.
 *
 * <p>A function that is given to a method of a map, list, set, value, array or number changes nothing any more, whenever it ends: what {@code compute} and the like were to store is not stored, and
 * {@code sort} leaves the list as it was. What {@code replaceAll} had changed before stays so. All else, such as a method of a user's object, or {@code put} with a key whose {@code equals}
 * does not end, may still take effect when it ends.
 */
public final class FunctionTimeoutException extends ManagerException {
  private static final long serialVersionUID = 1;

  private final String object;
  private final String operation;
  private final Duration limit;
  private final StackTraceElement[] functionStack;

  /** Describes what took too long. */
  public FunctionTimeoutException(
      String message,
      String object,
      String operation,
      Duration limit,
      List<StackTraceElement> functionStack) {
    super(message);
    this.object = object;
    this.operation = operation;
    this.limit = limit;
    this.functionStack = functionStack.toArray(StackTraceElement[]::new);
  }

  /** Returns the object that it runs at: its kind and number. */
  public String object() {
    return object;
  }

  /** Returns what was called, such as {@code compute(Object,BiFunction)}. */
  public String operation() {
    return operation;
  }

  /** Returns how long it was allowed to run. */
  public Duration limit() {
    return limit;
  }

  /** Returns where it was when its time was over, the innermost method first; at most 100. Empty if it had ended by then. */
  public List<StackTraceElement> functionStack() {
    return List.of(functionStack);
  }
}
