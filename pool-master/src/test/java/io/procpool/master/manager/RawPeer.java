// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.channel.Messages;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.ipc.wire.ToManager;
import io.procpool.ipc.wire.WireMessage;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** A client over TCP that says what a test wants, in plain or inside TLS. For one thread. */
final class RawPeer implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 30_000;
  private static final int HEAD_BYTES = 5;

  private final Socket socket;
  private final DataInputStream in;

  private RawPeer(Socket socket) throws IOException {
    this.socket = socket;
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    in = new DataInputStream(socket.getInputStream());
  }

  static RawPeer plain(SocketAddress address) throws IOException {
    InetSocketAddress inet = (InetSocketAddress) address;
    return new RawPeer(new Socket(inet.getAddress(), inet.getPort()));
  }

  /** Connects with TLS, whoever the server is. */
  static RawPeer tls(SocketAddress address, String... versions) throws Exception {
    InetSocketAddress inet = (InetSocketAddress) address;
    SSLSocket socket =
        (SSLSocket) trusting().getSocketFactory().createSocket(inet.getAddress(), inet.getPort());
    if (versions.length > 0) {
      socket.setEnabledProtocols(versions);
    }
    RawPeer peer = new RawPeer(socket);
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return peer;
  }

  static SSLContext trusting() throws GeneralSecurityException {
    SSLContext context = SSLContext.getInstance("TLS");
    X509TrustManager anyone = new X509TrustManager() {
      @Override
      public void checkClientTrusted(X509Certificate[] chain, String type) {}

      @Override
      public void checkServerTrusted(X509Certificate[] chain, String type) {}

      @Override
      public X509Certificate[] getAcceptedIssuers() {
        return new X509Certificate[0];
      }
    };
    context.init(null, new TrustManager[] {anyone}, null);
    return context;
  }

  /** Sets for how long it waits for the other side. */
  RawPeer patience(int millis) throws IOException {
    socket.setSoTimeout(millis);
    return this;
  }

  /** Returns the key as it is used inside this connection's TLS, or as it is. */
  byte[] keyHere(byte[] key) throws Exception {
    if (!(socket instanceof SSLSocket tls)) {
      return key;
    }
    byte[] certificate = tls.getSession().getPeerCertificates()[0].getEncoded();
    return ConnectionHandshake.boundKey(
        key, MessageDigest.getInstance("SHA-256").digest(certificate));
  }

  RawPeer write(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    return this;
  }

  byte[] read(int bytes) throws IOException {
    byte[] read = new byte[bytes];
    in.readFully(read);
    return read;
  }

  byte[] greeting() throws IOException {
    return read(ConnectionHandshake.GREETING_BYTES);
  }

  /** Shakes hands as it should be; returns the proof that was sent. */
  byte[] shakeHands(byte[] key) throws Exception {
    byte[] greeting = greeting();
    byte[] bound = keyHere(key);
    byte[] proof = ConnectionHandshake.proof(bound, greeting, Handshake.newNonce());
    write(proof);
    byte[] verdict = read(ConnectionHandshake.VERDICT_BYTES);
    if (ConnectionHandshake.readVerdict(bound, greeting, proof, verdict) != Verdict.ACCEPTED) {
      throw new IOException("not let in");
    }
    return proof;
  }

  /** Shakes hands and says hello. */
  RawPeer join(byte[] key) throws Exception {
    shakeHands(key);
    hello(ManagerWire.VERSION);
    return this;
  }

  /** Says hello as one of this version; returns the version of the server. */
  int hello(int version) throws Exception {
    send(message(new ToManager.Hello(version, 1, "guest")));
    return ((FromManager.Welcome) FromManager.read(ManagerWire.header(receive()))).version();
  }

  /** Returns a message as it is sent. */
  static byte[] message(WireMessage header, Object... arguments) throws Exception {
    PayloadWriter message = new PayloadWriter();
    ManagerWire.begin(message, header);
    for (Object argument : arguments) {
      ValueCodec.write(message, argument);
    }
    return framed(message.toByteArray());
  }

  /** Returns messages that are sent one after the other. */
  static byte[] joined(List<byte[]> messages) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    messages.forEach(all::writeBytes);
    return all.toByteArray();
  }

  /** Returns messages that are sent as one. */
  static byte[] batch(List<byte[]> messages) {
    PayloadWriter batch = new PayloadWriter();
    ManagerWire.begin(batch, new ToManager.Batch());
    for (byte[] message : messages) {
      batch.putVarint(message.length - HEAD_BYTES);
      batch.putBytes(message, HEAD_BYTES, message.length - HEAD_BYTES);
    }
    return framed(batch.toByteArray());
  }

  private static byte[] framed(byte[] content) {
    return ByteBuffer.allocate(HEAD_BYTES + content.length)
        .putInt(content.length)
        .put((byte) Messages.BYTES)
        .put(content)
        .array();
  }

  RawPeer send(byte[] message) throws IOException {
    return write(message);
  }

  PayloadReader receive() throws IOException {
    int length = in.readInt();
    in.readByte();
    return new PayloadReader(read(length));
  }

  /** Calls something of the server itself, and returns the number of the object that it opens. */
  long open(String kind, String name, Object... more) throws Exception {
    Object[] arguments = new Object[2 + more.length];
    arguments[0] = kind;
    arguments[1] = name;
    System.arraycopy(more, 0, arguments, 2, more.length);
    send(message(
        new ToManager.Call(1, ManagerWire.SERVER, ManagerWire.OPEN, List.of(), 0), arguments));
    PayloadReader reply = receive();
    FromManager.read(ManagerWire.header(reply));
    return (Long) ValueCodec.read(reply, getClass().getClassLoader());
  }

  /** Waits until the other side has closed. */
  void awaitEnd() throws IOException {
    byte[] some = new byte[1 << 16];
    try {
      while (in.read(some) >= 0) {
        // More of what it said before.
      }
    } catch (EOFException | java.net.SocketException | javax.net.ssl.SSLException end) {
      // That is an end, too.
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
