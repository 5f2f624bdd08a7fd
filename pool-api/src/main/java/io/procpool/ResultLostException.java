// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * The task ran to its end, but its value did not reach the caller: it cannot be encoded (the message names the path to the
 * offending field), cannot be decoded here, or is larger than a message may be.
 */
public final class ResultLostException extends InfrastructureException {
  private static final long serialVersionUID = 1;

  /** Describes a lost value. */
  public ResultLostException(String message, long taskId) {
    super(message, taskId, Certainty.RESULT_LOST, true);
  }
}
