// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** The process of a child could not be started; its task never runs. The message says why. */
public final class ChildStartException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String childName;

  /** Describes a failed start. */
  public ChildStartException(String childName, String reason, Throwable cause) {
    super("child \"" + childName + "\" cannot be started: " + reason, cause);
    this.childName = childName;
  }

  /** Returns the name of the child. */
  public String childName() {
    return childName;
  }
}
