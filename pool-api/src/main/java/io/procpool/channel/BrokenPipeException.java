// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import java.io.IOException;

/** Nobody holds the other end of a connection any more, so that what is sent would be lost. It was not sent. */
public final class BrokenPipeException extends IOException {
  private static final long serialVersionUID = 1;

  /** Says what is broken. */
  public BrokenPipeException(String message) {
    super(message);
  }
}
