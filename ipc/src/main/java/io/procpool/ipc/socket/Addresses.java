// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;

/** What kinds of addresses there are. */
final class Addresses {
  private Addresses() {}

  /**
   * Returns the family of sockets that an address belongs to.
   *
   * @throws IllegalArgumentException if it is one of another kind
   * @throws UnknownHostException if the host is not known
   */
  static StandardProtocolFamily family(SocketAddress address) throws UnknownHostException {
    if (address instanceof UnixDomainSocketAddress unix) {
      if (unix.getPath().toString().isEmpty()) {
        throw new IllegalArgumentException("address: a Unix domain socket without a path");
      }
      return StandardProtocolFamily.UNIX;
    }
    if (!(address instanceof InetSocketAddress inet)) {
      throw new IllegalArgumentException("address: " + address + " of " + address.getClass()
          + " (expected: UnixDomainSocketAddress or InetSocketAddress)");
    }
    if (inet.isUnresolved()) {
      throw new UnknownHostException("the host of " + address + " is not known");
    }
    return inet.getAddress().getAddress().length == 4
        ? StandardProtocolFamily.INET
        : StandardProtocolFamily.INET6;
  }

  /** Sets what connections need; what the system does not know is left out. */
  static void configure(SocketChannel channel) throws IOException {
    channel.configureBlocking(false);
    if (!(channel.getLocalAddress() instanceof UnixDomainSocketAddress)) {
      try {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      } catch (SocketException gone) {
        // The first who reads finds out.
      }
    }
  }

  static void closeQuietly(AutoCloseable closeable) {
    try {
      closeable.close();
    } catch (Exception e) {
      // There is nothing that could be done about it.
    }
  }
}
