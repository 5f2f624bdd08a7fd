// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.util.concurrent.RejectedExecutionException;

/**
 * A task or an argument cannot be encoded. Thrown by the submitting method, in the caller's thread; the task was not
 * accepted. The message names the path to the offending field, such as {@code Render.scene.cache}.
 */
public final class NotSerializableTaskException extends RejectedExecutionException {
  private static final long serialVersionUID = 1;

  private final String path;

  /** Describes what cannot be encoded. */
  public NotSerializableTaskException(String message, String path, Throwable cause) {
    super(message, cause);
    this.path = path;
  }

  /** Returns the path to the offending field, as far as it is known. */
  public String path() {
    return path;
  }
}
