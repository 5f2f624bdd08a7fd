// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.ConnectionListener;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Parties;
import io.procpool.master.sync.Party;
import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The contract of connections over sockets. */
abstract class SocketContract extends ConnectionContract {
  static final byte[] KEY = "a key that nobody can guess".getBytes(StandardCharsets.US_ASCII);

  /** Returns whether it is about TCP. */
  abstract boolean tcp();

  /** Listens somewhere, and has the party connect to it. */
  static Link open(boolean tcp, Party near, Party far) throws Exception {
    Path folder = Files.createTempDirectory("procpool-test");
    SocketAddress any = tcp
        ? new InetSocketAddress(InetAddress.getLoopbackAddress(), 0)
        : UnixDomainSocketAddress.of(folder.resolve("socket"));
    try (ConnectionListener listener = ConnectionListener.listen(any, KEY)) {
      SocketAddress address = listener.address();
      Begun<Long> connected =
          far.begin(() -> End.hold(ConnectionListener.connect(address, KEY, LONG)));
      long accepted = End.hold(listener.accept(LONG));
      return new Link(new End(near, accepted), new End(far, connected.value()));
    } finally {
      Files.delete(folder);
    }
  }

  /** Has everybody there, and all done that a JVM does once, so that what a test leaves behind can be counted. */
  static void warmUp(Parties parties) throws Exception {
    for (Party party : parties.all()) {
      party.pid();
    }
    open(true, parties.master(), parties.a()).close();
    open(false, parties.master(), parties.a()).close();
  }

  @Override
  Link open() throws Exception {
    return open(tcp(), parties().master(), parties().a());
  }

  /** The message of the exception says why, and what to do instead. */
  @Test
  void connection_serialized_isRefused() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> {
        try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
          assertThatThrownBy(() -> out.writeObject(c))
              .isInstanceOf(NotSerializableException.class)
              .hasMessageContaining("stays in its process")
              .hasMessageContaining("Pipe");
        }
        assertThatThrownBy(() -> c.send(c)).hasMessageContaining("stays in its process");
      });
    }
  }
}
