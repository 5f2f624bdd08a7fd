// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.procpool.ipc.auth.ConnectionHandshake;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells a client that does not begin with TLS, because it waits for the listener's first message, that this listener uses TLS: otherwise both would wait for the other one. In front of
 * the handler of TLS.
 */
final class TlsFirst extends ChannelInboundHandlerAdapter {
  static final long PATIENCE_SECONDS = 5;

  private @Nullable ScheduledFuture<?> alarm;

  @Override
  public void channelActive(ChannelHandlerContext context) {
    alarm = context
        .executor()
        .schedule(
            () -> context
                .writeAndFlush(Unpooled.wrappedBuffer(ConnectionHandshake.tlsWanted()))
                .addListener(ChannelFutureListener.CLOSE),
            PATIENCE_SECONDS,
            TimeUnit.SECONDS);
    context.fireChannelActive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    context.fireChannelRead(message);
    if (!context.isRemoved()) {
      context.pipeline().remove(this);
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext context) {
    ScheduledFuture<?> pending = alarm;
    if (pending != null) {
      pending.cancel(false);
    }
  }
}
