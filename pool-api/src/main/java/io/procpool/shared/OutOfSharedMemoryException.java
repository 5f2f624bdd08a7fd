// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.shared;

import org.jspecify.annotations.Nullable;

/** There is no room for a shared value, array or lock. Nothing was made; what there is stays usable. */
public final class OutOfSharedMemoryException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final long requestedBytes;
  private final long availableBytes;

  /**
   * Describes what did not fit.
   *
   * @param availableBytes what the place has left, or -1 if that is not known
   */
  public OutOfSharedMemoryException(
      String message, long requestedBytes, long availableBytes, @Nullable Throwable cause) {
    super(message, cause);
    this.requestedBytes = requestedBytes;
    this.availableBytes = availableBytes;
  }

  /** Returns how many bytes were asked for. */
  public long requestedBytes() {
    return requestedBytes;
  }

  /** Returns how many bytes there were, or -1 if that is not known. */
  public long availableBytes() {
    return availableBytes;
  }
}
