// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.master.pool.Work;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Messages as frames over a domain socket; small ones are put together until {@link #flush()}. */
final class SocketLink implements WorkerLink {
  private static final int COPY_BYTES = 16 * 1024;
  private static final int HEADER_BYTES = 10;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final Channel channel;
  private @Nullable ByteBuf out;
  private boolean unflushed;
  private final FieldWriter header = new FieldWriter();

  SocketLink(Channel channel) {
    this.channel = channel;
  }

  @Override
  public void welcome(byte[] initializer, boolean reportStarts) {
    send(new ToWorker.Welcome(reportStarts), ByteBuffer.wrap(initializer), NOTHING);
  }

  @Override
  public void run(Unit unit, boolean withFunction) {
    Work work = unit.work;
    EncodedInputs inputs = (EncodedInputs) work.inputs();
    EncodedFunction function = inputs.encodedFunction();
    ToWorker.Run run = new ToWorker.Run(
        unit.seq,
        work.taskId(unit.from),
        unit.from,
        unit.to - unit.from,
        function.id(),
        withFunction ? function.bytes().length : 0,
        function.isKeptFor(work),
        inputs.kind().ordinal(),
        work.timeoutNanos() > 0);
    send(
        run,
        withFunction ? ByteBuffer.wrap(function.bytes()) : NOTHING,
        inputs.part(unit.from).slice(unit.from, unit.to));
  }

  @Override
  public void interrupt(int seq) {
    send(new ToWorker.Interrupt(seq), NOTHING, NOTHING);
  }

  @Override
  public void forget(long functionId) {
    send(new ToWorker.Forget(functionId), NOTHING, NOTHING);
  }

  @Override
  public void ping(long number) {
    send(new ToWorker.Ping(number), NOTHING, NOTHING);
  }

  @Override
  public void stop() {
    send(new ToWorker.Stop(), NOTHING, NOTHING);
  }

  private void send(ToWorker message, ByteBuffer first, ByteBuffer second) {
    header.reset();
    message.writeTo(header);
    int headerLength = header.length();
    int payload = first.remaining() + second.remaining();
    ByteBuf buffer = buffer(HEADER_BYTES + headerLength + payload);
    writeVarint(buffer, FieldWriter.varintBytes(headerLength) + headerLength + payload);
    writeVarint(buffer, headerLength);
    buffer.writeBytes(header.array(), 0, headerLength);
    write(first);
    write(second);
  }

  private ByteBuf buffer(int bytes) {
    ByteBuf buffer = out;
    if (buffer == null) {
      buffer = channel.alloc().directBuffer(Math.min(COPY_BYTES, bytes));
      out = buffer;
    }
    return buffer;
  }

  private void write(ByteBuffer payload) {
    if (payload.remaining() <= COPY_BYTES) {
      buffer(payload.remaining()).writeBytes(payload);
    } else {
      channel.write(buffer(0), channel.voidPromise());
      channel.write(Unpooled.wrappedBuffer(payload), channel.voidPromise());
      out = null;
      unflushed = true;
    }
  }

  private static void writeVarint(ByteBuf buffer, int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      buffer.writeByte(rest & 0x7f | 0x80);
      rest >>>= 7;
    }
    buffer.writeByte(rest);
  }

  @Override
  public void flush() {
    ByteBuf buffer = out;
    if (buffer != null) {
      out = null;
      channel.writeAndFlush(buffer, channel.voidPromise());
    } else if (unflushed) {
      channel.flush();
    }
    unflushed = false;
  }

  @Override
  public long unsentBytes() {
    ChannelOutboundBuffer pending = channel.unsafe().outboundBuffer();
    return pending == null ? 0 : pending.totalPendingWriteBytes();
  }

  @Override
  public void close() {
    ByteBuf buffer = out;
    if (buffer != null) {
      out = null;
      buffer.release();
    }
    channel.close();
  }
}
