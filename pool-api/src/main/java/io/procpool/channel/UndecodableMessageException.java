// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

/**
 * A message has arrived that cannot be rebuilt in this process: a class is missing or differs, a filter refuses it, or its own {@code
 * readObject} failed. It was taken; the next message is not affected.
 */
public final class UndecodableMessageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /** Describes a message that cannot be rebuilt. */
  public UndecodableMessageException(String message, Throwable cause) {
    super(message, cause);
  }
}
