// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

/** A queue is closed: nothing more can be put, or all that had been put has been taken. */
public final class QueueClosedException extends IllegalStateException {
  private static final long serialVersionUID = 1;

  /** Says what cannot be done any more. */
  public QueueClosedException(String message) {
    super(message);
  }
}
