// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.auth.HandshakeException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Lets in who proves to have the key of a worker that is expected, and closes every other connection. */
final class HandshakeHandler extends ChannelInboundHandlerAdapter {
  /** Knows which workers are expected; event loop only. */
  interface Gate {
    /** Returns the key of a worker that has not connected yet, or null if there is none of that number. */
    byte @Nullable [] keyOf(int worker);

    /** Takes the connection of a worker that has proved its key. Returns what takes its frames. */
    FrameHandler.Receiver admit(int worker, Channel channel);

    /** A connection that claimed to be this worker failed the handshake. */
    void refused(int worker, String reason);
  }

  private static final Logger LOG = LoggerFactory.getLogger(HandshakeHandler.class);
  private static final long TIMEOUT_SECONDS = 10;
  private static final int NOBODY = -1;

  private final Gate gate;
  private final RingWatch watch;
  private byte[] expected = new byte[Handshake.HELLO_BYTES];
  private int have;
  private byte @Nullable [] hello;
  private byte[] challenge = new byte[0];
  private byte[] key = new byte[0];
  private int worker = NOBODY;
  private @Nullable ScheduledFuture<?> timeout;

  HandshakeHandler(Gate gate, RingWatch watch) {
    this.gate = gate;
    this.watch = watch;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    timeout = context
        .executor()
        .schedule(
            () -> refuse(
                context, "it did not complete the handshake within " + TIMEOUT_SECONDS + " s"),
            TIMEOUT_SECONDS,
            TimeUnit.SECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    boolean done = false;
    try {
      while (in.isReadable() && !done && context.channel().isOpen()) {
        int take = Math.min(expected.length - have, in.readableBytes());
        in.readBytes(expected, have, take);
        have += take;
        if (have == expected.length) {
          have = 0;
          done = step(context);
        }
      }
      if (done && in.isReadable()) {
        context.fireChannelRead(in.retain());
      }
    } finally {
      in.release();
    }
    if (done) {
      context.pipeline().remove(this);
    }
  }

  /** Handles a complete message; true when the worker is in. */
  private boolean step(ChannelHandlerContext context) {
    byte[] received = expected;
    try {
      if (hello == null) {
        hello = received;
        Handshake.Hello said = Handshake.readHello(received);
        worker = said.worker();
        byte[] known = gate.keyOf(worker);
        if (known == null) {
          worker = NOBODY;
          refuse(context, "no worker of number " + said.worker() + " is expected");
          return false;
        }
        key = known;
        challenge = Handshake.challenge(key, received, Handshake.newNonce());
        context.writeAndFlush(Unpooled.wrappedBuffer(challenge));
        expected = new byte[Handshake.PROOF_BYTES];
        return false;
      }
      Handshake.verifyProof(key, hello, challenge, received);
    } catch (HandshakeException failed) {
      if (failed.reason() == HandshakeException.Reason.VERSION) {
        context.writeAndFlush(Unpooled.wrappedBuffer(Handshake.refusal()));
      }
      refuse(context, String.valueOf(failed.getMessage()));
      return false;
    }
    cancelTimeout();
    context
        .pipeline()
        .addLast(new FrameHandler(gate.admit(worker, context.channel()), context.channel(), watch));
    return true;
  }

  private void refuse(ChannelHandlerContext context, String reason) {
    cancelTimeout();
    context.close();
    if (worker == NOBODY) {
      // Mostly a worker that was still starting when it was killed.
      LOG.debug("a connection was refused: {}", reason);
    } else {
      LOG.warn("a connection that claimed to be worker {} was refused: {}", worker, reason);
      int claimed = worker;
      worker = NOBODY;
      gate.refused(claimed, reason);
    }
  }

  private void cancelTimeout() {
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    if (worker != NOBODY) {
      refuse(context, "the connection ended during the handshake");
    }
    cancelTimeout();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    refuse(context, cause.toString());
  }
}
