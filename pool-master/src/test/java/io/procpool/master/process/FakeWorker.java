// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.Order;
import io.procpool.ipc.Outcomes;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.LogRecord;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.ipc.wire.WireMessage;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;

/** The main class of a process that poses as a worker and breaks the protocol in the manner it is told. */
final class FakeWorker {
  static final int MANY = 40;

  private static final long SEED = 4711;
  private static final String EMPTY_FAILURES = "J\0"; // the ninth field, with nothing in it

  private final Launch launch;
  private final SocketChannel channel;

  private FakeWorker(Launch launch, SocketChannel channel) {
    this.launch = launch;
    this.channel = channel;
  }

  /** Misbehaves; the one argument says how. */
  public static void main(String[] arguments) throws Exception {
    String manner = arguments[0];
    Launch launch = Launch.read(Order.read(System.in).body());
    if (manner.equals("never-connect")) {
      new CountDownLatch(1).await();
    }
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    channel.connect(UnixDomainSocketAddress.of(launch.socketPath()));
    new FakeWorker(launch, channel).misbehave(manner);
  }

  private void misbehave(String manner) throws Exception {
    long pid = ProcessHandle.current().pid();
    if (manner.equals("silent")) {
      awaitEnd();
    }
    if (manner.equals("garbage")) {
      byte[] garbage = new byte[4096];
      new Random(SEED).nextBytes(garbage);
      write(garbage);
      awaitEnd();
    }
    byte[] hello = Handshake.hello(launch.worker(), pid, Handshake.newNonce());
    write(hello);
    byte[] challenge = read(Handshake.CHALLENGE_BYTES);
    if (manner.startsWith("strike-")) {
      Strike.valueOf(manner.substring("strike-".length())).strike();
    }
    byte[] key = manner.equals("wrong-key") ? Handshake.newKey() : launch.key();
    write(Handshake.proof(key, hello, challenge));
    WorkerSegment segment = WorkerSegment.open(launch.segmentPath());
    RingChannel rings = new RingChannel(channel, segment.toWorker(), segment.toMaster());
    FrameReader reader = new FrameReader(rings);
    FrameWriter writer = new FrameWriter(rings);
    if (manner.equals("wrong-key")) {
      reader.read(); // the master closes the connection
    }
    reader.read();
    if (manner.equals("garbage-frames")) {
      put(segment, new byte[] {5, 4, -1, -1, -1, -1, 9, 9, 9});
      awaitEnd();
    }
    if (manner.equals("huge-frame")) {
      put(segment, new byte[] {-1, -1, -1, -1, 7});
      awaitEnd();
    }
    if (manner.equals("unknown-message")) {
      send(writer, out -> {});
      awaitEnd();
    }
    send(writer, new FromWorker.Ready());
    ToWorker.Run run = (ToWorker.Run) ToWorker.read(reader.read().header());
    segment.begin(run.seq());
    int seq = run.seq();
    int first = run.first();
    int count = run.count();
    switch (manner) {
      case "ready-twice" -> send(writer, new FromWorker.Ready());
      case "other-unit" -> send(writer, results(seq + 1, first, count));
      case "too-many-results" -> send(writer, results(seq, first, count + 1));
      case "overflowing-count" -> send(writer, results(seq, first, Integer.MAX_VALUE));
      case "negative-count" -> send(writer, results(seq, first, -1));
      case "out-of-memory-and-stays" -> send(writer, new FromWorker.OutOfMemory());
      case "out-of-memory-and-goes-on" -> {
        send(writer, new FromWorker.OutOfMemory());
        segment.end(seq);
        PayloadWriter value = new PayloadWriter();
        Outcomes.writeValue(value, 1);
        writer.write(results(seq, first, count), value.view());
        ToWorker.read(reader.read().header()); // that it shall stop
        return;
      }
      case "early-end" -> send(writer, results(seq, first, 0));
      case "silent-after-nothing" ->
        send(writer, new FromWorker.Results(seq, first, 0, false, 0, 0, false));
      case "garbage-value" -> {
        segment.end(seq);
        writer.write(results(seq, first, count), ByteBuffer.wrap(new byte[] {77, 77, 77}));
        reader.read();
      }
      case "hostile-logs" -> {
        for (int i = 0; i < MANY; i++) {
          log(writer, record("hostile." + "n".repeat(100_000) + i));
          log(writer, new byte[] {77, 77, 77, -1, -1});
        }
        log(writer, EMPTY_FAILURES.repeat(1 << 20).getBytes(StandardCharsets.ISO_8859_1));
        log(writer, EMPTY_FAILURES.repeat(100).getBytes(StandardCharsets.ISO_8859_1));
        log(writer, record("hostile.last"));
        segment.end(seq);
        PayloadWriter value = new PayloadWriter();
        Outcomes.writeValue(value, 1);
        writer.write(results(seq, first, count), value.view());
      }
      case "huge-log" -> {
        log(writer, new byte[8 << 20]);
      }
      case "endless-questions" -> {
        while (true) {
          send(writer, new FromWorker.Wanted(1, 2, FromWorker.Wanted.RESOURCES, "none", true));
        }
      }
      case "close-connection" -> channel.close();
      case "flood-after-close" -> {
        channel.close();
        flood(segment);
      }
      default -> throw new IllegalArgumentException(manner.toLowerCase(Locale.ROOT));
    }
    awaitEnd();
  }

  /** Writes harmless frames for ever, as fast as they are read. */
  private static void flood(WorkerSegment segment) throws IOException {
    FieldWriter message = new FieldWriter();
    new FromWorker.Stack(0, 0).writeTo(message);
    byte[] frame = new byte[message.length() + 2];
    frame[0] = (byte) (message.length() + 1);
    frame[1] = (byte) message.length();
    System.arraycopy(message.array(), 0, frame, 2, message.length());
    while (true) {
      for (ByteBuffer rest = ByteBuffer.wrap(frame); rest.hasRemaining(); ) {
        segment.toMaster().write(rest);
      }
      segment.toMaster().publish();
    }
  }

  private static FromWorker results(int seq, int first, int count) {
    return new FromWorker.Results(seq, first, count, true, 0, 0, false);
  }

  private static byte[] record(String logger) {
    return new LogRecord(4, 0, 0, logger, "t", "m", List.of(), Map.of(), List.of()).encode();
  }

  private static void log(FrameWriter writer, byte[] record) throws IOException {
    writer.write(new FromWorker.Log(), ByteBuffer.wrap(record));
  }

  private static void send(FrameWriter writer, WireMessage message) throws IOException {
    writer.write(message, ByteBuffer.allocate(0));
  }

  /** Does nothing until the master has closed the connection; then goes on doing nothing. */
  private static void awaitEnd() throws InterruptedException {
    new CountDownLatch(1).await();
  }

  /** Puts bytes into the ring, and wakes the master. */
  private void put(WorkerSegment segment, byte[] bytes) throws IOException {
    segment.toMaster().write(ByteBuffer.wrap(bytes));
    segment.toMaster().publish();
    write(new byte[1]);
  }

  private void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private byte[] read(int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new IOException("closed by the master");
      }
    }
    return buffer.array();
  }
}
