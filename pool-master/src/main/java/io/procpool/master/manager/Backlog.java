// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import java.util.concurrent.TimeUnit;

/** What a client has not taken yet of its replies, and when that is too much. For the event loop alone. */
final class Backlog {
  /*
   * A client that does not take its replies gets nothing more done: its next calls are not even looked at (ClientHandler). What can still come are
   * replies to calls that had begun before. One reply may be as large as it likes. Beyond LIMIT_BYTES a client has PATIENCE_NANOS to take
   * something each time, so that one who is at it is left alone; beyond MOST_BYTES it has no time.
   */
  static final long LIMIT_BYTES = 64L << 20;
  static final long MOST_BYTES = 512L << 20;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Channel channel;
  private long waitingBefore;
  private boolean over;
  private long takenAt; // when it has taken something, as far as that mattered

  Backlog(Channel channel) {
    this.channel = channel;
  }

  /** Tells, before a reply is added, whether the client cannot be helped any more. */
  boolean isTooMuch() {
    long waiting = waitingBytes();
    if (waiting <= LIMIT_BYTES) {
      over = false;
      return false;
    }
    long now = System.nanoTime();
    if (!over || waiting < waitingBefore) {
      over = true;
      takenAt = now;
    }
    return waiting > MOST_BYTES || now - takenAt > PATIENCE_NANOS;
  }

  /** Takes note of what waits now that a reply has been added. */
  void added() {
    waitingBefore = waitingBytes();
  }

  /** Returns how much has not been taken. */
  long waitingBytes() {
    ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }
}
