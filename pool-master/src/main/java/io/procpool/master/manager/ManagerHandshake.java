// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.auth.HandshakeException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The listener's side of the handshake of connections: lets in who proves to have the key, and closes every other connection. */
final class ManagerHandshake extends ChannelInboundHandlerAdapter {
  private static final Logger LOG = LoggerFactory.getLogger(ManagerHandshake.class);
  private static final long TIMEOUT_SECONDS = 10;

  private final byte[] key;
  private final Consumer<ChannelHandlerContext> admit;
  private final byte[] greeting = ConnectionHandshake.greeting(Handshake.newNonce());
  private final byte[] proof = new byte[ConnectionHandshake.PROOF_BYTES];
  private int have;
  private boolean refused; // what else comes is not looked at
  private @Nullable ScheduledFuture<?> timeout;

  /**
   * Makes one for one connection.
   *
   * @param admit adds what comes next to the pipeline
   */
  ManagerHandshake(byte[] key, Consumer<ChannelHandlerContext> admit) {
    this.key = key;
    this.admit = admit;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    timeout = context
        .executor()
        .schedule(
            () -> refuse(context, "no handshake within " + TIMEOUT_SECONDS + " s"),
            TIMEOUT_SECONDS,
            TimeUnit.SECONDS);
    context.writeAndFlush(Unpooled.wrappedBuffer(greeting));
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf in = (ByteBuf) message;
    try {
      if (refused) {
        return;
      }
      int take = Math.min(proof.length - have, in.readableBytes());
      in.readBytes(proof, have, take);
      have += take;
      if (have == proof.length && judge(context)) {
        cancelTimeout();
        admit.accept(context);
        if (in.isReadable()) {
          context.fireChannelRead(in.retain());
        }
        context.pipeline().remove(this);
      }
    } finally {
      in.release();
    }
  }

  private boolean judge(ChannelHandlerContext context) {
    try {
      Verdict verdict = ConnectionHandshake.judge(key, greeting, proof);
      var answer = context.writeAndFlush(
          Unpooled.wrappedBuffer(ConnectionHandshake.verdict(key, greeting, proof, verdict)));
      if (verdict == Verdict.ACCEPTED) {
        return true;
      }
      refused = true;
      cancelTimeout();
      LOG.warn("a client was refused: {}", verdict);
      answer.addListener(ChannelFutureListener.CLOSE);
    } catch (HandshakeException noClient) {
      refuse(context, String.valueOf(noClient.getMessage()));
    }
    return false;
  }

  private void refuse(ChannelHandlerContext context, String reason) {
    refused = true;
    cancelTimeout();
    LOG.debug("a connection was refused: {}", reason);
    context.close();
  }

  private void cancelTimeout() {
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    cancelTimeout();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    refuse(context, cause.toString());
  }
}
