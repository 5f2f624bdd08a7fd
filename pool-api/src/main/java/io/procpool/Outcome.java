// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * How one input of an {@link Pool#imap imap} ended: its value, or what it failed with. Immutable; safe for use by
 * multiple threads.
 *
 * @param <R> type of the value
 * @param index position of the input, from 0
 * @param value the value; null when the input failed, and also when the task returned null
 * @param error what the input failed with; null when it succeeded
 */
public record Outcome<R extends @Nullable Object>(
    long index, @Nullable R value, @Nullable Throwable error) implements Serializable {
  /** Tells whether the input has a value. */
  public boolean isSuccess() {
    return error == null;
  }
}
