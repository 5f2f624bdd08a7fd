// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A server presented another certificate than {@link ConnectOptions} allow. Nothing was sent to it, and no connection was made.
 */
public final class WrongCertificateException extends IOException {
  private static final long serialVersionUID = 1;

  private final String presented;
  private final @Nullable String expected;

  /**
   * Says what is wrong with a certificate.
   *
   * @param presented fingerprint of the server's certificate
   * @param expected fingerprint that was wanted; null if one from a trust store was
   */
  public WrongCertificateException(String message, String presented, @Nullable String expected) {
    super(message);
    this.presented = presented;
    this.expected = expected;
  }

  /** Returns the fingerprint of the certificate that the server presented. */
  public String presented() {
    return presented;
  }

  /** Returns the fingerprint that was wanted; nothing if one from a trust store was. */
  public Optional<String> expected() {
    return Optional.ofNullable(expected);
  }
}
