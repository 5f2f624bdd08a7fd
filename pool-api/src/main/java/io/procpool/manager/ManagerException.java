// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/** A manager could not do what it was asked for; the message says what, and names the manager. */
public class ManagerException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Says what went wrong. */
  public ManagerException(String message) {
    super(message);
  }

  /** Says what went wrong, and why. */
  public ManagerException(String message, Throwable cause) {
    super(message, cause);
  }
}
