// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.auth;

import java.io.IOException;

/** The other side of a handshake is not what it should be; the connection is to be closed. */
public final class HandshakeException extends IOException {
  private static final long serialVersionUID = 1;

  /** What is wrong with the other side. */
  public enum Reason {
    /** It does not speak this protocol at all. */
    FORMAT,
    /** It speaks another version of the protocol. */
    VERSION,
    /** It does not have the key. */
    KEY
  }

  private final Reason reason;

  /** Describes a failed handshake. */
  public HandshakeException(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** Returns what is wrong with the other side. */
  public Reason reason() {
    return reason;
  }
}
