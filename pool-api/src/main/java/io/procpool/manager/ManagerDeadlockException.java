// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.util.List;

/**
 * A function that runs on the server would wait for its own end: it uses the object that it runs at, or another one, at which a function runs that waits for the first, directly or
 * through more of them. Thrown inside the function whose call would close the circle, at once; nothing was done by that call, and the other functions go on. Use one object in a
 * function, or the objects in the same order in all functions.
 */
public final class ManagerDeadlockException extends ManagerException {
  private static final long serialVersionUID = 1;

  private final String[] circle;

  /** Describes a circle. */
  public ManagerDeadlockException(String message, List<String> circle) {
    super(message);
    this.circle = circle.toArray(String[]::new);
  }

  /** Returns who waits for each other: operation and object, such as {@code compute(Object,BiFunction) at map 3}; each waits for the object of the next, the last one for that of the first. */
  public List<String> circle() {
    return List.of(circle);
  }
}
