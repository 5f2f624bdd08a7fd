// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.auth.ConnectionHandshake;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.channel.Messages;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.wire.ToManager;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.List;

/** A client that has the key and then breaks the rules. */
final class RawManagerClient {
  private RawManagerClient() {}

  /** Connects, says something bad, and waits until it is told off: until the server closes the connection, or refuses a call. */
  static AutoCloseable misbehave(String manner, SocketAddress address, byte[] key)
      throws Exception {
    SocketChannel channel = SocketChannel.open(address);
    byte[] greeting = read(channel, ConnectionHandshake.GREETING_BYTES);
    channel.write(ByteBuffer.wrap(ConnectionHandshake.proof(key, greeting, Handshake.newNonce())));
    read(channel, ConnectionHandshake.VERDICT_BYTES);
    PayloadWriter hello = new PayloadWriter();
    ManagerWire.begin(hello, new ToManager.Hello(ManagerWire.VERSION, 1, "guest"));
    send(channel, Messages.BYTES, hello.toByteArray());
    readMessage(channel);
    switch (manner) {
      case "kind" -> send(channel, 77, new byte[] {1});
      case "length" ->
        channel.write(ByteBuffer.allocate(5).putInt(1 << 30).put((byte) 2).flip());
      case "header" -> send(channel, Messages.BYTES, new byte[] {100, 1, 2, 3});
      case "batch" -> {
        PayloadWriter inner = new PayloadWriter();
        ManagerWire.begin(inner, new ToManager.Batch());
        PayloadWriter outer = new PayloadWriter();
        ManagerWire.begin(outer, new ToManager.Batch());
        outer.putVarint(inner.position());
        outer.putBytes(inner.toByteArray());
        send(channel, Messages.BYTES, outer.toByteArray());
      }
      case "operation" -> {
        PayloadWriter call = new PayloadWriter();
        ManagerWire.begin(call, new ToManager.Call(7, 12345, "wait(long)", List.of(), 0));
        send(channel, Messages.BYTES, call.toByteArray());
        readMessage(channel);
        return channel;
      }
      default -> throw new IllegalArgumentException(manner);
    }
    try {
      readMessage(channel);
      throw new AssertionError("the server has answered to " + manner);
    } catch (IOException closed) {
      return channel;
    }
  }

  private static void send(SocketChannel channel, int kind, byte[] message) throws IOException {
    channel.write(ByteBuffer.allocate(5 + message.length)
        .putInt(message.length)
        .put((byte) kind)
        .put(message)
        .flip());
  }

  private static void readMessage(SocketChannel channel) throws IOException {
    read(channel, ByteBuffer.wrap(read(channel, 5)).getInt());
  }

  private static byte[] read(SocketChannel channel, int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException();
      }
    }
    return into.array();
  }
}
