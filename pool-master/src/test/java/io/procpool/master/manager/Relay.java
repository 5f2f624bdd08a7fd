// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/** Somebody between clients and a server, who passes on what they say: as it is, in pieces, up to a point, or as a man in the middle with a certificate of his own. */
final class Relay implements AutoCloseable {
  private final ServerSocket listening;
  private final ConnectsTo target;
  private final int pieceBytes;
  private final List<Socket> sockets = new CopyOnWriteArrayList<>();

  private final AtomicLong passed = new AtomicLong();

  private interface ConnectsTo {
    Socket connect() throws Exception;
  }

  private Relay(ServerSocket listening, ConnectsTo target, int pieceBytes) {
    this.listening = listening;
    this.target = target;
    this.pieceBytes = pieceBytes;
    start(this::serve);
  }

  /** Passes bytes on as they are, so many at once at most. */
  static Relay ofBytes(SocketAddress server, int pieceBytes) throws Exception {
    return new Relay(
        new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), () -> plain(server), pieceBytes);
  }

  /** Ends TLS on both sides, with this certificate for the clients. */
  static Relay inTheMiddle(SocketAddress server, SelfSigned own) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("own", own.key(), new char[0], new Certificate[] {own.certificate()});
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(keys.getKeyManagers(), null, null);
    InetSocketAddress inet = (InetSocketAddress) server;
    return new Relay(
        context
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
        () -> RawPeer.trusting().getSocketFactory().createSocket(inet.getAddress(), inet.getPort()),
        Integer.MAX_VALUE);
  }

  private static Socket plain(SocketAddress server) throws IOException {
    InetSocketAddress inet = (InetSocketAddress) server;
    return new Socket(inet.getAddress(), inet.getPort());
  }

  SocketAddress address() {
    return listening.getLocalSocketAddress();
  }

  /** Returns how many bytes it has passed on, either way. */
  long passedBytes() {
    return passed.get();
  }

  /** Ends all connections. */
  void cut() throws IOException {
    for (Socket socket : sockets) {
      socket.close();
    }
  }

  private static void start(Runnable runnable) {
    Thread thread = new Thread(runnable, "manager-test-relay");
    thread.setDaemon(true);
    thread.start();
  }

  private void serve() {
    try {
      while (true) {
        Socket client = listening.accept();
        Socket server = target.connect();
        client.setTcpNoDelay(true);
        server.setTcpNoDelay(true);
        sockets.add(client);
        sockets.add(server);
        start(() -> pass(client, server));
        start(() -> pass(server, client));
      }
    } catch (Exception closed) {
      // That is its end.
    }
  }

  private void pass(Socket from, Socket to) {
    try (from;
        to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      byte[] piece = new byte[Math.min(pieceBytes, 1 << 16)];
      for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
        out.write(piece, 0, count);
        passed.addAndGet(count);
      }
    } catch (IOException ended) {
      // And so has the other one.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    cut();
  }
}
