// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.Order;
import io.procpool.ipc.Outcomes;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.ToWorker;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A real worker process, and the test in the part of its master. Not safe for use by multiple threads. */
final class PlayedMaster implements AutoCloseable {
  /** The deadline for what must happen. */
  static final Duration LONG = Duration.ofSeconds(30);

  /** How a worker ends that has lost its master: it halts, and has itself killed in case that takes too long. */
  static final List<Integer> DISCONNECTED = List.of(71, 128 + 9);

  static final byte[] NOTHING = {};

  private final byte[] key = Handshake.newKey();
  private final Path directory;
  private final Path session;
  private final ServerSocketChannel server;
  private final WorkerSegment segment;
  private final Process process;
  private final BlockingQueue<Message> received = new LinkedBlockingQueue<>();
  private SocketChannel channel;
  private RingChannel rings;
  private FrameWriter writer;

  /** What a worker has sent. */
  record Message(FromWorker header, byte[] payload) {
    /** Returns the values of these results; failures as themselves, texts of problems as they are. */
    List<Object> outcomes() throws IOException {
      ClassLoader loader = PlayedMaster.class.getClassLoader();
      PayloadReader in = new PayloadReader(payload);
      List<Object> outcomes = new ArrayList<>();
      for (int i = 0; i < ((FromWorker.Results) header).count(); i++) {
        int kind = in.getByte();
        outcomes.add(
            kind == Outcomes.THROWN || kind == Outcomes.UNDECODABLE_TASK
                ? ThrowableCodec.read(in, loader, null)
                : ValueCodec.read(in, loader));
      }
      return outcomes;
    }
  }

  private PlayedMaster(Path parent, boolean launch, String... jvmFlags) throws IOException {
    directory = Files.createTempDirectory(parent, "master");
    session = Files.createDirectory(directory.resolve("session"));
    Files.writeString(session.resolve("lock"), "1"); // nobody holds it, as after the master's death
    Path socket = directory.resolve("socket");
    Path segmentPath = directory.resolve("segment");
    segment = WorkerSegment.create(segmentPath);
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    List<String> command = new ArrayList<>(
        List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1"));
    command.addAll(Arrays.asList(jvmFlags));
    command.addAll(
        List.of("-cp", System.getProperty("java.class.path"), "io.procpool.worker.ProcessMain"));
    process = new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(directory.resolve("stderr").toFile())
        .start();
    try (OutputStream stdin = process.getOutputStream()) {
      if (launch) {
        stdin.write(Order.encode(
            Order.WORKER,
            new Launch(
                key,
                1,
                "worker-1",
                socket.toString(),
                segmentPath.toString(),
                session.toString(),
                "",
                "pool-1",
                ProcessHandle.current().pid(),
                "main",
                1,
                0,
                false)));
      }
    }
  }

  /** Spawns a worker and gives it nothing but the end of its standard input. */
  static PlayedMaster ofWorkerWithoutLaunch(Path parent) throws IOException {
    return new PlayedMaster(parent, false);
  }

  /** Spawns a worker that is about to connect. */
  static PlayedMaster ofLaunchedWorker(Path parent) throws IOException {
    return new PlayedMaster(parent, true);
  }

  /** Spawns a worker and waits until it is ready. */
  static PlayedMaster ofReadyWorker(Path parent, String... jvmFlags) throws Exception {
    PlayedMaster master = new PlayedMaster(parent, true, jvmFlags);
    try {
      master.answerHandshake();
      master.send(new ToWorker.Welcome(false, 0, 0, 0, new byte[0], false));
      assertThat(master.next().header()).isInstanceOf(FromWorker.Ready.class);
      return master;
    } catch (Throwable failed) {
      master.close();
      throw failed;
    }
  }

  /** Lets the worker connect; returns its first message. */
  byte[] accept() throws IOException {
    channel = server.accept();
    rings = new RingChannel(channel, segment.toMaster(), segment.toWorker());
    writer = new FrameWriter(rings);
    return readFully(Handshake.HELLO_BYTES);
  }

  void answerHandshake() throws IOException {
    byte[] hello = accept();
    byte[] challenge = Handshake.challenge(key, hello, Handshake.newNonce());
    write(challenge);
    Handshake.verifyProof(key, hello, challenge, readFully(Handshake.PROOF_BYTES));
    Thread reader = new Thread(this::readAll, "played-master");
    reader.setDaemon(true);
    reader.start();
  }

  private void readAll() {
    try {
      FrameReader reader = new FrameReader(rings);
      while (true) {
        FrameReader.Frame frame = reader.read();
        received.add(new Message(
            FromWorker.read(frame.header(), 0, frame.header().length), frame.payload()));
      }
    } catch (IOException end) {
      // The worker has ended, or the test has closed the connection.
    }
  }

  void write(byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private byte[] readFully(int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new IOException("the worker has closed the connection");
      }
    }
    return buffer.array();
  }

