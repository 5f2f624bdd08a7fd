// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.procpool.ipc.FrameRing;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.master.pool.Limits;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Messages as frames through a ring in the worker's segment; the socket wakes the worker if it sleeps. */
final class RingLink implements WorkerLink {
  /*
   * Room.     What the ring has no room for waits here, as it is: encoded inputs do not change. The event loop looks for room while it
   *           spins; before it sleeps, the worker is told to wake it when it has read something.
   * Batches.  The worker sees nothing before `flush`, so that what is sent together arrives together.
   * Failure.  A worker that damages its ring loses its connection.
   */
  private static final Logger LOG = LoggerFactory.getLogger(RingLink.class);
  private static final int LENGTH_BYTES = 10;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final ByteBuffer WAKE = ByteBuffer.allocateDirect(1);

  private final Channel channel;
  private final FrameRing ring;
  private final ArrayDeque<ByteBuffer> waiting = new ArrayDeque<>(); // for room in the ring
  private long waitingBytes;
  private final FieldWriter header = new FieldWriter();
  private final ByteBuffer lengths = ByteBuffer.allocate(LENGTH_BYTES);
  private boolean unpublished;

  RingLink(Channel channel, FrameRing ring) {
    this.channel = channel;
    this.ring = ring;
  }

  @Override
  public void welcome(ToWorker.Welcome welcome, byte[] initializer) {
    send(welcome, ByteBuffer.wrap(initializer), NOTHING);
  }

  @Override
  public void run(Unit unit, boolean withFunction) {
    Work work = unit.work;
    Limits limits = work.limits();
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
        limits.isPerItem(),
        limits.runNanos(),
        limits.graceNanos() > 0 && limits.isTimed(),
        limits.heapBytes(),
        work.options().name().orElse(""),
        unit.attempt - 1,
        limits.rssBytes() > 0,
        inputs.origin().reference());
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
  public void showStack(int seq, int item) {
    send(new ToWorker.ShowStack(seq, item), NOTHING, NOTHING);
  }

  @Override
  public void forget(long functionId) {
    send(new ToWorker.Forget(functionId), NOTHING, NOTHING);
  }

  @Override
  public void showThreads() {
    send(new ToWorker.ShowThreads(), NOTHING, NOTHING);
  }

  @Override
  public void record(ToWorker.Record order) {
    send(order, NOTHING, NOTHING);
  }

  @Override
  public void ping(long number) {
    send(new ToWorker.Ping(number), NOTHING, NOTHING);
  }

  @Override
  public void stop(byte[] finalizer, long loader) {
    send(new ToWorker.Stop(loader), ByteBuffer.wrap(finalizer), NOTHING);
  }

  @Override
  public void given(ToWorker.Given given, byte[] payload) {
    send(given, ByteBuffer.wrap(payload), NOTHING);
  }

  private void send(ToWorker message, ByteBuffer first, ByteBuffer second) {
    header.reset();
    message.writeTo(header);
    int headerLength = header.length();
    int payload = first.remaining() + second.remaining();
    lengths.clear();
    putVarint(FieldWriter.varintBytes(headerLength) + headerLength + payload);
    putVarint(headerLength);
    write(lengths.flip(), true);
    write(ByteBuffer.wrap(header.array(), 0, headerLength), true);
    write(first, false);
    write(second, false);
    unpublished = true;
  }

  /** Writes to the ring what there is room for; the rest, copied if it will not stay as it is, later. */
  private void write(ByteBuffer bytes, boolean copy) {
    if (waiting.isEmpty()) {
      writeNow(bytes);
    }
    if (bytes.hasRemaining()) {
      ByteBuffer rest = bytes;
      if (copy) {
        rest = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
      }
      waiting.add(rest);
      waitingBytes += rest.remaining();
    }
  }

  private void writeNow(ByteBuffer bytes) {
    try {
      ring.write(bytes);
    } catch (IOException damaged) {
      LOG.warn("a worker is given up: {}", damaged.getMessage());
      channel.close();
    }
  }

  private void putVarint(int value) {
    int rest = value;
    while ((rest & ~0x7f) != 0) {
      lengths.put((byte) (rest & 0x7f | 0x80));
      rest >>>= 7;
    }
    lengths.put((byte) rest);
  }

  @Override
  public void flush() {
    if (!unpublished) {
      return;
    }
    unpublished = false;
    publish();
  }

  private void publish() {
    if (ring.publish()) {
      channel.writeAndFlush(wake(), channel.voidPromise());
    }
  }

  /** Returns what wakes the other process when it reads from the socket. */
  static ByteBuf wake() {
    return Unpooled.wrappedBuffer(WAKE.duplicate());
  }

  @Override
  public boolean isWaiting() {
    return !waiting.isEmpty();
  }

  @Override
  public boolean canGoOn() {
    return !waiting.isEmpty() && ring.hasRoom();
  }

  @Override
  public void wakeWhenThereIsRoom() {
    if (!waiting.isEmpty()) {
      ring.writerWaits();
    }
  }

  @Override
  public void goOn() {
    long before = waitingBytes;
    for (ByteBuffer next = waiting.peek(); next != null; next = waiting.peek()) {
      int remaining = next.remaining();
      writeNow(next);
      waitingBytes -= remaining - next.remaining();
      if (next.hasRemaining()) {
        break;
      }
      waiting.remove();
    }
    if (waitingBytes < before) {
      publish();
    }
  }

  @Override
  public long unsentBytes() {
    return waitingBytes + ring.unread();
  }

  @Override
  public void close() {
    channel.close();
  }
}
