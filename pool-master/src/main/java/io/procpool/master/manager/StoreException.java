// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.IOException;

/** A store cannot be used: it is another server's, it is damaged, or it cannot be read or written. The message names it and says why. */
public final class StoreException extends IOException {
  private static final long serialVersionUID = 1;

  /** Says why. */
  public StoreException(String message, Throwable cause) {
    super(message, cause);
  }
}
