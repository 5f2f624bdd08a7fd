// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.manager;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a process connects to a {@link Manager}. Made with {@link #builder()}; immutable; safe for use by multiple threads.
 *
 * <p>Defaults: {@link Builder#timeout timeout} 10 s; {@link Builder#tls tls} beyond the loopback interface only; no {@link Builder#fingerprint
 * fingerprint}, no {@link Builder#trustStore trustStore}. With TLS, which is always 1.3, the key also proves the certificate: both sides prove
 * that they know the key <em>for the certificate that the client has seen</em>, so whoever puts himself between the two with a certificate of
 * his own is refused. What he gets to see of that allows to guess a key that is a word or a phrase: use random bytes, or a fingerprint.
 */
public final class ConnectOptions {
  private static final int FINGERPRINT_BYTES = 32;

  private final Duration timeout;
  private final @Nullable Boolean tls;
  private final @Nullable String fingerprint;
  private final @Nullable Path trustStore;
  private final char @Nullable [] trustStorePassword;

  private ConnectOptions(Builder from) {
    this.timeout = from.timeout;
    this.tls = from.tls;
    this.fingerprint = from.fingerprint;
    this.trustStore = from.trustStore;
    this.trustStorePassword = from.trustStorePassword;
  }

  /** Returns a builder with all defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** Returns for how long it is tried. */
  public Duration timeout() {
    return timeout;
  }

  /**
   * Tells whether TLS is used with a server at an address.
   *
   * @throws IllegalArgumentException if these options want TLS, and the address is a Unix domain socket, or do not, and it is beyond loopback
   */
  public boolean isTlsAt(SocketAddress address) {
    boolean inet = address instanceof InetSocketAddress;
    boolean beyond = address instanceof InetSocketAddress tcp
        && !tcp.isUnresolved()
        && !tcp.getAddress().isLoopbackAddress();
    boolean wanted = tls == null ? beyond || fingerprint != null || trustStore != null : tls;
    if (wanted && !inet) {
      throw new IllegalArgumentException(
          "address: " + address
              + " (expected: an InetSocketAddress, because TLS, a fingerprint or a trust store is wanted)");
    }
    if (!wanted && beyond) {
      throw new IllegalArgumentException("tls=false, but " + address
          + " is beyond the loopback interface, where managers always use TLS");
    }
    return wanted;
  }

  /** Returns the fingerprint that the server's certificate must have, as {@link Manager#fingerprint()} writes it; nothing if any will do. */
  public Optional<String> fingerprint() {
    return Optional.ofNullable(fingerprint);
  }

  /** Returns the file of the certificates of which one must have signed the server's; nothing if any will do. */
  public Optional<Path> trustStore() {
    return Optional.ofNullable(trustStore);
  }

  /** Returns a copy of the trust store's password. */
  public Optional<char[]> trustStorePassword() {
    return Optional.ofNullable(trustStorePassword).map(char[]::clone);
  }

  @Override
  public String toString() {
    return "ConnectOptions[timeout=" + timeout
        + (tls == null ? "" : ", tls=" + tls)
        + (fingerprint == null ? "" : ", fingerprint=" + fingerprint)
        + (trustStore == null ? "]" : ", trustStore=" + trustStore + "]"); // not the password
  }

  /** Collects options; a bad argument fails in the setter, a bad combination in {@link #build()}. Not safe for use by multiple threads. */
  public static final class Builder {
    private Duration timeout = Manager.CONNECT_TIMEOUT;
    private @Nullable Boolean tls;
    private @Nullable String fingerprint;
    private @Nullable Path trustStore;
    private char @Nullable [] trustStorePassword;

    private Builder() {}

    /** Sets for how long it is tried, more than zero. */
    public Builder timeout(Duration timeout) {
      if (timeout.isZero() || timeout.isNegative()) {
        throw new IllegalArgumentException("timeout: " + timeout + " (expected: more than zero)");
      }
      this.timeout = timeout;
      return this;
    }

    /** Sets whether TLS is used, which has to be as the server has it. Without this it is used beyond the loopback interface, and with a fingerprint or a trust store. */
    public Builder tls(boolean tls) {
      this.tls = tls;
      return this;
    }

    /**
     * Sets the SHA-256 fingerprint that the server's certificate must have.
     *
     * @param fingerprint 64 hexadecimal digits, with or without colons between pairs of them
     */
    public Builder fingerprint(String fingerprint) {
      String digits = fingerprint.strip().replace(":", "");
      try {
        byte[] bytes = HexFormat.of().parseHex(digits);
        if (bytes.length != FINGERPRINT_BYTES) {
          throw new IllegalArgumentException(bytes.length + " bytes");
        }
        this.fingerprint = HexFormat.ofDelimiter(":").withUpperCase().formatHex(bytes);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            "fingerprint: \"" + fingerprint
                + "\" (expected: 64 hexadecimal digits, with or without colons)",
            e);
      }
      return this;
    }

    /**
     * Sets the file of the certificates of which one must have signed the server's, or be it. The names in the server's certificate are not compared with the address: the server proves
     * with the key that it is the right one.
     *
     * @param file a key store of the format PKCS 12 or JKS; it is read when a connection is made
     * @param password its password; it is copied
     */
    public Builder trustStore(Path file, char[] password) {
      this.trustStore = file.toAbsolutePath();
      this.trustStorePassword = password.clone();
      return this;
    }

    /**
     * Returns the options.
     *
     * @throws IllegalArgumentException if there is a fingerprint or a trust store, but TLS is not to be used
     */
    public ConnectOptions build() {
      if (Boolean.FALSE.equals(tls) && (fingerprint != null || trustStore != null)) {
        throw new IllegalArgumentException("tls=false with a "
            + (fingerprint != null ? "fingerprint" : "trust store") + "; leave one of the two out");
      }
      return new ConnectOptions(this);
    }
  }
}
