// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The bytes of a payload are not what the reader expects: cut, damaged, or made by something else. */
public class PayloadFormatException extends IOException {
  private static final long serialVersionUID = 1;

  /** Describes malformed bytes. */
  public PayloadFormatException(String message) {
    super(message);
  }

  /** Describes malformed bytes, and what failed on them. */
  public PayloadFormatException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
