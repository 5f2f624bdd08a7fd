// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import static io.procpool.ipc.channel.RingLayout.FLAGS;
import static io.procpool.ipc.channel.RingLayout.RING_BYTES;

import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.channel.MessageTooLargeException;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.Pipe;
import io.procpool.channel.QueueOptions;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.memory.Block;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.ipc.sync.Waiting;
import io.procpool.spi.SharedBlock;
import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** One end of a pipe: it takes from one ring and puts to the other. */
final class PipeConnection implements Connection, ReadySource {
  /*
   * Held.   Each handle counts for its process until it is closed or collected, or the process ends; an end that is being sent
   *         counts for the sender until it arrives. Who waits at one end looks whether the other end is held when the ring is
   *         empty or full, when somebody lets go of an end, and every now and then, because a process that dies says nothing.
   *         A handle that nobody refers to any more is collected, but not while a thread is inside: hence the fences.
   * Memory. The block is deleted by the last one who lets go; if that one was killed, by who looks for what is Abandoned.
   */
  private static final long serialVersionUID = 1;
  static final String KIND = "Pipe";
  private static final int DUPLEX = 1;
  private static final Cleaner CLEANER = Cleaner.create();

  private final transient Hold hold;
  private final transient @Nullable Ring in;
  private final transient @Nullable Ring out;
  private final transient Cleaner.Cleanable cleanable;

  /** The end is counted for this process already. */
  private PipeConnection(Block block, PipeEnds ends, int end) {
    this.hold = new Hold(block, ends, end, PipeEnds.heldBy(end));
    boolean duplex = (block.part(0).getInt(2 * RING_BYTES + FLAGS) & DUPLEX) != 0;
    this.in = duplex || end == 0 ? hold.ring(end) : null;
    this.out = duplex || end == 1 ? hold.ring(1 - end) : null;
    this.cleanable = CLEANER.register(this, hold);
  }

  static Pipe create(boolean duplex, int capacityBytes) {
    Abandoned.giveBackNowAndThen();
    Block block = (Block) new MappedStore().allocate(KIND, PipeEnds.pipeBytes());
    ByteBuffer memory = block.part(0);
    Ring.format(memory, 0, QueueOptions.MAX_CAPACITY, capacityBytes);
    Ring.format(memory, RING_BYTES, QueueOptions.MAX_CAPACITY, capacityBytes);
    memory.putInt(2 * RING_BYTES + FLAGS, duplex ? DUPLEX : 0);
    PipeEnds ends = new PipeEnds(block);
    ends.hold(0);
    ends.hold(1);
    return new Pipe(
        new PipeConnection(block, ends, 0), new PipeConnection(block.another(), ends, 1));
  }

  /** What counts as holding one end: a handle, to which this does not refer, or that the end is on its way. */
  private static final class Hold implements Runnable, Ring.Ends {
    private final Block block;
    private final PipeEnds ends;
    private final int end;
    private final long id;
    private volatile boolean closed;

    Hold(Block block, PipeEnds ends, int end, long id) {
      this.block = block;
      this.ends = ends;
      this.end = end;
      this.id = id;
    }

    Ring ring(int index) {
      return new Ring("a pipe", block, index * RING_BYTES, this);
    }

    /** Lets go; called once. */
    @Override
    public void run() {
      closed = true;
      ends.release(id);
      if (!ends.isHeld(end)) {
        ring(0).nudge();
        ring(1).nudge();
      }
      if (ends.isHeld()) {
        block.letGo();
      } else {
        block.delete();
      }
    }

    @Override
    public boolean isWithoutPutters() {
      return !ends.isHeld(1 - end);
    }

    @Override
    public boolean isWithoutTakers() {
      return !ends.isHeld(1 - end);
    }

    @Override
    public boolean isClosed() {
      return closed;
    }

    @Override
    public void checkOpen() {
      if (closed) {
        throw new IllegalStateException("this end of the pipe is closed");
      }
    }
  }

  /** An end on its way. */
  private static final class Handle implements Serializable {
    private static final long serialVersionUID = 1;

    private final SharedBlock block;
    private final int end;
    private final long shipped;

    Handle(SharedBlock block, int end, long shipped) {
      this.block = block;
      this.end = end;
      this.shipped = shipped;
    }

    private Object readResolve() {
      Block arrived = (Block) block;
      PipeEnds ends = new PipeEnds(arrived);
      if (Messages.isCopying()) {
        ends.hold(end);
      } else {
        ends.arrive(end, shipped);
      }
      return new PipeConnection(arrived, ends, end);
    }
  }

  private Object writeReplace() {
    hold.checkOpen();
    long shipped = hold.ends.ship(hold.end);
    if (Shipment.isRunning()) {
      Shipment.add(new Hold(hold.block.another(), hold.ends, hold.end, shipped));
    }
    return new Handle(hold.block, hold.end, shipped);
  }

  // Sending.

  private Ring out() {
    hold.checkOpen();
    if (out == null) {
      throw new IllegalStateException("this end of the pipe only receives");
    }
    return out;
  }

  @Override
  public void send(@Nullable Object message) throws IOException, InterruptedException {
    checkSent(sent(message, Waiting.FOREVER));
  }

