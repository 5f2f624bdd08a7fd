// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.codec;

/**
 * A {@link PayloadWriter} over a buffer of fixed size is full. Nothing was written by the call that failed. It has no trace:
 * it is the usual sign to empty the buffer.
 */
public final class PayloadFullException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PayloadFullException() {
    super("the buffer is full", null, false, false);
  }
}
