// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.ipc.auth.ConnectionHandshake;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Random;

/** A client that does what it likes. For one thread. */
final class RawClient implements AutoCloseable {
  private final SocketChannel channel;

  RawClient(SocketAddress address) throws IOException {
    channel = SocketChannel.open(address);
  }

  static byte[] random(int bytes) {
    byte[] made = new byte[bytes];
    new Random(bytes).nextBytes(made);
    return made;
  }

  RawClient send(byte[] bytes) throws IOException {
    ByteBuffer from = ByteBuffer.wrap(bytes);
    while (from.hasRemaining()) {
      channel.write(from);
    }
    return this;
  }

  byte[] receive(int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException();
      }
    }
    return into.array();
  }

  byte[] greeting() throws IOException {
    return receive(ConnectionHandshake.GREETING_BYTES);
  }

  /** Shakes hands as it should be, and sends something in the same breath. */
  RawClient shakeHands(byte[] key, byte[] more) throws IOException {
    byte[] proof = ConnectionHandshake.proof(key, greeting(), random(32));
    send(ByteBuffer.allocate(proof.length + more.length).put(proof).put(more).array());
    receive(ConnectionHandshake.VERDICT_BYTES);
    return this;
  }

  /** Waits until the other side has closed. */
  void awaitEnd() throws IOException {
    ByteBuffer into = ByteBuffer.allocate(1000);
    try {
      while (channel.read(into.clear()) >= 0) {
        // More of what it said before.
      }
    } catch (IOException reset) {
      // That is an end, too.
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
