// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.channel.ReadySource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.ServerSocketChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Accepts connections over sockets: a queue of those whose clients have the key, which {@link Doorman} fills. Safe for use by multiple threads. */
public final class SocketListener implements ConnectionListener, ReadySource {
  private static final int MAX_BACKLOG = 10_000;
  private static final int SYSTEM_BACKLOG = 1024; // the doorman takes them from there at once

  private final SocketAddress address;
  private final int backlog;
  private final @Nullable SocketFile file;
  private final Doorman doorman;
  private final AtomicLong refused = new AtomicLong();
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Condition changed = lock.newCondition();
  private final ArrayDeque<SocketConnection> waiting = new ArrayDeque<>(); // guarded by lock
  private @Nullable Pipe
      signal; // guarded by lock; made for the first selector: has a byte while somebody waits
  private boolean signalled; // guarded by lock
  private boolean closed; // guarded by lock

  private SocketListener(
      ServerSocketChannel server, @Nullable SocketFile file, byte[] key, int backlog)
      throws IOException {
    this.address = server.getLocalAddress();
    this.file = file;
    this.backlog = backlog;
    this.doorman = new Doorman(this, server, key);
  }

  /** Begins to listen; see {@link ConnectionListener#listen(SocketAddress, byte[], int)}. */
  public static ConnectionListener listen(SocketAddress address, byte[] key, int backlog)
      throws IOException {
    byte[] ownKey = ConnectionHandshake.copyOfKey(key);
    if (backlog < 1 || backlog > MAX_BACKLOG) {
      throw new IllegalArgumentException(
          "backlog: " + backlog + " (expected: 1 to " + MAX_BACKLOG + ")");
    }
    StandardProtocolFamily family = Addresses.family(address);
    ServerSocketChannel server = ServerSocketChannel.open(family);
    SocketFile file = null;
    try {
      if (address instanceof UnixDomainSocketAddress unix) {
        SocketFile.makeRoom(unix);
        server.bind(unix, SYSTEM_BACKLOG);
        file = SocketFile.made(unix);
      } else {
        server.bind(address, SYSTEM_BACKLOG);
      }
      SocketListener listener = new SocketListener(server, file, ownKey, backlog);
      listener.doorman.start();
      return listener;
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      Addresses.closeQuietly(server);
      if (file != null) {
        file.delete();
      }
      if (e instanceof IOException) {
        throw new IOException("cannot listen at " + address + ": " + e.getMessage(), e);
      }
      throw e;
    }
  }

  @Override
  public Connection accept() throws InterruptedException {
    SocketConnection accepted = poll(Long.MAX_VALUE);
    if (accepted == null) {
      throw new AssertionError("there is no end to this wait");
    }
    return accepted;
  }

  @Override
  public Connection accept(Duration timeout) throws InterruptedException, TimeoutException {
    SocketConnection accepted = poll(TimeUnit.NANOSECONDS.convert(timeout));
    if (accepted == null) {
      throw new TimeoutException("nobody connected to " + address + " within " + timeout);
    }
    return accepted;
  }

  private @Nullable SocketConnection poll(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (true) {
        checkOpen();
        SocketConnection next = waiting.poll();
        if (next != null) {
          signalReady();
          return next;
        }
        if (left <= 0) {
          return null;
        }
        left = changed.awaitNanos(left);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Tells whether one more may wait, beside some that are about to; for the doorman, who alone brings them. */
  boolean hasRoom(int coming) {
    lock.lock();
    try {
      return waiting.size() + coming < backlog;
    } finally {
      lock.unlock();
    }
  }

  /** Has a connection wait to be accepted. */
  void offer(SocketConnection connection) {
    lock.lock();
    try {
      if (!closed) {
        waiting.add(connection);
        changed.signal();
        signalReady();
        return;
      }
    } finally {
      lock.unlock();
    }
    connection.close();
  }

  void countRefused() {
    refused.incrementAndGet();
  }

  /** Sees to it that the pipe has a byte while somebody waits, and none otherwise; with the lock. */
  private void signalReady() {
    Pipe pipe = signal;
    boolean wanted = !waiting.isEmpty();
    if (pipe == null || wanted == signalled) {
      return;
    }
    try {
      ByteBuffer one = ByteBuffer.allocate(1);
      int count = wanted ? pipe.sink().write(one) : pipe.source().read(one);
      signalled = count == 1 == wanted;
    } catch (IOException e) {
      throw new UncheckedIOException("the listener at " + address + " cannot be waited for", e);
    }
  }

  @Override
  public boolean isReady() {
    lock.lock();
    try {
      checkOpen();
      return !waiting.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void ringWhenReady() {
    // It has a channel.
  }

  @Override
  public Optional<SelectableChannel> channel() {
    lock.lock();
    try {
      checkOpen();
      Pipe pipe = signal;
      if (pipe == null) {
        pipe = Pipe.open();
        pipe.source().configureBlocking(false);
        pipe.sink().configureBlocking(false);
        signal = pipe;
        signalReady();
      }
      return Optional.of(pipe.source());
    } catch (IOException e) {
      throw new UncheckedIOException("the listener at " + address + " cannot be waited for", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public SocketAddress address() {
    return address;
  }

  @Override
  public long refused() {
    return refused.get();
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the listener at " + address + " is closed");
    }
  }

  @Override
  public void close() {
    List<SocketConnection> unwanted;
    lock.lock();
    try {
      if (closed) {
        return;
      }
      closed = true;
      unwanted = new ArrayList<>(waiting);
      waiting.clear();
      changed.signalAll();
      if (signal != null) {
        Addresses.closeQuietly(signal.sink());
        Addresses.closeQuietly(signal.source());
      }
    } finally {
      lock.unlock();
    }
    if (file != null) {
      file.delete();
    }
    doorman.close();
    unwanted.forEach(SocketConnection::close);
  }

  @Override
  public String toString() {
    return "SocketListener[" + address + "]";
  }
}
