// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** A wait that cannot throw the checked {@link java.util.concurrent.TimeoutException} took longer than allowed. */
public final class WaitTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Describes what was waited for. */
  public WaitTimeoutException(String message) {
    super(message);
  }
}
