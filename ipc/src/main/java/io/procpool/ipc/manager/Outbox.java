// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.channel.Connection;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.wire.ToManager;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a client has to say: messages go to the server in the order in which they were put here, several in one. Safe for use by multiple
 * threads.
 */
final class Outbox {
  /*
   * Who sends holds `sending`. What an interrupt or the end of the connection kept from being sent is put back in front, so that nothing is lost or sent out
   * of order. Large messages are sent by themselves.
   */
  private static final int FIRST_BYTES = 4096;
  private static final int MOST_BYTES = 1 << 20;
  private static final byte[] NOTHING = {};
  private static final Duration NOW = Duration.ZERO;
  private static final Duration FOREVER = Duration.ofDays(10_000);

  private final Connection connection;
  private final ReentrantLock sending = new ReentrantLock(true);
  private PayloadWriter waiting = empty(); // guarded by this
  private byte[] rest = NOTHING; // guarded by sending
  private volatile boolean filled;

  Outbox(Connection connection) {
    this.connection = connection;
  }

  private static PayloadWriter empty() {
    PayloadWriter writer = new PayloadWriter(FIRST_BYTES, Integer.MAX_VALUE);
    ManagerWire.begin(writer, new ToManager.Batch());
    return writer;
  }

  /** Tells whether something is there to be sent. */
  boolean isFilled() {
    return filled;
  }

  /**
   * Puts a message in, to be sent by {@link #flush()}. Only if there is too much already, it is sent at once, which may block.
   *
   * @return whether it has been sent
   */
  boolean add(byte[] message) throws IOException {
    if (message.length > MOST_BYTES) {
      sendUninterrupted(message);
      return true;
    }
    boolean tooMuch = post(message) > MOST_BYTES;
    if (tooMuch) {
      sendUninterrupted(NOTHING);
    }
    return tooMuch;
  }

  /** Puts a small message in, to be sent by {@link #flush()}; returns how many bytes there are. Does not block. */
  synchronized int post(byte[] message) {
    waiting.putVarint(message.length);
    waiting.putBytes(message);
    filled = true;
    return waiting.position();
  }

  /** As {@link #send(byte[])}; an interrupt is kept for later. */
  void sendUninterrupted(byte[] message) throws IOException {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          send(message);
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Sends what is in it. Blocks while the server does not read. */
  void flush() throws IOException, InterruptedException {
    if (filled) {
      send(NOTHING);
    }
  }

  /** Sends what is in it if the server takes it at once; tells whether nothing is left. Does not block: who reads for others may not wait for a server that waits for its replies to be read. */
  boolean tryFlush() throws IOException, InterruptedException {
    if (filled && sending.tryLock()) {
      try {
        sendWaiting(NOW);
      } catch (TimeoutException serverIsBusy) {
        return false;
      } finally {
        sending.unlock();
      }
    }
    return !filled;
  }

  /**
   * Sends what is in it, and then a message.
   *
   * @throws InterruptedException if the thread is interrupted; the message was not sent then
   */
  void send(byte[] message) throws IOException, InterruptedException {
    sending.lockInterruptibly();
    try {
      if (filled) {
        sendWaiting(FOREVER);
      }
      if (message.length > 0) {
        connection.sendBytes(message);
      }
    } catch (TimeoutException never) {
      throw new IOException(never);
    } finally {
      sending.unlock();
    }
  }

  private void sendWaiting(Duration timeout)
      throws IOException, InterruptedException, TimeoutException {
    if (rest.length > 0) {
      connection.send(rest, timeout);
      rest = NOTHING;
    }
    PayloadWriter batch;
    synchronized (this) {
      batch = waiting;
      waiting = empty();
      filled = false;
    }
    byte[] array = batch.toByteArray();
    boolean sent = false;
    try {
      connection.send(array, timeout);
      sent = true;
    } finally {
      if (!sent) {
        rest = array;
        filled = true;
      }
    }
  }
}
