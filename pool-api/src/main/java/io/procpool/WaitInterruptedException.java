// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/** A wait that cannot throw {@link InterruptedException} was interrupted. The thread's interrupt status is set. */
public final class WaitInterruptedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Describes what was waited for. */
  public WaitInterruptedException(String message, InterruptedException cause) {
    super(message, cause);
  }
}
