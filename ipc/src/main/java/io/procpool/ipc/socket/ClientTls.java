// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.manager.ConnectOptions;
import io.procpool.manager.WrongCertificateException;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** What a client wants of TLS, and how it checks the certificate of a server. Immutable; safe for use by multiple threads. */
public final class ClientTls {
  /*
   * TLS itself takes any certificate: what the client knows of it is checked when it has been seen, so that the message can say all, and before
   * anything is sent. If nothing is known of it, it is the key that proves it (ConnectionHandshake.boundKey).
   */
  private static final String VERSION = "TLSv1.3";

  private final @Nullable String fingerprint;
  private final @Nullable Path trustStore;
  private final @Nullable X509TrustManager trusted;

  private ClientTls(
      @Nullable String fingerprint, @Nullable Path trustStore, @Nullable X509TrustManager trusted) {
    this.fingerprint = fingerprint;
    this.trustStore = trustStore;
    this.trusted = trusted;
  }

  /**
   * Returns what is wanted with a server at an address, or nothing if TLS is not.
   *
   * @throws IOException if there is a trust store that cannot be read
   */
  public static Optional<ClientTls> of(ConnectOptions options, SocketAddress address)
      throws IOException {
    if (!options.isTlsAt(address)) {
      return Optional.empty();
    }
    Path file = options.trustStore().orElse(null);
    X509TrustManager trusted =
        file == null ? null : read(file, options.trustStorePassword().orElseThrow());
    return Optional.of(new ClientTls(options.fingerprint().orElse(null), file, trusted));
  }

  private static X509TrustManager read(Path file, char[] password) throws IOException {
    try {
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      KeyStore store = KeyStore.getInstance(file.toFile(), password);
      factory.init(store);
      for (TrustManager manager : factory.getTrustManagers()) {
        if (manager instanceof X509TrustManager found && found.getAcceptedIssuers().length > 0) {
          return found;
        }
      }
      throw new IOException("there is no certificate that is trusted");
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("trustStore: " + file + " cannot be used: " + e.getMessage(), e);
    } finally {
      Arrays.fill(password, ' ');
    }
  }

  /** Returns what encrypts one connection. */
  SSLEngine newEngine() throws IOException {
    try {
      SSLContext context = SSLContext.getInstance(VERSION);
      context.init(null, new TrustManager[] {new Anyone()}, null);
      SSLEngine engine = context.createSSLEngine();
      engine.setUseClientMode(true);
      engine.setEnabledProtocols(new String[] {VERSION});
      return engine;
    } catch (GeneralSecurityException e) {
      throw new IOException("this JVM has no " + VERSION + ": " + e.getMessage(), e);
    }
  }

  /**
   * Checks the certificate of a server after the handshake of TLS; returns its SHA-256.
   *
   * @throws WrongCertificateException if it is not what is wanted
   */
  byte[] check(SSLEngine engine, SocketAddress address) throws IOException {
    X509Certificate[] chain = chain(engine);
    byte[] hash = sha256(chain[0]);
    String presented = text(hash);
    if (fingerprint != null && !fingerprint.equals(presented)) {
      throw new WrongCertificateException(
          "the manager at " + address + " has another certificate: its fingerprint is " + presented
              + ", wanted is " + fingerprint + "; nothing was sent",
          presented,
          fingerprint);
    }
    X509TrustManager store = trusted;
    if (store != null) {
      try {
        store.checkServerTrusted(chain, "UNKNOWN");
      } catch (CertificateException e) {
        WrongCertificateException wrong = new WrongCertificateException(
            "the certificate of the manager at " + address + " with the fingerprint " + presented
                + " is not signed by one in " + trustStore + " (" + fingerprints(store) + "): "
                + e.getMessage() + "; nothing was sent",
            presented,
            fingerprint);
        wrong.initCause(e);
        throw wrong;
      }
    }
    return hash;
  }

  private static X509Certificate[] chain(SSLEngine engine) throws SSLPeerUnverifiedException {
    return Arrays.stream(engine.getSession().getPeerCertificates())
        .map(X509Certificate.class::cast)
        .toArray(X509Certificate[]::new);
  }

  private static String fingerprints(X509TrustManager store) throws IOException {
    StringBuilder all = new StringBuilder();
    for (X509Certificate each : store.getAcceptedIssuers()) {
      all.append(all.isEmpty() ? "" : ", ").append(text(sha256(each)));
    }
    return all.toString();
  }

  private static byte[] sha256(X509Certificate certificate) throws IOException {
    try {
      return MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IOException("the certificate cannot be read: " + e.getMessage(), e);
    }
  }

  /** Writes a fingerprint for people. */
  static String text(byte[] sha256) {
    return HexFormat.ofDelimiter(":").withUpperCase().formatHex(sha256);
  }

  /** Leaves the judgement to {@link #check}. */
  private static final class Anyone extends X509ExtendedTrustManager {
    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type)
        throws CertificateException {
      throw new CertificateException("this is the client");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
        throws CertificateException {
      checkClientTrusted(chain, type);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
