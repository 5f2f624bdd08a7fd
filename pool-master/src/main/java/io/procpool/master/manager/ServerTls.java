// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;

/** TLS as a server does it, with its certificate. Immutable; safe for use by multiple threads. */
public final class ServerTls {
  private static final String VERSION = "TLSv1.3";

  private final SslContext context;
  private final byte[] certificateSha256;

  private ServerTls(PrivateKey key, X509Certificate... chain)
      throws IOException, GeneralSecurityException {
    context = SslContextBuilder.forServer(key, chain)
        .sslProvider(SslProvider.JDK)
        .protocols(VERSION)
        .clientAuth(ClientAuth.NONE)
        .build();
    certificateSha256 = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
  }

  /**
   * Returns what options want, or nothing if that is no TLS.
   *
   * @throws IOException if the key store cannot be used; the message says why
   */
  public static Optional<ServerTls> of(ManagerOptions options) throws IOException {
    if (!options.isTls()) {
      return Optional.empty();
    }
    Path file = options.keyStore().orElse(null);
    return Optional.of(
        file == null ? selfSigned() : of(file, options.keyStorePassword().orElseThrow()));
  }

  private static ServerTls selfSigned() throws IOException {
    try {
      SelfSigned made = SelfSigned.make("procpool manager");
      return new ServerTls(made.key(), made.certificate());
    } catch (GeneralSecurityException e) {
      throw new IOException("this JVM cannot make a certificate: " + e.getMessage(), e);
    }
  }

  private static ServerTls of(Path file, char[] password) throws IOException {
    try {
      KeyStore store = KeyStore.getInstance(file.toFile(), password);
      List<String> keys = Collections.list(store.aliases()).stream()
          .filter(alias -> isKey(store, alias))
          .toList();
      if (keys.size() != 1) {
        throw new IOException("it has " + keys.size() + " private keys (expected: 1)");
      }
      Key key = store.getKey(keys.get(0), password);
      Certificate[] chain = store.getCertificateChain(keys.get(0));
      return new ServerTls(
          (PrivateKey) key,
          Arrays.stream(chain).map(X509Certificate.class::cast).toArray(X509Certificate[]::new));
    } catch (IOException
        | GeneralSecurityException
        | IllegalArgumentException
        | ClassCastException e) {
      throw new IOException("keyStore: " + file + " cannot be used: " + e.getMessage(), e);
    } finally {
      Arrays.fill(password, ' ');
    }
  }

  private static boolean isKey(KeyStore store, String alias) {
    try {
      return store.entryInstanceOf(alias, KeyStore.PrivateKeyEntry.class);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the key store was read before", e);
    }
  }

  /** Returns the SHA-256 of the certificate, as people read it. */
  public String fingerprint() {
    return HexFormat.ofDelimiter(":").withUpperCase().formatHex(certificateSha256);
  }

  /** Returns the key for the handshake inside TLS. */
  byte[] boundKey(byte[] key) {
    return ConnectionHandshake.boundKey(key, certificateSha256);
  }

  /**
   * Returns what encrypts one connection. It has no time limit: the handshake inside has one for both.
   *
   * @param signer does what takes its time
   */
  SslHandler newHandler(ByteBufAllocator allocator, Executor signer) {
    SslHandler handler = context.newHandler(allocator, signer);
    handler.setHandshakeTimeoutMillis(0);
    return handler;
  }
}
