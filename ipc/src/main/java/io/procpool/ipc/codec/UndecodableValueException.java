// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

/**
 * The bytes of a payload are whole, but the value cannot be rebuilt here: a class is missing or differs, a filter refuses it,
 * or its own {@code readObject} failed. The cause is what failed.
 */
public final class UndecodableValueException extends PayloadFormatException {
  private static final long serialVersionUID = 1;

  /** Describes a value that cannot be rebuilt. */
  public UndecodableValueException(String message, Throwable cause) {
    super(message, cause);
  }
}
