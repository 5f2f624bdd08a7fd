// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.IOException;

/**
 * A value cannot be encoded: something in it is not serializable, or its own {@code writeObject} failed. The cause is what
 * failed; {@link SerializationDiagnosis} finds the field.
 */
public final class UnencodableValueException extends IOException {
  private static final long serialVersionUID = 1;

  /** Describes a value that cannot be encoded. */
  public UnencodableValueException(String message, Throwable cause) {
    super(message, cause);
  }
}
