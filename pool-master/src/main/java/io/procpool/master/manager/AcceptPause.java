// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;

/**
 * What a listener does if the system cannot give it one more connection, because this process has no descriptor left: it tries again a moment later, and
 * some of those who have been silent for longer than a handshake takes give theirs back. For the event loop alone.
 */
final class AcceptPause extends ChannelInboundHandlerAdapter {
  /*
   * The system says that there is no descriptor left also if nobody waits to be accepted, so right after the last one was given away: who has just come is left alone.
   */
  private static final long PAUSE_MILLIS = 100;
  private static final int GIVEN_BACK = 16; // as many as are accepted in one go
  private static final long SILENT_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final HalfOpen halfOpen;
  private final GuestLog log;
  private boolean failed;
  private long failedAt;

  AcceptPause(HalfOpen halfOpen, GuestLog log) {
    this.halfOpen = halfOpen;
    this.log = log;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    long now = System.nanoTime();
    if (!failed || now - failedAt > QUIET_NANOS) {
      log.warn("no connection can be accepted at present: " + cause.getMessage()
          + "; it is tried again until one can");
    }
    failed = true;
    failedAt = now;
    for (int i = 0; i < GIVEN_BACK; i++) {
      halfOpen.closeFirst(SILENT_NANOS);
    }
    context.channel().config().setAutoRead(false);
    context
        .executor()
        .schedule(
            () -> context.channel().config().setAutoRead(true),
            PAUSE_MILLIS,
            TimeUnit.MILLISECONDS);
  }
}
