// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameRing;
import io.procpool.ipc.wire.FieldReader;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.LogRecord;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the bytes apart that a worker puts into its ring, and gives each frame to the worker's receiver. What comes through the socket has no meaning but that
 * there may be something in the rings. Event loop only.
 */
final class FrameHandler extends ChannelInboundHandlerAdapter {
  /** Takes messages and the end of the connection; event loop only. */
  interface Receiver {
    /** Returns where the worker puts its frames. */
    FrameRing ring();

    void received(FromWorker message, ByteBuffer payload) throws IOException;

    /** Returns what sends to the worker. */
    WorkerLink link();

    /** All frames that were received together have been handed over, and the worker may have made room. */
    void receivedAll();

    void broken(Throwable failure);

    void closed();
  }

  private static final Logger LOG = LoggerFactory.getLogger(FrameHandler.class);

  /** What a length says is believed as far as bytes arrive. */
  private static final int TRUSTED_BYTES = 4 << 20;

  /** How much of one worker is read before others have their turn. */
  private static final int TURN_BYTES = 1 << 20;

  private static final byte[] NONE = new byte[0];

  private final Receiver receiver;
  private final Channel channel;
  private final RingWatch watch;
  private final FrameRing ring;
  private boolean closed;
  private int length; // of the frame under way, as far as it is known
  private int lengthShift;
  private boolean lengthKnown;
  private byte[] frame = NONE;
  private int have;

  FrameHandler(Receiver receiver, Channel channel, RingWatch watch) {
    this.receiver = receiver;
    this.channel = channel;
    this.watch = watch;
    this.ring = receiver.ring();
  }

  @Override
  public void handlerAdded(ChannelHandlerContext context) {
    watch.add(this);
  }

  /** Tells whether there is something to read, or room for what waits to be sent. */
  boolean isReady() {
    return ring.isReady() || receiver.link().canGoOn();
  }

  /** Tells whether a part of a frame has been received or sent, so that the rest will follow at once. */
  boolean isInTheMiddle() {
    return lengthKnown || receiver.link().isWaiting();
  }

  /** Has the worker wake this process when there is something to do. */
  void sleep() {
    ring.readerSleeps();
    receiver.link().wakeWhenThereIsRoom();
  }

  /** Reads what is in the ring, and hands the frames over. */
  void readRing() {
    if (closed) {
      return; // another worker may have the ring by now
    }
    try {
      int left = TURN_BYTES;
      for (ByteBuffer next = ring.readable();
          next.hasRemaining() && left > 0;
          next = ring.readable()) {
        int bytes = next.remaining();
        read(Unpooled.wrappedBuffer(next));
        left -= bytes;
        if (ring.consumed(bytes)) {
          channel.writeAndFlush(RingLink.wake(), channel.voidPromise());
        }
      }
      receiver.receivedAll();
    } catch (Exception unusable) {
      closed = true;
      watch.remove(this);
      receiver.broken(unusable);
      channel.close();
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ((ByteBuf) message).release();
  }

  private void read(ByteBuf in) throws IOException {
    while (in.isReadable()) {
      if (!lengthKnown) {
        readLength(in);
      }
      if (lengthKnown) {
        readBody(in);
      }
    }
  }

  private void readLength(ByteBuf in) throws IOException {
    while (in.isReadable()) {
      byte b = in.readByte();
      if (lengthShift > 28) {
        throw new IOException("malformed frame length");
      }
      length |= (b & 0x7f) << lengthShift;
      lengthShift += 7;
      if (b >= 0) {
        if (length < 1 || length > FrameReader.MAX_FRAME_BYTES) {
          throw new IOException(
              "frame of " + length + " bytes (expected: 1 to " + FrameReader.MAX_FRAME_BYTES + ")");
        }
        lengthKnown = true;
        frame = new byte[Math.min(length, TRUSTED_BYTES)];
        have = 0;
        return;
      }
    }
  }

  private void readBody(ByteBuf in) throws IOException {
    int take = Math.min(length - have, in.readableBytes());
    if (have + take > frame.length) {
      checkMayBeLong();
      frame =
          Arrays.copyOf(frame, (int) Math.min(length, Math.max(2L * frame.length, have + take)));
    }
    in.readBytes(frame, have, take);
    have += take;
    if (have == length) {
      byte[] complete = frame;
      int completeLength = length;
      frame = NONE;
      length = 0;
      lengthShift = 0;
      lengthKnown = false;
      deliver(complete, completeLength);
    }
  }

  /** What is longer than is trusted has its header here by now. A record of a log is never so long, and not waited for. */
  private void checkMayBeLong() throws IOException {
    if (header(frame, have).message instanceof FromWorker.Log) {
      throw new IOException("it sent a log record of " + length + " bytes (expected: at most "
          + LogRecord.MAX_BYTES + ")");
    }
  }

  private void deliver(byte[] bytes, int frameLength) throws IOException {
    Header header = header(bytes, frameLength);
    receiver.received(
        header.message,
        ByteBuffer.wrap(bytes, header.end, frameLength - header.end).slice());
  }

  private record Header(FromWorker message, int end) {}

  private static Header header(byte[] bytes, int limit) throws IOException {
    FieldReader in = new FieldReader(bytes, 0, limit);
    long length = in.varint();
    int start = in.position();
    if (length < 0 || length > limit - start) {
      throw new IOException("frame header of " + length + " bytes in a frame of " + limit);
    }
    int end = start + (int) length;
    return new Header(FromWorker.read(bytes, start, end), end);
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    readRing();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    readRing(); // a turn is more than a ring holds; a worker that goes on writing is not waited for
    closed = true;
    watch.remove(this);
    receiver.closed();
  }

  /**
   * After a write that failed the worker is going, and what it has said before is still to be read. The end of the
   * connection comes by itself.
   */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    if (cause instanceof IOException) {
      LOG.debug("a connection failed", cause);
    } else {
      LOG.error("a connection is given up because of an unexpected failure", cause);
      receiver.broken(cause);
      context.close();
    }
  }
}
