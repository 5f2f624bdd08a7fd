// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

/**
 * A message cannot be encoded, or is longer than may be: what is sent through a pipe or connection, put into a queue, or given to a method of an object of a {@link io.procpool.manager.Manager}. Thrown by the method
 * that puts, sends or was called; nothing was sent, and nothing was done. The message of the exception names the
 * path to the offending field, such as {@code Render.scene.cache}.
 */
public final class NotSerializableMessageException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  private final String path;

  /** Describes what cannot be encoded. */
  public NotSerializableMessageException(String message, String path, Throwable cause) {
    super(message, cause);
    this.path = path;
  }

  /** Returns the path to the offending field, as far as it is known. */
  public String path() {
    return path;
  }
}
