// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import static io.procpool.ipc.socket.ChannelWait.FOREVER;

import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.channel.MessageTooLargeException;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.Pipe;
import io.procpool.ipc.channel.Messages;
import io.procpool.ipc.channel.ReadySource;
import io.procpool.ipc.codec.PayloadTooLargeException;
import java.io.IOException;
import java.io.NotSerializableException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** A connection over a socket. Made by {@link #connect}, or by a {@link SocketListener}. Safe for use by multiple threads. */
public final class SocketConnection implements Connection, ReadySource {
  /*
   * Threads.  Who receives holds `reading`, who sends holds `writing`, also while it waits for the socket; both are fair, so messages are
   *           whole and nobody starves. Encoding is done before, decoding after. The channel never blocks: threads wait in selectors, which
   *           an interrupt leaves as they are.
   * Receive.  What has come of a message stays in `input` if its receiver gives up, for the next one.
   * Send.     A message counts as sent once its first byte has been written. Until then, who is interrupted or out of time takes it back.
   *           From then on it is too late: `send` returns (an interrupt stays pending), and what is left is copied and written by the
   *           Finisher, or by the next who sends, before its own. So nothing is torn, sent twice, or reported wrongly.
   * Death.    A read that fails is an end of the stream: what was received before is still given out. Over TCP the first write to a peer
   *           that has gone succeeds, so a sender looks first whether the stream has ended, as far as nothing unread is in front of that.
   * Close.    `closed` first, then the selectors, which wakes everybody; each waits no more and passes the lock on. Over TCP the system
   *           drops what is on its way when a socket with unread bytes is closed. So the Finisher says good-bye: writes what is left,
   *           shuts the output down, and reads until the other end has closed, too, but not for longer than FAREWELL_NANOS. A Unix
   *           socket does not need that.
   */
  private static final long serialVersionUID = 1;

  static final long FAREWELL_NANOS = TimeUnit.SECONDS.toNanos(2);
  private static final int DISCARD_BYTES = 16 << 10;

  private final transient SocketChannel channel;
  private final transient @Nullable TlsChannel tls;
  private final transient String name;
  private final transient boolean tcp;
  private final transient ReentrantLock reading = new ReentrantLock(true);
  private final transient ReentrantLock writing = new ReentrantLock(true);
  private final transient FrameInput input; // guarded by reading
  private final transient FrameOutput output; // guarded by writing
  private final transient ChannelWait readable;
  private final transient ChannelWait writable;
  private transient volatile boolean readerWaits;
  private transient volatile boolean closed;
  private transient volatile long closedAt;
  private transient boolean outputShut; // guarded by writing

  /**
   * Makes one of a channel that does not block, after the handshake.
   *
   * @param name what it is connected to, for messages
   */
  SocketConnection(SocketChannel channel, String name) throws IOException {
    this(channel, null, name);
  }

  /**
   * Makes one of a channel that does not block, after the handshake.
   *
   * @param tls through what is read and written; null if that is the channel itself
   * @param name what it is connected to, for messages
   */
  SocketConnection(SocketChannel channel, @Nullable TlsChannel tls, String name)
      throws IOException {
    this.channel = channel;
    this.tls = tls;
    this.name = name;
    this.tcp = !(channel.getLocalAddress() instanceof UnixDomainSocketAddress);
    ByteChannel stream = tls == null ? channel : tls;
    this.input = new FrameInput(stream, "the other end of the connection " + name);
    this.output = new FrameOutput(stream);
    this.readable = new ChannelWait(channel, SelectionKey.OP_READ);
    this.writable = new ChannelWait(channel, SelectionKey.OP_WRITE);
  }

  /** Connects to a listener; see {@link io.procpool.channel.ConnectionListener#connect(SocketAddress, byte[], Duration)}. */
  public static Connection connect(SocketAddress address, byte[] key, Duration timeout)
      throws IOException, InterruptedException {
    return Connecting.connect(address, key, timeout, null).connection();
  }

  /**
   * A connection to a server with a certificate.
   *
   * @param fingerprint of the certificate; null without TLS
   */
  public record Connected(Connection connection, @Nullable String fingerprint) {}

  /**
   * Connects to a listener that may use TLS.
   *
   * @param tls what is wanted of that; null to connect without
   * @throws io.procpool.manager.WrongCertificateException if the listener's certificate is not what is wanted
   */
  public static Connected connect(
      SocketAddress address, byte[] key, Duration timeout, @Nullable ClientTls tls)
      throws IOException, InterruptedException {
    return Connecting.connect(address, key, timeout, tls);
  }

  @Override
  public void send(@Nullable Object message) throws IOException, InterruptedException {
    trySend(message, FOREVER);
  }

  @Override
  public void send(@Nullable Object message, Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    if (!trySend(message, nanosOf(timeout))) {
      throw new TimeoutException(
          "no room for a message within " + timeout + "; nothing was sent; " + this);
    }
  }

  private boolean trySend(@Nullable Object message, long nanos)
      throws IOException, InterruptedException {
    checkOpen();
    if (message instanceof byte[] bytes) {
      return trySend(Messages.BYTES, ByteBuffer.wrap(bytes), nanos);
    }
    try {
      return Messages.<Boolean, IOException>encode(
          message, encoded -> trySend(Messages.OBJECT, encoded, nanos), sent -> sent);
    } catch (NotSerializableMessageException e) {
      if (e.getCause() instanceof PayloadTooLargeException) {
        throw tooLarge(
            "a message", "is larger than any may be", Integer.MAX_VALUE, Pipe.MAX_MESSAGE_BYTES);
      }
      throw e;
    }
  }

  @Override
  public void sendBytes(byte[] bytes, int offset, int length)
      throws IOException, InterruptedException {
    Objects.checkFromIndexSize(offset, length, bytes.length);
    trySend(Messages.BYTES, ByteBuffer.wrap(bytes, offset, length), FOREVER);
  }

  /** Sends a message, or tells that there was no room in time. */
  private boolean trySend(int kind, ByteBuffer message, long nanos)
      throws IOException, InterruptedException {
    if (message.remaining() > Pipe.MAX_MESSAGE_BYTES) {
      throw tooLarge("the message", "was not sent", message.remaining(), Pipe.MAX_MESSAGE_BYTES);
    }
    long start = System.nanoTime();
    if (!writing.tryLock(nanos, TimeUnit.NANOSECONDS)) {
      checkOpen();
      return false;
    }
    try {
      checkPeer();
      while (!output.write()) { // the rest of an earlier message
        if (!awaitRoom(start, nanos)) {
          return false;
        }
      }
      output.begin(kind, message);
      return write(start, nanos);
    } catch (IOException e) {
      output.dropRest();
      checkOpen();
      throw e instanceof BrokenPipeException ? e : broken(e);
    } finally {
      boolean rest = output.hasRest();
      writing.unlock();
      if (rest || closed) { // who closed it meanwhile has left the rest to this thread
        Finisher.finish(this);
      }
    }
  }

  /** Writes the message that has just begun. */
  private boolean write(long start, long nanos) throws IOException, InterruptedException {
    boolean written = false;
    try {
      while (!written) {
        checkOpen();
        written = output.write();
        if (!written && !awaitRoom(start, nanos)) {
          return output.hasBegun();
        }
      }
    } catch (InterruptedException e) {
      if (!output.hasBegun()) {
        throw e;
      }
      Thread.currentThread().interrupt();
    } finally {
      if (!written && output.hasBegun()) {
        output.keepRest();
      } else if (!written) {
        output.dropRest();
      }
    }
    return true;
  }

  private boolean awaitRoom(long start, long nanos) throws IOException, InterruptedException {
    return await(writable, start, nanos);
  }

  /** Waits once; false if the time was up before. */
  private boolean await(ChannelWait wait, long start, long nanos)
      throws IOException, InterruptedException {
    long left = nanos == FOREVER ? FOREVER : nanos - (System.nanoTime() - start);
    if (left <= 0) {
      return false;
    }
    wait.await(left);
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    checkOpen();
    return true;
  }

  private void checkPeer() throws BrokenPipeException {
    checkOpen();
    if (tcp && !input.hasEnded() && reading.tryLock()) {
      try {
        input.advance(FrameInput.PREFETCH_BYTES);
      } finally {
        reading.unlock();
      }
    }
    if (input.hasEnded()) {
      throw broken(null);
    }
  }

  private BrokenPipeException broken(@Nullable IOException cause) {
    BrokenPipeException broken = new BrokenPipeException(
        "the other end of the connection " + name + " has been closed, or its process has died");
    if (cause != null) {
      broken.initCause(cause);
    }
    return broken;
  }

  private static long nanosOf(Duration timeout) {
    return Math.max(
        0, TimeUnit.NANOSECONDS.convert(timeout)); // so that nothing can be subtracted too much
  }

  @Override
  public @Nullable Object recv() throws IOException, InterruptedException {
    return receive(FOREVER).orElseThrow().decode();
  }

  @Override
  public @Nullable Object recv(Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    return receive(nanosOf(timeout))
        .orElseThrow(() -> new TimeoutException("no message within " + timeout + "; " + this))
        .decode();
  }

  /** A message that has been received. */
  private record Received(int kind, byte[] bytes) {
    @Nullable
    Object decode() {
      return kind == Messages.BYTES ? bytes : Messages.decode(kind, ByteBuffer.wrap(bytes));
    }
  }

  private Optional<Received> receive(long nanos) throws IOException, InterruptedException {
    long start = System.nanoTime();
    if (!lockReading(nanos)) {
      return Optional.empty();
    }
    try {
      if (!awaitInput(Integer.MAX_VALUE, start, nanos)) {
        return Optional.empty();
      }
      input.check(Integer.MAX_VALUE);
      return Optional.of(new Received(input.kind(), input.take()));
    } finally {
      reading.unlock();
    }
  }

  @Override
  public byte[] recvBytes(int limitBytes) throws IOException, InterruptedException {
    if (limitBytes < 0) {
      throw new IllegalArgumentException("limitBytes: " + limitBytes + " (expected: 0 or more)");
    }
    long start = System.nanoTime();
    lockReading(FOREVER);
    try {
      awaitInput(0, start, FOREVER);
      input.check(0);
      if (input.kind() != Messages.BYTES) {
        throw new IOException(
            "the next message is an object, not bytes; it can be received with recv(); " + this);
      }
      if (input.length() > limitBytes) {
        input.drop();
        throw tooLarge("a message", "was dropped", input.length(), limitBytes);
      }
      awaitInput(Integer.MAX_VALUE, start, FOREVER);
      input.check(Integer.MAX_VALUE);
      return input.take();
    } finally {
      reading.unlock();
    }
  }

  private static MessageTooLargeException tooLarge(
      String which, String what, long bytes, long limitBytes) {
    String size = bytes == Integer.MAX_VALUE ? "" : " of " + bytes + " bytes";
    return new MessageTooLargeException(
        which + size + " " + what + " (limit: " + limitBytes
            + " bytes); the next one is not affected",
        bytes,
        limitBytes);
  }

  private boolean lockReading(long nanos) throws InterruptedException {
    checkOpen();
    boolean locked = reading.tryLock(nanos, TimeUnit.NANOSECONDS);
    if (closed) {
      if (locked) {
        reading.unlock();
      }
      checkOpen();
    }
    return locked;
  }

  /** Waits until so much of a message is there, or the end; false if the time is up. */
  private boolean awaitInput(int enough, long start, long nanos)
      throws IOException, InterruptedException {
    while (!input.advance(enough)) {
      readerWaits = true;
      try {
        if (!await(readable, start, nanos)) {
          return false;
        }
      } finally {
        readerWaits = false;
      }
    }
    checkOpen();
    return true;
  }

  @Override
  public boolean poll() {
    return isReady();
  }

  @Override
  public boolean poll(Duration timeout) throws IOException, InterruptedException {
    long nanos = nanosOf(timeout);
    long start = System.nanoTime();
    if (!lockReading(nanos)) {
      return false;
    }
    try {
      return awaitInput(FrameInput.PREFETCH_BYTES, start, nanos);
    } finally {
      reading.unlock();
    }
  }

  /** If another thread waits for a message, there is none for anybody else. */
  @Override
  public boolean isReady() {
    checkOpen();
    while (!reading.tryLock()) {
      if (readerWaits) {
        return false;
      }
      checkOpen();
      Thread.yield();
    }
    try {
      boolean ready = input.advance(FrameInput.PREFETCH_BYTES);
      checkOpen();
      return ready;
    } finally {
      reading.unlock();
    }
  }

  @Override
  public void ringWhenReady() {
    // It has a channel.
  }

  @Override
  public Optional<SelectableChannel> channel() {
    return Optional.of(channel);
  }

  @Override
  public boolean isReadable() {
    return true;
  }

  @Override
  public boolean isWritable() {
    return true;
  }

  @Override
  public boolean isClosed() {
    return closed;
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the connection " + name + " is closed");
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closedAt = System.nanoTime();
      closed = true;
    }
    readable.close();
    writable.close();
    Finisher.finish(this);
  }

  /**
   * Does, without waiting, what is left to do for this connection when its threads have gone; for the {@link Finisher}.
   *
   * @return for what to wait then before it is called again, as in a {@link SelectionKey}; 0 if nothing is left, or somebody else will see
   *     to it
   */
  int finish() {
    while (writing.tryLock()) { // or who holds it does this when it is through
      boolean closing = closed;
      int operation = 0;
      try {
        operation = closing ? sayGoodBye() : output.write() ? 0 : SelectionKey.OP_WRITE;
      } catch (IOException e) {
        output.dropRest();
        operation = closing ? end() : 0;
      } finally {
        writing.unlock();
      }
      if (operation != 0 || closing || !closed) {
        return operation;
      }
    }
    return 0;
  }

  private int sayGoodBye() throws IOException {
    if (isLate()) {
      return end();
    }
    if (!output.write()) {
      return SelectionKey.OP_WRITE;
    }
    if (!tcp || input.hasEnded()) {
      return end();
    }
    if (!outputShut) {
      outputShut = true;
      if (tls == null) {
        channel.shutdownOutput();
      } else {
        tls.shutdownOutput();
      }
    }
    ByteBuffer discarded = ByteBuffer.allocate(DISCARD_BYTES);
    int count = channel.read(discarded);
    while (count > 0 && !isLate()) {
      count = channel.read(discarded.clear());
    }
    return count < 0 ? end() : SelectionKey.OP_READ;
  }

  private boolean isLate() {
    return System.nanoTime() - closedAt > FAREWELL_NANOS;
  }

  private int end() {
    endNow();
    return 0;
  }

  /** Closes the channel, whatever is left. */
  void endNow() {
    try {
      channel.close();
    } catch (IOException e) {
      // There is nothing that could be done about it.
    }
  }

  /** Has a selector know the channel. */
  SelectionKey register(Selector selector) throws ClosedChannelException {
    return channel.register(selector, 0, this);
  }

  private Object writeReplace() throws NotSerializableException {
    throw new NotSerializableException(
        "the connection " + name + " over a socket stays in its process; have the other process"
            + " connect by itself, or use an end of a Pipe, which can be passed on");
  }

  @Override
  public String toString() {
    return "SocketConnection[" + name + (closed ? ", closed]" : "]");
  }
}
