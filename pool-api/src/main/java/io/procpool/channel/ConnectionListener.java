// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.channel;

import io.procpool.Awaitable;
import io.procpool.spi.Channels;
import java.io.IOException;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeoutException;

/**
 * Accepts {@link Connection}s over a socket from other programs, related to this one or not, on this machine (Unix domain
 * sockets) or another one (TCP). Both sides prove to each other that they know the same key before anything else is read (mutual
 * HMAC-SHA-256 of fresh random numbers); neither learns the key from that. What goes over the connection afterwards is not encrypted.
 *
 * <p>The handshakes run beside each other, outside of {@link #accept()}: a client that is silent, slow, or does not know the key is
 * given up after ten seconds and costs nobody else anything.
 *
 * <p>Messages are decoded by JDK serialization, which runs code of the classes it finds: give the key only to whom you would let run
 * code, or set {@code jdk.serialFilter}.
 *
 * <p>Safe for use by multiple threads.
 */
public interface ConnectionListener extends Awaitable, AutoCloseable {
  /** How many connections wait to be accepted at most if nothing else is said. */
  int DEFAULT_BACKLOG = 50;

  /**
   * Begins to listen.
   *
   * @param address a {@link java.net.UnixDomainSocketAddress}, whose file is made, for this user only, and, by {@link #close()}, removed;
   *     a socket that is there already and at which nobody listens is replaced. Or an {@link java.net.InetSocketAddress}, with port 0 for
   *     one that is free
   * @param key the secret of both sides, 16 bytes or more; copied
   * @throws IOException if the address cannot be had, naming it
   */
  static ConnectionListener listen(SocketAddress address, byte[] key) throws IOException {
    return listen(address, key, DEFAULT_BACKLOG);
  }

  /**
   * As {@link #listen(SocketAddress, byte[])}.
   *
   * @param backlog how many connections wait to be accepted at most, 1 to 10000; of those that come beyond that, the newest are
   *     closed
   */
  static ConnectionListener listen(SocketAddress address, byte[] key, int backlog)
      throws IOException {
    return Channels.installed().listen(address, key, backlog);
  }

  /** Connects to a listener, waiting ten seconds at most; as {@link #connect(SocketAddress, byte[], Duration)}. */
  static Connection connect(SocketAddress address, byte[] key)
      throws IOException, InterruptedException {
    return connect(address, key, Duration.ofSeconds(10));
  }

  /**
   * Connects to a listener.
   *
   * @param timeout for the whole of connecting and handshake, more than zero
   * @throws WrongKeyException if the other side does not know the key, or says that this one does not
   * @throws java.net.SocketTimeoutException if it took longer
   * @throws InterruptedException if the thread is interrupted meanwhile
   * @throws IOException if there is no listener, or as many as its backlog allows wait already; naming the address
   */
  static Connection connect(SocketAddress address, byte[] key, Duration timeout)
      throws IOException, InterruptedException {
    return Channels.installed().connect(address, key, timeout);
  }

  /**
   * Waits for the next client that knows the key.
   *
   * @throws InterruptedException if the thread is interrupted meanwhile; the listener is not affected
   * @throws IllegalStateException if this listener is closed, also while waiting
   */
  Connection accept() throws IOException, InterruptedException;

  /**
   * As {@link #accept()}, for a time.
   *
   * @param timeout zero or less: does not wait
   * @throws TimeoutException if nobody came in that time
   */
  Connection accept(Duration timeout) throws IOException, InterruptedException, TimeoutException;

  /** Returns where it listens, with the port that was chosen. */
  SocketAddress address();

  /** Returns how many clients were turned away because they did not know the key, were silent, or spoke something else. */
  long refused();

  /** Ends listening, and closes what nobody has accepted. Connections that were accepted live on. A second call has no effect. */
  @Override
  void close();
}
