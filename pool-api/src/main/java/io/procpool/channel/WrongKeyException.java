// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import java.io.IOException;

/** The two sides of a connection do not know the same key. */
public final class WrongKeyException extends IOException {
  private static final long serialVersionUID = 1;

  /** Says who does not know the key. */
  public WrongKeyException(String message) {
    super(message);
  }
}
