// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.embedded.EmbeddedChannel;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.auth.HandshakeException;
import org.junit.jupiter.api.Test;

final class HandshakeHandlerTest {
  private static final byte[] KEY = Handshake.newKey();

  /** A worker of another version is told which one this is, and nothing that it could use. */
  @Test
  void hello_otherVersion_isToldOursAndClosed() throws Exception {
    EmbeddedChannel channel =
        new EmbeddedChannel(new HandshakeHandler(new Gate(), new RingWatch()));
    byte[] hello = Handshake.hello(1, 4711, Handshake.newNonce());
    hello[5] += 8;
    channel.writeInbound(Unpooled.wrappedBuffer(hello));
    ByteBuf answer = channel.readOutbound();
    byte[] challenge = new byte[answer.readableBytes()];
    answer.readBytes(challenge).release();
    assertThat(challenge).hasSize(Handshake.CHALLENGE_BYTES);
    assertThat(channel.isOpen()).isFalse();
    // To a worker of this version it proves nothing; to one of another it looks like this, the
    // other way round.
    assertThatExceptionOfType(HandshakeException.class)
        .isThrownBy(() -> Handshake.verifyChallenge(KEY, hello, challenge))
        .satisfies(e -> assertThat(e.reason()).isEqualTo(HandshakeException.Reason.KEY));
    challenge[5] += 8;
    assertThatExceptionOfType(HandshakeException.class)
        .isThrownBy(() -> Handshake.verifyChallenge(KEY, hello, challenge))
        .withMessageContaining("master speaks protocol version 9, this side version 1");
  }

  /** Expects worker 1. */
  private static final class Gate implements HandshakeHandler.Gate {
    @Override
    public byte[] keyOf(int worker) {
      return worker == 1 ? KEY : null;
    }

    @Override
    public FrameHandler.Receiver admit(int worker, Channel channel) {
      throw new AssertionError("admitted");
    }

    @Override
    public void refused(int worker, String reason) {
      throw new AssertionError("refused as " + worker + ": " + reason);
    }
  }
}
