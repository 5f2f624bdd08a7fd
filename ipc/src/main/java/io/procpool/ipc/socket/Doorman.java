// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.socket;

import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.ConnectionHandshake.Verdict;
import io.procpool.ipc.auth.Handshake;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Takes clients in and shakes hands with them, all beside each other; for one listener. */
final class Doorman implements Runnable, AutoCloseable {
  /*
   * One daemon thread with a selector; it waits for nobody in particular. A client has HANDSHAKE_NANOS in all, however often it sends a
   * byte, and if more than MAX_GUESTS are at it, the one that came first goes: a client that knows the key needs a millisecond, so whoever
   * wanted to drive it away would have to connect MAX_GUESTS times within that.
   * What this side sends fits into the socket that has just been made; if not, something is wrong, and the client goes.
   * If the process has no descriptor left, clients that are not through yet give theirs back, and others wait in the system's queue for a
   * moment.
   */
  static final long HANDSHAKE_NANOS = TimeUnit.SECONDS.toNanos(10);
  static final int MAX_GUESTS = 256;
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final int AT_ONCE = 64;

  private final SocketListener listener;
  private final ServerSocketChannel server;
  private final byte[] key;
  private final Selector selector;
  private final SelectionKey serverKey;
  private final Set<Guest> guests =
      new LinkedHashSet<>(); // in the order in which they came; own thread only
  private final List<SocketConnection> through = new ArrayList<>(); // own thread only
  private boolean paused; // own thread only
  private volatile boolean closed;

  /** A client that has not proved anything yet. */
  private static final class Guest {
    private final SocketChannel channel;
    private final String name;
    private final byte[] greeting = ConnectionHandshake.greeting(Handshake.newNonce());
    private final ByteBuffer proof = ByteBuffer.allocate(ConnectionHandshake.PROOF_BYTES);
    private final long since = System.nanoTime();

    private Guest(SocketChannel channel, String name) {
      this.channel = channel;
      this.name = name;
    }
  }

  Doorman(SocketListener listener, ServerSocketChannel server, byte[] key) throws IOException {
    this.listener = listener;
    this.server = server;
    this.key = key;
    this.selector = Selector.open();
    try {
      server.configureBlocking(false);
      this.serverKey = server.register(selector, SelectionKey.OP_ACCEPT);
    } catch (IOException e) {
      selector.close();
      throw e;
    }
  }

  void start() throws IOException {
    Thread thread = new Thread(this, "procpool-listener " + listener.address());
    thread.setDaemon(true);
    try {
      thread.start();
    } catch (OutOfMemoryError noThread) {
      selector.close();
      throw noThread;
    }
  }

  @Override
  public void run() {
    try {
      while (!closed) {
        serveOnce();
      }
    } catch (ClosedSelectorException | CancelledKeyException e) {
      // That is how it is closed.
    } finally {
      guests.forEach(guest -> Addresses.closeQuietly(guest.channel));
      through.forEach(SocketConnection::close);
    }
  }

  private void serveOnce() {
    List<SelectionKey> ready = new ArrayList<>();
    try {
      selector.select(ready::add, untilNext());
      if (paused) {
        paused = false;
        serverKey.interestOps(SelectionKey.OP_ACCEPT);
      }
      for (SelectionKey each : ready) {
        if (each == serverKey) {
          welcome();
        } else if (each.attachment() instanceof Guest guest) {
          listen(each, guest);
        }
      }
      dismissLate();
      if (!through.isEmpty()) {
        selector.selectNow(each -> {}); // which lets go of their channels
        through.forEach(listener::offer);
        through.clear();
      }
    } catch (IOException e) {
      pause(); // the system is short of something
    }
  }

  /** Returns for how many milliseconds there is nothing to do if nobody does anything; 0 for ever. */
  private long untilNext() {
    if (paused) {
      return TimeUnit.NANOSECONDS.toMillis(PAUSE_NANOS);
    }
    if (guests.isEmpty()) {
      return 0;
    }
    Guest first = guests.iterator().next();
    long left = HANDSHAKE_NANOS - (System.nanoTime() - first.since);
    return TimeUnit.NANOSECONDS.toMillis(Math.max(0, left)) + 1;
  }

  private void welcome() {
    for (int i = 0; i < AT_ONCE; i++) {
      SocketChannel channel = null;
      try {
        channel = server.accept();
        if (channel == null) {
          return;
        }
        welcome(channel);
      } catch (IOException e) {
        if (channel == null) {
          pause();
          return;
        }
        Addresses.closeQuietly(channel);
        listener.countRefused();
      }
    }
  }

  private void pause() {
    if (!closed && serverKey.isValid()) {
      dismissFirst();
      serverKey.interestOps(0);
      paused = true;
    }
  }

  private void welcome(SocketChannel channel) throws IOException {
    Addresses.configure(channel);
    String from = channel.getRemoteAddress() + "";
    Guest guest = new Guest(channel, listener.address() + (from.isEmpty() ? "" : " from " + from));
    if (channel.write(ByteBuffer.wrap(guest.greeting)) < guest.greeting.length) {
      throw new IOException("no room for the greeting");
    }
    channel.register(selector, SelectionKey.OP_READ, guest);
    guests.add(guest);
    if (guests.size() > MAX_GUESTS) {
      dismissFirst();
    }
  }

  private void listen(SelectionKey ready, Guest guest) {
    try {
      int count = guest.channel.read(guest.proof);
      if (count < 0) {
        dismiss(guest);
      } else if (!guest.proof.hasRemaining()) {
        answer(ready, guest);
      }
    } catch (IOException e) {
      dismiss(guest);
    }
  }

  private void answer(SelectionKey ready, Guest guest) throws IOException {
    byte[] proof = guest.proof.array();
    Verdict verdict = ConnectionHandshake.judge(key, guest.greeting, proof);
    boolean known = verdict == Verdict.ACCEPTED;
    if (known && !listener.hasRoom(through.size())) {
      verdict = Verdict.FULL;
    }
    guests.remove(guest);
    if (!known) {
      listener.countRefused(); // before it is told
    }
    byte[] answer = ConnectionHandshake.verdict(key, guest.greeting, proof, verdict);
    boolean sent = false;
    try {
      sent = guest.channel.write(ByteBuffer.wrap(answer)) == answer.length
          && verdict == Verdict.ACCEPTED;
    } finally {
      if (!sent) {
        guest.channel.close();
      }
    }
    if (sent) {
      ready.cancel();
      through.add(new SocketConnection(guest.channel, guest.name));
    }
  }

  private void dismissLate() {
    long now = System.nanoTime();
    Iterator<Guest> first = guests.iterator();
    while (first.hasNext()) {
      Guest guest = first.next();
      if (now - guest.since < HANDSHAKE_NANOS) {
        return;
      }
      first.remove();
      listener.countRefused();
      Addresses.closeQuietly(guest.channel);
    }
  }

  private void dismissFirst() {
    Iterator<Guest> first = guests.iterator();
    if (first.hasNext()) {
      dismiss(first.next());
    }
  }

  private void dismiss(Guest guest) {
    if (guests.remove(guest)) {
      listener.countRefused();
    }
    Addresses.closeQuietly(guest.channel);
  }

  /** Ends it, and what is at the door; the address is free when this returns. */
  @Override
  public void close() {
    closed = true;
    Addresses.closeQuietly(server);
    Addresses.closeQuietly(selector);
  }
}
