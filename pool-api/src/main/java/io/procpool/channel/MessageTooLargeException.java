// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import java.io.IOException;

/** A message is larger than it may be. The stream stays in step: the next message is not affected. */
public final class MessageTooLargeException extends IOException {
  private static final long serialVersionUID = 1;

  private final long bytes;
  private final long limitBytes;

  /** Describes a message of a size above a limit. */
  public MessageTooLargeException(String message, long bytes, long limitBytes) {
    super(message);
    this.bytes = bytes;
    this.limitBytes = limitBytes;
  }

  /** Returns the size of the message. */
  public long bytes() {
    return bytes;
  }

  /** Returns the size it may have. */
  public long limitBytes() {
    return limitBytes;
  }
}