  @Override
  public void send(@Nullable Object message, Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    if (!checkSent(sent(message, TimeUnit.NANOSECONDS.convert(timeout)))) {
      throw new TimeoutException(
          "the pipe has had no room for the message for " + timeout + "; nothing was sent");
    }
  }

  private Ring.Result sent(@Nullable Object message, long nanos)
      throws IOException, InterruptedException {
    try {
      return out().send(message, nanos);
    } catch (NotSerializableMessageException e) {
      throwIfTooLarge(e);
      throw e;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public void sendBytes(byte[] bytes, int offset, int length)
      throws IOException, InterruptedException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    ByteBuffer message = ByteBuffer.wrap(bytes, offset, length);
    try {
      checkSent(out().put(Messages.BYTES, message, Waiting.FOREVER));
    } catch (NotSerializableMessageException e) {
      throwIfTooLarge(e);
      throw e;
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  private static void throwIfTooLarge(NotSerializableMessageException refused)
      throws MessageTooLargeException {
    if (refused.getCause() instanceof PayloadTooLargeException tooLarge) {
      throw new MessageTooLargeException(
          tooLarge.getMessage() + "; nothing was sent",
          tooLarge.sizeBytes(),
          tooLarge.limitBytes());
    }
  }

  private static boolean checkSent(Ring.Result result) throws BrokenPipeException {
    if (result == Ring.Result.ENDED) {
      throw new BrokenPipeException(
          "nobody holds the other end of the pipe any more; nothing was sent");
    }
    return result == Ring.Result.DONE;
  }

  // Receiving.

  private Ring in() {
    hold.checkOpen();
    if (in == null) {
      throw new IllegalStateException("this end of the pipe only sends");
    }
    return in;
  }

  private static boolean checkReceived(Ring.Result result) throws EOFException {
    if (result == Ring.Result.ENDED) {
      throw new EOFException(
          "all messages were received, and nobody holds the other end of the pipe any more");
    }
    return result == Ring.Result.DONE;
  }

  private Ring.Result received(Ring.Reception reception, long nanos) throws InterruptedException {
    try {
      return in().take(reception, nanos);
    } finally {
      Reference.reachabilityFence(this);
    }
  }

  @Override
  public @Nullable Object recv() throws IOException, InterruptedException {
    Receiver receiver = new Receiver(true);
    checkReceived(received(receiver, Waiting.FOREVER));
    return receiver.message();
  }

  @Override
  public @Nullable Object recv(Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    Receiver receiver = new Receiver(true);
    if (!checkReceived(received(receiver, TimeUnit.NANOSECONDS.convert(timeout)))) {
      throw new TimeoutException("no message has come for " + timeout);
    }
    return receiver.message();
  }

  @Override
  public byte[] recvBytes(int limitBytes) throws IOException, InterruptedException {
    if (limitBytes < 0) {
      throw new IllegalArgumentException("limitBytes: " + limitBytes + " (expected: 0 or more)");
    }
    BytesReceiver receiver = new BytesReceiver(limitBytes);
    checkReceived(received(receiver, Waiting.FOREVER));
    return receiver.bytes();
  }

  /** Receives bytes up to a limit. */
  private static final class BytesReceiver implements Ring.Reception {
    private final int limitBytes;
    private int length = -1;
    private byte @Nullable [] bytes;

    BytesReceiver(int limitBytes) {
      this.limitBytes = limitBytes;
    }

    @Override
    public boolean receive(int kind, ByteBuffer message) {
      if (kind != Messages.BYTES) {
        return false;
      }
      length = message.remaining();
      bytes = length <= limitBytes ? Messages.bytes(message) : null;
      return true;
    }

    byte[] bytes() throws IOException {
      if (bytes != null) {
        return bytes;
      }
      if (length < 0) {
        throw new IOException(
            "the next message is an object, sent with send(); receive it with recv()");
      }
      throw new MessageTooLargeException(
          "a message of " + length + " bytes was dropped (expected: at most " + limitBytes + ")",
          length,
          limitBytes);
    }
  }

  @Override
  public boolean poll() {
    return in().isReady();
  }

  @Override
  public boolean poll(Duration timeout) throws InterruptedException {
    return received((kind, message) -> false, TimeUnit.NANOSECONDS.convert(timeout))
        != Ring.Result.NOT_YET;
  }

  @Override
  public boolean isReadable() {
    return in != null;
  }

  @Override
  public boolean isWritable() {
    return out != null;
  }

  @Override
  public boolean isClosed() {
    return hold.closed;
  }

  @Override
  public void close() {
    cleanable.clean();
  }

  // Readiness.

  @Override
  public boolean isReady() {
    return in().isReady();
  }

  @Override
  public void ringWhenReady() {
    in().watch();
  }

  @Override
  public Optional<SelectableChannel> channel() {
    return Optional.empty();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PipeConnection connection
        && connection.hold.end == hold.end
        && connection.hold.block.equals(hold.block);
  }

  @Override
  public int hashCode() {
    return hold.block.hashCode() + hold.end;
  }

  @Override
  public String toString() {
    String ways = in == null ? "sends" : out == null ? "receives" : "sends and receives";
    return "Connection[pipe, " + ways + (hold.closed ? ", closed]" : "]");
  }
}
