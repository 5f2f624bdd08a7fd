// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.channel.WrongKeyException;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.auth.HandshakeException;
import io.procpool.manager.WrongCertificateException;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** One attempt to connect to a listener. For one thread. */
final class Connecting implements AutoCloseable {
  /*
   * The system has no room for one more client of a Unix socket if its listener does not accept, and says so at once, with an exception that
   * only its text tells from others; if the file is there and may be written to, that is tried again until the time is up.
   */
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final SocketAddress address;
  private final StandardProtocolFamily family;
  private final Duration timeout;
  private final long start = System.nanoTime();
  private final Selector selector;
  private @Nullable SocketChannel channel;
  private @Nullable String fingerprint; // of the certificate that was seen
  private String doing = "connecting";

  private Connecting(SocketAddress address, Duration timeout) throws IOException {
    this.address = address;
    this.family = Addresses.family(address);
    this.timeout = timeout;
    this.selector = Selector.open();
  }

  static SocketConnection.Connected connect(
      SocketAddress address, byte[] key, Duration timeout, @Nullable ClientTls tls)
      throws IOException, InterruptedException {
    byte[] ownKey = ConnectionHandshake.copyOfKey(key);
    if (timeout.isZero() || timeout.isNegative()) {
      throw new IllegalArgumentException("timeout: " + timeout + " (expected: more than zero)");
    }
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try (Connecting connecting = new Connecting(address, timeout)) {
      return connecting.run(ownKey, tls);
    }
  }

  private SocketConnection.Connected run(byte[] key, @Nullable ClientTls wanted)
      throws IOException, InterruptedException {
    try {
      SocketChannel connected = open();
      connected.register(selector, SelectionKey.OP_READ);
      TlsChannel tls = null;
      if (wanted == null) {
        shakeHands(connected, key);
      } else {
        SSLEngine engine = wanted.newEngine();
        tls = encrypt(connected, engine);
        byte[] certificate = wanted.check(engine, address);
        fingerprint = ClientTls.text(certificate);
        shakeHands(tls, ConnectionHandshake.boundKey(key, certificate));
      }
      channel = null;
      selector.keys().forEach(SelectionKey::cancel);
      return new SocketConnection.Connected(
          new SocketConnection(connected, tls, address.toString()), fingerprint);
    } catch (SocketTimeoutException | WrongKeyException | WrongCertificateException e) {
      throw e;
    } catch (SSLException e) {
      throw new IOException(
          "no connection to " + address + ": TLS 1.3 was not agreed on: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new IOException("no connection to " + address + ": " + e.getMessage(), e);
    }
  }

  private SocketChannel open() throws IOException, InterruptedException {
    long pause = FIRST_PAUSE_NANOS;
    while (true) {
      SocketChannel made = SocketChannel.open(family);
      channel = made;
      made.configureBlocking(false);
      if (begin(made)) {
        Addresses.configure(made);
        return made;
      }
      if (family != StandardProtocolFamily.UNIX) {
        SelectionKey key = made.register(selector, SelectionKey.OP_CONNECT);
        while (!made.finishConnect()) {
          await(ChannelWait.LONGEST_NANOS);
        }
        key.interestOps(0);
        Addresses.configure(made);
        return made;
      }
      made.close();
      await(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
    }
  }

  private boolean begin(SocketChannel made) throws IOException {
    try {
      return made.connect(address);
    } catch (ConnectException nobodyListens) {
      throw nobodyListens;
    } catch (SocketException e) {
      if (address instanceof UnixDomainSocketAddress unix && Files.isWritable(unix.getPath())) {
        doing = "waiting for room: " + e.getMessage();
        return false;
      }
      throw e;
    }
  }

  private TlsChannel encrypt(SocketChannel connected, SSLEngine engine)
      throws IOException, InterruptedException {
    doing = "agreeing on TLS";
    TlsChannel tls = new TlsChannel(connected, engine);
    while (!tls.shakeHands()) {
      await(ChannelWait.LONGEST_NANOS);
    }
    return tls;
  }

  private void shakeHands(ByteChannel connected, byte[] key)
      throws IOException, InterruptedException {
    doing = "shaking hands";
    byte[] greeting = read(connected, ConnectionHandshake.GREETING_BYTES);
    ConnectionHandshake.checkGreeting(greeting);
    byte[] proof = ConnectionHandshake.proof(key, greeting, Handshake.newNonce());
    ByteBuffer message = ByteBuffer.wrap(proof);
    if (connected.write(message) < proof.length) {
      throw new IOException("the socket has no room for " + proof.length + " bytes");
    }
    byte[] answer = read(connected, ConnectionHandshake.VERDICT_BYTES);
    switch (verdict(key, greeting, proof, answer)) {
      case ACCEPTED -> {}
      case FULL ->
        throw new IOException("as many connections as its backlog allows wait to be accepted");
      case WRONG_KEY ->
        throw new WrongKeyException(
            "the listener at " + address + " has another key" + orCertificate());
      case WRONG_VERSION ->
        throw new IOException("the listener speaks another version of the protocol than "
            + ConnectionHandshake.VERSION + "; use the same procpool version on both sides");
    }
  }

  private Verdict verdict(byte[] key, byte[] greeting, byte[] proof, byte[] answer)
      throws IOException {
    try {
      return ConnectionHandshake.readVerdict(key, greeting, proof, answer);
    } catch (HandshakeException e) {
      if (e.reason() == HandshakeException.Reason.KEY) {
        WrongKeyException wrong = new WrongKeyException("who listens at " + address
            + " did not prove to know the key, although it says so" + orCertificate());
        wrong.initCause(e);
        throw wrong;
      }
      throw e;
    }
  }

  private String orCertificate() {
    return fingerprint == null
        ? ""
        : ", or the certificate that came from there (SHA-256 " + fingerprint
            + ") is not its own but that of somebody in between";
  }

  private byte[] read(ByteChannel from, int bytes) throws IOException, InterruptedException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      int count = from.read(into);
      if (count < 0) {
        throw new EOFException("the other side has closed the connection while " + doing
            + "; it is no listener of procpool's, or is ending, or has too much to do");
      }
      if (count == 0) {
        await(ChannelWait.LONGEST_NANOS);
      }
    }
    return into.array();
  }

  /** Waits until something happens, for a time at most, and for no longer than is left in all. */
  private void await(long nanos) throws IOException, InterruptedException {
    long left = TimeUnit.NANOSECONDS.convert(timeout) - (System.nanoTime() - start);
    if (left <= 0) {
      throw new SocketTimeoutException(
          "no connection to " + address + " within " + timeout + " (still " + doing + ")");
    }
    ChannelWait.select(selector, Math.min(nanos, left));
    selector.selectedKeys().clear();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
  }

  @Override
  public void close() throws IOException {
    SocketChannel failed = channel;
    if (failed != null) {
      Addresses.closeQuietly(failed);
    }
    selector.close();
  }
}
