// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.FromManager;
import io.procpool.manager.ManagedList;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is let in, and who is not, by what he says first. */
@Timeout(60)
class ManagerHandshakeTest {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  private static Manager start(boolean tls) {
    return Manager.start(ManagerOptions.builder()
        .hosted(true)
        .address(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .key(KEY)
        .tls(tls)
        .build());
  }

  private static RawPeer peer(SocketAddress address, boolean tls) throws Exception {
    return tls ? RawPeer.tls(address) : RawPeer.plain(address);
  }

  private static void assertWorks(Manager manager) {
    ManagedList<Integer> list = manager.list();
    list.add(1);
    assertThat(list).containsExactly(1);
  }

  /** What a client who knows the key once said is of no use to another, inside TLS neither. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void handshake_replayed_isRefused(boolean tls) throws Exception {
    try (Manager manager = start(tls)) {
      byte[] overheard;
      try (RawPeer good = peer(manager.address(), tls)) {
        overheard = good.shakeHands(KEY);
        assertThat(good.hello(ManagerWire.VERSION)).isEqualTo(ManagerWire.VERSION);
      }
      try (RawPeer thief = peer(manager.address(), tls)) {
        byte[] greeting = thief.greeting();
        byte[] verdict = thief.write(overheard).read(ConnectionHandshake.VERDICT_BYTES);
        assertThat(
                ConnectionHandshake.readVerdict(thief.keyHere(KEY), greeting, overheard, verdict))
            .isEqualTo(Verdict.WRONG_KEY);
        thief.awaitEnd();
      }
      assertWorks(manager);
    }
  }

  /** Who has the key, but proves it for another certificate, or for none, is not let in. */
  @Test
  void handshake_notForThisCertificate_isRefused() throws Exception {
    try (Manager manager = start(true)) {
      byte[] ofAnother = ConnectionHandshake.boundKey(KEY, new byte[32]);
      for (byte[] key : new byte[][] {KEY, ofAnother}) {
        try (RawPeer peer = RawPeer.tls(manager.address())) {
          byte[] greeting = peer.greeting();
          byte[] proof = ConnectionHandshake.proof(key, greeting, Handshake.newNonce());
          byte[] verdict = peer.write(proof).read(ConnectionHandshake.VERDICT_BYTES);
          assertThat(ConnectionHandshake.readVerdict(key, greeting, proof, verdict))
              .isEqualTo(Verdict.WRONG_KEY);
        }
      }
      assertWorks(manager);
    }
  }

  /** A client of another version learns that of the server, at both places where there is one. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void client_otherVersion_isTold(boolean tls) throws Exception {
    try (Manager manager = start(tls)) {
      try (RawPeer peer = peer(manager.address(), tls)) {
        byte[] greeting = peer.greeting();
        byte[] key = peer.keyHere(KEY);
        byte[] proof = ConnectionHandshake.proof(key, greeting, Handshake.newNonce());
        proof[5]++;
        byte[] verdict = peer.write(proof).read(ConnectionHandshake.VERDICT_BYTES);
        assertThat(ConnectionHandshake.readVerdict(key, greeting, proof, verdict))
            .isEqualTo(Verdict.WRONG_VERSION);
        peer.awaitEnd();
      }
      try (RawPeer peer = peer(manager.address(), tls)) {
        peer.shakeHands(KEY);
        assertThat(peer.hello(ManagerWire.VERSION + 6)).isEqualTo(ManagerWire.VERSION);
        peer.awaitEnd();
      }
      assertWorks(manager);
    }
  }

  /** A server of another version is named with both versions, and nothing is sent to it. */
  @Test
  void server_otherVersion_isNamed() throws Exception {
    int other = ManagerWire.VERSION + 8;
    try (ConnectionListener listener = ConnectionListener.listen(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), KEY)) {
      FutureTask<Boolean> server = new FutureTask<>(() -> {
        try (Connection client = listener.accept()) {
          client.recvBytes();
          PayloadWriter welcome = new PayloadWriter();
          ManagerWire.begin(welcome, new FromManager.Welcome(other, "a server"));
          client.sendBytes(welcome.toByteArray());
          client.recvBytes();
          return false;
        } catch (IOException clientHasGone) {
          return true;
        }
      });
      Thread thread = new Thread(server, "manager-test");
      thread.start();
      assertThatThrownBy(() -> Manager.connect(listener.address(), KEY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("speaks version " + other)
          .hasMessageContaining("this side version " + ManagerWire.VERSION);
      assertThat(server.get(20, TimeUnit.SECONDS)).isTrue();
    }
  }
}
