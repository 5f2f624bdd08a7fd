// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.ipc.auth.ConnectionHandshake;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/**
 * TLS over a channel that does not block: as that, it reads and writes what is possible at once. One thread at a time may read, and one at a time write, at the same time.
 */
final class TlsChannel implements ByteChannel {
  /*
   * Read.  Whoever reads until nothing comes has all that has arrived; so as with the socket itself, a thread may wait for that when a read has given nothing.
   *        Records that are not for the reader (tickets, new keys) are consumed on the way.
   * Write. What has been taken is encrypted at once, and may be kept here if the socket has no room: flush() writes it, and until it has, nothing more is taken.
   * Keys.  If the server wants new keys, the answer goes out before the next record of this side.
   */
  private static final int NET_BYTES = 64 << 10;
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

  private final SocketChannel socket;
  private final SSLEngine engine;
  private final ByteBuffer encrypted = ByteBuffer.allocateDirect(NET_BYTES); // has come
  private ByteBuffer plain = NOTHING; // a record for which its reader had no room
  private final ByteBuffer leaving; // encrypted, not written yet
  private boolean spoken; // the other side has said something

  TlsChannel(SocketChannel socket, SSLEngine engine) {
    this.socket = socket;
    this.engine = engine;
    this.leaving = ByteBuffer.allocateDirect(engine.getSession().getPacketBufferSize());
    encrypted.limit(0);
    leaving.limit(0);
  }

  // The handshake of TLS; for one thread.

  /**
   * Goes on with it as far as that is possible at once.
   *
   * @return whether it is through; if not, the other side has to say something
   * @throws SSLException if the two do not agree, or the other side does not speak TLS
   */
  boolean shakeHands() throws IOException {
    if (!spoken && engine.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING) {
      engine.beginHandshake();
    }
    try {
      while (true) {
        switch (engine.getHandshakeStatus()) {
          case NEED_TASK -> runTasks();
          case NEED_WRAP -> say();
          case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
            if (!listen()) {
              return false;
            }
          }
          default -> {
            return true;
          }
        }
      }
    } catch (SSLException e) {
      sayQuietly(); // why
      throw e;
    }
  }

  private void say() throws IOException {
    leaving.clear();
    try {
      engine.wrap(NOTHING, leaving);
    } finally {
      leaving.flip();
    }
    if (!flush()) {
      throw new IOException("the socket has no room for " + leaving.remaining() + " bytes");
    }
  }

  private void sayQuietly() {
    try {
      say();
    } catch (IOException e) {
      // What was wrong first is told.
    }
  }

  /** Takes what has come; false if that is not enough. */
  private boolean listen() throws IOException {
    if (plain == NOTHING) {
      plain =
          ByteBuffer.allocate(engine.getSession().getApplicationBufferSize()).limit(0);
    }
    plain.clear();
    SSLEngineResult result;
    try {
      result = engine.unwrap(encrypted, plain);
    } finally {
      plain.flip();
    }
    if (result.getStatus() == Status.CLOSED) {
      throw new EOFException("the other side has ended TLS while it was being agreed on");
    }
    if (result.getStatus() != Status.BUFFER_UNDERFLOW) {
      return true;
    }
    int count = fill();
    if (count < 0) {
      throw new EOFException(
          "the other side has closed the connection while TLS was being agreed on");
    }
    if (count > 0 && !spoken) {
      spoken = true;
      if (ConnectionHandshake.isGreeting(encrypted)) {
        throw new IOException("who listens there does not use TLS, and this side wants it");
      }
    }
    return count > 0;
  }

  private int fill() throws IOException {
    encrypted.compact();
    try {
      return socket.read(encrypted);
    } finally {
      encrypted.flip();
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask();
        task != null;
        task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  // Afterwards.

  @Override
  public int read(ByteBuffer into) throws IOException {
    int start = into.position();
    boolean ended = false;
    while (into.hasRemaining() && !ended) {
      if (plain.hasRemaining()) {
        move(into);
        continue;
      }
      SSLEngineResult result = engine.unwrap(encrypted, into);
      if (result.getStatus() == Status.BUFFER_OVERFLOW) { // also if the record is not whole yet
        result = unwrapForLater();
      }
      switch (result.getStatus()) {
        case BUFFER_OVERFLOW -> throw new IOException("a record that is larger than any may be");
        case BUFFER_UNDERFLOW -> {
          int count = fill();
          if (count == 0) {
            return into.position() - start;
          }
          ended = count < 0;
        }
        case CLOSED -> ended = true;
        default -> {
          if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
            runTasks();
          }
        }
      }
    }
    int count = into.position() - start;
    return count == 0 && ended ? -1 : count;
  }

  private void move(ByteBuffer into) {
    int count = Math.min(into.remaining(), plain.remaining());
    int end = plain.limit();
    into.put(plain.limit(plain.position() + count));
    plain.limit(end);
  }

  private SSLEngineResult unwrapForLater() throws IOException {
    int bytes = engine.getSession().getApplicationBufferSize();
    if (plain.capacity() < bytes) {
      plain = ByteBuffer.allocate(bytes);
    }
    plain.clear();
    try {
      return engine.unwrap(encrypted, plain);
    } finally {
      plain.flip();
    }
  }

  @Override
  public int write(ByteBuffer from) throws IOException {
    int start = from.position();
    while (from.hasRemaining() && from.position() == start) {
      if (!flush()) {
        return 0;
      }
      leaving.clear();
      SSLEngineResult result;
      try {
        result = engine.wrap(from, leaving);
      } finally {
        leaving.flip();
      }
      if (result.getStatus() != Status.OK) {
        throw new IOException("TLS has ended: " + result.getStatus());
      }
      if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
        runTasks();
      }
    }
    flush();
    return from.position() - start;
  }

  /** Writes what was taken before, as far as there is room; tells whether that is all. */
  boolean flush() throws IOException {
    while (leaving.hasRemaining()) {
      if (socket.write(leaving) == 0) {
        return false;
      }
    }
    return true;
  }

  /** Tells whether something that was taken has not been written yet. */
  boolean hasRest() {
    return leaving.hasRemaining();
  }

  /** Says that nothing more is written. */
  void shutdownOutput() throws IOException {
    engine.closeOutbound();
    sayQuietly();
    socket.shutdownOutput();
  }

  @Override
  public boolean isOpen() {
    return socket.isOpen();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
