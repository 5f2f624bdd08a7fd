// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The worker's end of a connection: bytes go through the rings of its segment, and the socket only wakes who sleeps, and ends with the
 * other process. One thread at a time reads, one writes.
 */
public final class RingChannel implements FrameChannel {
  /*
   * Sleeping. Who finds nothing to read says in the ring that it will sleep, looks again, and reads the socket; who writes finds that, and writes a
   *           byte to the socket. What is read there has no meaning, and there may be one too many.
   * Full.     The writer says nothing: the reader is at it, and the writer looks again soon. In between it writes to the socket, which
   *           fails if the other process is gone.
   */
  private static final int LOOKS_BEFORE_YIELD = 64;
  private static final long PATIENCE_NANOS = 50_000;
  private static final long PAUSE_NANOS = 100_000;
  private static final int PAUSES_BEFORE_CHECK = 500;

  private final SocketChannel socket;
  private final FrameRing in;
  private final FrameRing out;
  private final ByteBuffer wakes = ByteBuffer.allocateDirect(64); // the reader's
  private final ByteBuffer wake = ByteBuffer.allocateDirect(1); // guarded by itself
  private @Nullable Runnable waker; // the writer's

  /** Reads from one ring and writes to another. */
  public RingChannel(SocketChannel socket, FrameRing in, FrameRing out) {
    this.socket = socket;
    this.in = in;
    this.out = out;
  }

  @Override
  public void read(ByteBuffer target) throws IOException {
    while (!readNow(target)) {
      in.readerSleeps();
      if (!in.isReady()) {
        readWakes();
      }
    }
  }

  private boolean readNow(ByteBuffer target) throws IOException {
    ByteBuffer readable = in.readable();
    int length = Math.min(readable.remaining(), target.remaining());
    if (length == 0) {
      return false;
    }
    target.put(readable.limit(length));
    if (in.consumed(length)) {
      wakeOther();
    }
    return true;
  }

  @Override
  public boolean isReady() {
    return in.isReady();
  }

  @Override
  public void check() throws IOException {
    socket.configureBlocking(false);
    try {
      readWakes();
    } finally {
      socket.configureBlocking(true);
    }
  }

  private void readWakes() throws IOException {
    wakes.clear();
    if (socket.read(wakes) < 0 && !in.isReady()) {
      throw new EOFException();
    }
  }

  /**
   * Has something else call {@link #wake()} for the writer, whose thread may be interrupted, which would close the socket; null: the writer does. For the writer.
   */
  public void wakeThrough(@Nullable Runnable waker) {
    this.waker = waker;
  }

  /** Wakes the other side; any thread that is not interrupted. */
  public void wake() throws IOException {
    wakeOther();
  }

  private void wakeForWriter() throws IOException {
    if (waker == null) {
      wakeOther();
    } else {
      waker.run();
    }
  }

  private void wakeOther() throws IOException {
    synchronized (wake) {
      wake.clear();
      socket.write(wake);
    }
  }

  @Override
  public void write(ByteBuffer... sources) throws IOException {
    for (ByteBuffer source : sources) {
      out.write(source);
      if (source.hasRemaining()) {
        writeRest(source);
      }
    }
    publish();
  }

  private void publish() throws IOException {
    if (out.publish()) {
      wakeForWriter();
    }
  }

  private void writeRest(ByteBuffer source) throws IOException {
    long since = System.nanoTime();
    int pauses = 0;
    for (int looks = 0; source.hasRemaining(); looks++) {
      publish();
      if (looks < LOOKS_BEFORE_YIELD) {
        Thread.onSpinWait();
      } else if (System.nanoTime() - since < PATIENCE_NANOS) {
        Thread.yield();
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
        pauses++;
        if (pauses % PAUSES_BEFORE_CHECK == 0) {
          wakeForWriter();
        }
      }
      int before = source.remaining();
      out.write(source);
      if (source.remaining() < before) {
        since = System.nanoTime();
        looks = 0;
      }
    }
  }
}
