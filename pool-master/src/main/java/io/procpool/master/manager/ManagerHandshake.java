// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.HandshakeException;
import java.net.InetSocketAddress;
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
  private final HalfOpen halfOpen;
  private final GuestLog log;
  private final Consumer<ChannelHandlerContext> admit;
  private final byte[] greeting;
  private final byte[] proof = new byte[ConnectionHandshake.PROOF_BYTES];
  private int have;
  private boolean refused; // what else comes is not looked at
  private @Nullable ScheduledFuture<?> timeout;

  /**
   * Makes one for one connection.
   *
   * @param key inside TLS, the one that is bound to the certificate
   * @param nonce never used before
   * @param admit adds what comes next to the pipeline
   */
  ManagerHandshake(
      byte[] key,
      byte[] nonce,
      HalfOpen halfOpen,
      GuestLog log,
      Consumer<ChannelHandlerContext> admit) {
    this.key = key;
    this.greeting = ConnectionHandshake.greeting(nonce);
    this.halfOpen = halfOpen;
    this.log = log;
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
    halfOpen.add(context.channel());
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
        halfOpen.remove(context.channel());
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
      log.warn("a client" + from(context) + " was refused: " + verdict);
      answer.addListener(ChannelFutureListener.CLOSE);
    } catch (HandshakeException noClient) {
      refuse(context, String.valueOf(noClient.getMessage()));
    }
    return false;
  }

  private static String from(ChannelHandlerContext context) {
    return context.channel().remoteAddress() instanceof InetSocketAddress inet ? " at " + inet : "";
  }

  private void refuse(ChannelHandlerContext context, String reason) {
    refused = true;
    cancelTimeout();
    LOG.debug("a connection{} was refused: {}", from(context), reason);
    context.close();
  }

  private void cancelTimeout() {
    if (timeout != null) {
      timeout.cancel(false);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    halfOpen.remove(context.channel());
    cancelTimeout();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    refuse(context, cause.toString());
  }
}
