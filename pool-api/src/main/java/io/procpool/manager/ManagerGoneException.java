// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

/**
 * The connection to a manager's server has ended: the server was closed or killed, or has closed the connection. What was being done may have
 * been done or not. Its objects cannot be reached by this process any more.
 */
public final class ManagerGoneException extends ManagerException {
  private static final long serialVersionUID = 1;

  /** Names the manager. */
  public ManagerGoneException(String message, Throwable cause) {
    super(message, cause);
  }
}
