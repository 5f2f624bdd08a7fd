// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.Ready;
import io.procpool.ipc.wire.StartFailed;
import io.procpool.ipc.wire.ToWorker;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** Starts a worker: reads its launch message from standard input, connects, authenticates, initializes, runs units. */
public final class WorkerMain {
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

  private WorkerMain() {}

  /** Runs the worker; there are no arguments. */
  public static void main(String[] arguments) {
    new TaskThread(WorkerMain::work).start();
  }

  private static void work() {
    String sessionPath = "";
    try {
      ignoreTerminalSignals();
      Launch launch = Launch.parseFrom(System.in.readAllBytes());
      sessionPath = launch.getSessionPath();
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      channel.connect(UnixDomainSocketAddress.of(launch.getSocketPath()));
      long pid = ProcessHandle.current().pid();
      authenticate(channel, launch, pid);
      run(channel, launch, pid);
      System.exit(0);
    } catch (EOFException masterGone) {
      WorkerExit.disconnected(sessionPath);
    } catch (Throwable failed) {
      System.err.println("procpool worker cannot start: " + failed);
      failed.printStackTrace();
      System.err.flush();
      Runtime.getRuntime()
          .halt(
              failed instanceof OutOfMemoryError
                  ? WorkerExit.OUT_OF_MEMORY
                  : WorkerExit.CANNOT_START);
    }
  }

  /** What the user types at the terminal is the master's business. */
  private static void ignoreTerminalSignals() {
    for (String name : new String[] {"INT", "HUP"}) {
      try {
        // By reflection, because the compiler warns of sun.misc.Signal in a way that cannot be
        // silenced.
        Class<?> signal = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        signal
            .getMethod("handle", signal, handler)
            .invoke(
                null,
                signal.getConstructor(String.class).newInstance(name),
                handler.getField("SIG_IGN").get(null));
      } catch (ReflectiveOperationException notHere) {
        // Windows has no HUP, and -Xrs reserves both; then the signal has its usual effect.
      }
    }
  }

  private static void authenticate(SocketChannel channel, Launch launch, long pid)
      throws IOException {
    byte[] key = launch.getKey().toByteArray();
    byte[] hello = Handshake.hello(launch.getWorker(), pid, Handshake.newNonce());
    writeFully(channel, hello);
    byte[] challenge = readFully(channel, Handshake.CHALLENGE_BYTES);
    Handshake.verifyChallenge(key, hello, challenge);
    writeFully(channel, Handshake.proof(key, hello, challenge));
  }

  private static void writeFully(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }

  private static byte[] readFully(SocketChannel channel, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return buffer.array();
  }

  private static void run(SocketChannel channel, Launch launch, long pid) throws IOException {
    WorkerSegment segment = WorkerSegment.open(launch.getSegmentPath());
    try {
      serve(channel, launch, pid, segment);
    } catch (IOException masterGone) {
      WorkerExit.disconnected(launch.getSessionPath());
    }
  }

  /** Does what the master says; every IOException is one of the channel. */
  private static void serve(SocketChannel channel, Launch launch, long pid, WorkerSegment segment)
      throws IOException {
    FrameReader reader = new FrameReader(channel);
    FrameWriter writer = new FrameWriter(channel);
    FrameReader.Frame first = reader.read();
    ToWorker welcome = ToWorker.parseFrom(first.header());
    if (!welcome.hasWelcome()) {
      throw new IllegalStateException(
          "the master's first message is " + welcome.getBodyCase() + " (expected: WELCOME)");
    }
    WorkerIdentity identity = new WorkerIdentity(launch.getWorkerName(), pid);
    TaskThread thread = (TaskThread) Thread.currentThread();
    UnitRunner runner =
        new UnitRunner(thread, identity, segment, writer, welcome.getWelcome().getReportStarts());
    Inbox inbox = new Inbox(reader, writer, runner, launch.getSessionPath());
    inbox.startWatching();
    if (!initialize(thread, first.payload(), identity, writer)) {
      return;
    }
    writer.write(
        FromWorker.newBuilder().setReady(Ready.getDefaultInstance()).build(),
        NO_PAYLOAD.duplicate());
    for (Unit unit = inbox.take(); unit != null; unit = inbox.take()) {
      runner.run(unit);
    }
  }

  private static boolean initialize(
      TaskThread thread, byte[] initializer, WorkerIdentity identity, FrameWriter writer)
      throws IOException {
    if (initializer.length == 0) {
      return true;
    }
    try {
      Runnable function = (Runnable) FunctionCodec.read(
          new PayloadReader(initializer), ClassLoader.getSystemClassLoader(), null);
      thread.resumeUserCode();
      try {
        function.run();
      } finally {
        thread.endUserCode();
      }
      return true;
    } catch (Throwable failed) {
      PayloadWriter failure = new PayloadWriter();
      ThrowableCodec.write(failure, failed, identity.name(), identity.pid(), 0);
      writer.write(
          FromWorker.newBuilder()
              .setStartFailed(StartFailed.getDefaultInstance())
              .build(),
          failure.view());
      return false;
    }
  }
}