  void send(ToWorker message) throws IOException {
    writer.write(message, ByteBuffer.wrap(NOTHING));
  }

  /** Returns an encoded function. */
  static byte[] encoded(Object function) throws IOException {
    PayloadWriter writer = new PayloadWriter();
    FunctionCodec.write(writer, function);
    return writer.toByteArray();
  }

  /** Offers a unit of so many items and sends it; the arguments are encoded, one for each item. */
  void run(int seq, FunctionKind kind, byte[] function, List<?> arguments) throws IOException {
    int count = Math.max(1, arguments.size());
    run(
        ToWorker.Run.plain(seq, seq, 0, count, seq, function.length, false, kind.ordinal()),
        function,
        arguments);
  }

  void run(ToWorker.Run run, byte[] function, List<?> arguments) throws IOException {
    PayloadWriter payload = new PayloadWriter();
    payload.putBytes(function);
    for (Object argument : arguments) {
      ValueCodec.write(payload, argument);
    }
    segment.offer(run.seq(), run.count());
    writer.write(run, payload.view());
  }

  void interrupt(int seq) throws IOException {
    send(new ToWorker.Interrupt(seq));
  }

  void forget(long functionId) throws IOException {
    send(new ToWorker.Forget(functionId));
  }

  void stop() throws IOException {
    send(new ToWorker.Stop(0));
  }

  /** Sends a ping; its answer must be the next message, and all that was sent before has been heard then. */
  void ping(int number) throws Exception {
    send(new ToWorker.Ping(number));
    assertThat(next().header()).isEqualTo(new FromWorker.Pong(number));
  }

  /** Waits for the next message. */
  Message next() throws Exception {
    Message message = received.poll(LONG.toMillis(), TimeUnit.MILLISECONDS);
    assertThat(message).as("message; worker's stderr: %s", stderr()).isNotNull();
    return message;
  }

  /** Waits for the end of a unit, which must be next; returns its outcomes. */
  List<Object> awaitEnd(int seq) throws Exception {
    List<Object> outcomes = new ArrayList<>();
    FromWorker.Results results;
    do {
      Message message = next();
      results = (FromWorker.Results) message.header();
      assertThat(results.seq()).as("unit of %s", message.header()).isEqualTo(seq);
      outcomes.addAll(message.outcomes());
    } while (!results.last());
    return outcomes;
  }

  boolean hasReceived() {
    return !received.isEmpty();
  }

  WorkerSegment segment() {
    return segment;
  }

  Path session() {
    return session;
  }

  long pid() {
    return process.pid();
  }

  void closeConnection() throws IOException {
    channel.close();
  }

  /** Waits until the worker has ended; returns its exit value. */
  int awaitExit() throws Exception {
    assertThat(process.waitFor(LONG.toMillis(), TimeUnit.MILLISECONDS))
        .as("the worker ends")
        .isTrue();
    return process.exitValue();
  }

  String stderr() throws IOException {
    return Files.readString(directory.resolve("stderr"));
  }

  /** Ends the worker if it is still there. */
  @Override
  public void close() throws Exception {
    process.destroyForcibly().waitFor();
    if (channel != null) {
      channel.close();
    }
    server.close();
    SessionDirectory.delete(directory.toFile());
    assertThat(directory).doesNotExist();
  }
}
