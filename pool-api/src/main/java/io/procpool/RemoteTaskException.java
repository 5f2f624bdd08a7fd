// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

/**
 * Stands for an exception of a task that could not be rebuilt here, because its class is missing, it cannot be serialized,
 * or its deserialization failed. Carries its class name, message and full trace as text.
 */
public final class RemoteTaskException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String remoteClass;
  private final String remoteMessage;
  private final String remoteTrace;

  /** Describes the exception. */
  public RemoteTaskException(String remoteClass, String remoteMessage, String remoteTrace) {
    super(remoteClass + ": " + remoteMessage);
    this.remoteClass = remoteClass;
    this.remoteMessage = remoteMessage;
    this.remoteTrace = remoteTrace;
  }

  /** Returns the name of the exception's class. */
  public String remoteClass() {
    return remoteClass;
  }

  /** Returns the exception's message. */
  public String remoteMessage() {
    return remoteMessage;
  }

  /** Returns the exception's full trace as text, causes included. */
  public String remoteTrace() {
    return remoteTrace;
  }
}
