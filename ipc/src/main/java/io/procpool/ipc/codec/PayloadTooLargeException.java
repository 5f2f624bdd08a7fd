// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

/** A payload would be larger than the limit of its {@link PayloadWriter}. Nothing was written by the call that failed. */
public final class PayloadTooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final long sizeBytes;
  private final int limitBytes;

  /** Describes a payload that is too large. */
  public PayloadTooLargeException(long sizeBytes, int limitBytes) {
    super("payload of at least "
        + sizeBytes
        + " bytes is above the limit of "
        + limitBytes
        + " bytes; pass less, or share the data in a shared array or a file");
    this.sizeBytes = sizeBytes;
    this.limitBytes = limitBytes;
  }

  /** Returns how large the payload was when it passed the limit, in bytes; the whole may be larger. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Returns the limit in bytes. */
  public int limitBytes() {
    return limitBytes;
  }
}
