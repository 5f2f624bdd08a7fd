// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.Chaos;
import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.OutOfMemoryMark;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.spi.TaskContexts;
import io.procpool.spi.WorkerScope;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/** The life of a worker: connects, authenticates, initializes, runs units. What {@link ProcessMain} says of loading holds here. */
final class WorkerMain implements Runnable {
  private static final String PROVIDER_PROPERTY = "java.nio.channels.spi.SelectorProvider";
  private static final String LINUX_PROVIDER = "sun.nio.ch.EPollSelectorProvider";
  private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

  private final Launch launch;

  WorkerMain(Launch launch) {
    this.launch = launch;
  }

  /** Runs in the task thread. */
  @Override
  public void run() {
    try {
      ThisProcess.is(new ThisProcess(
          launch.poolName() + "/" + launch.workerName(),
          true,
          launch.parentPid(),
          launch.parentName(),
          launch.depth(),
          launch.memoryBytes()));
      Session.join(launch.memoryPath());
      SocketChannel channel = openChannel();
      channel.connect(UnixDomainSocketAddress.of(launch.socketPath()));
      ValueCodec.expectFilterByProperty();
      long pid = ProcessMain.pid();
      authenticate(channel, launch, pid);
      open(channel, launch, pid);
      System.exit(0);
    } catch (EOFException masterGone) {
      WorkerExit.disconnected(launch.sessionPath());
    } catch (Throwable failed) {
      WorkerExit.cannotStart(failed);
    }
  }

  /** The JDK would search every jar of the class path for a provider of channels; here it is named, unless the user has. */
  static SocketChannel openChannel() throws IOException {
    if (System.getProperty(PROVIDER_PROPERTY) != null || !isPresent(LINUX_PROVIDER)) {
      return SocketChannel.open(StandardProtocolFamily.UNIX);
    }
    System.setProperty(PROVIDER_PROPERTY, LINUX_PROVIDER);
    try {
      return SocketChannel.open(StandardProtocolFamily.UNIX);
    } finally {
      System.clearProperty(PROVIDER_PROPERTY);
    }
  }

  private static boolean isPresent(String className) {
    try {
      Class.forName(className, false, null);
      return true;
    } catch (ClassNotFoundException otherSystem) {
      return false;
    }
  }

  private static void authenticate(SocketChannel channel, Launch launch, long pid)
      throws IOException {
    byte[] key = launch.key();
    byte[] hello = Handshake.hello(launch.worker(), pid, Handshake.newNonce());
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

  private static void open(SocketChannel channel, Launch launch, long pid) throws IOException {
    WorkerSegment segment = WorkerSegment.open(launch.segmentPath());
    try {
      serve(channel, launch, pid, segment);
    } catch (IOException masterGone) {
      WorkerExit.disconnected(launch.sessionPath());
    }
  }

  /** Does what the master says; every IOException is one of the channel. */
  private static void serve(SocketChannel channel, Launch launch, long pid, WorkerSegment segment)
      throws IOException {
    RingChannel rings = new RingChannel(channel, segment.toWorker(), segment.toMaster());
    FrameReader reader = new FrameReader(rings);
    FrameWriter writer = new FrameWriter(rings);
    FrameReader.Frame first = reader.read();
    ToWorker message = ToWorker.read(first.header());
    if (!(message instanceof ToWorker.Welcome welcome)) {
      throw new IllegalStateException(
          "the master's first message is " + message + " (expected: Welcome)");
    }
    WorkerIdentity identity = new WorkerIdentity(launch.poolName(), launch.workerName(), pid);
    TaskThread thread = (TaskThread) Thread.currentThread();
    OutOfMemoryMark mark = OutOfMemoryMark.of(launch.memoryPath(), pid);
    mark.remove(); // another process may have had this number
    Wear wear = new Wear(writer, mark, welcome.maxHeapBytesAfterGc());
    Havoc havoc = havoc(welcome.chaos(), identity);
    ClassRequests classes = new ClassRequests(launch.workerName());
    Witness witness = new Witness(segment, writer, thread);
    Runtime.getRuntime().addShutdownHook(witness);
    UnitRunner runner = new UnitRunner(
        thread, identity, segment, writer, welcome.reportStarts(), wear, havoc, witness, classes);
    TaskContexts.install(runner);
    if (welcome.logLevel() > 0) {
      LogForwarder.start(welcome.logLevel(), writer, rings, runner);
    }
    Inbox inbox = new Inbox(reader, writer, runner, classes, launch.sessionPath());
    inbox.startWatching();
    if (welcome.debugger()) {
      writer.write(new FromWorker.Debugger(DebugPort.find()), NO_PAYLOAD.duplicate());
    }
    WorkerScope scope = new WorkerScope();
    scope.openForProcess();
    ClassLoader loader = classes.loaderOf(welcome.loader());
    if (!initialize(thread, first.payload(), loader, identity, writer)) {
      return;
    }
    writer.write(new FromWorker.Ready(), NO_PAYLOAD.duplicate());
    for (Unit unit = inbox.take(); unit != null; unit = inbox.take()) {
      runner.run(unit);
    }
    new Finalizer(thread, identity, writer).run(inbox.finalizer(), inbox.finalizerLoader());
    closeObjects(thread, scope);
  }

  private static @Nullable Havoc havoc(byte[] chaos, WorkerIdentity identity) throws IOException {
    if (chaos.length == 0) {
      return null;
    }
    Object read =
        FunctionCodec.read(new PayloadReader(chaos), ClassLoader.getSystemClassLoader(), null);
    return new Havoc((Chaos) read, identity.name(), identity.pid());
  }

  private static void closeObjects(TaskThread thread, WorkerScope scope) {
    thread.expectUserCode();
    thread.resumeUserCode();
    try {
      scope.close();
    } finally {
      thread.endUserCode();
    }
  }

  private static boolean initialize(
      TaskThread thread,
      byte[] initializer,
      ClassLoader loader,
      WorkerIdentity identity,
      FrameWriter writer)
      throws IOException {
    if (initializer.length == 0) {
      return true;
    }
    try {
      thread.setContextClassLoader(loader);
      Runnable function =
          (Runnable) FunctionCodec.read(new PayloadReader(initializer), loader, null);
      thread.resumeUserCode();
      try {
        function.run();
      } finally {
        thread.endUserCode();
        thread.setContextClassLoader(ClassLoader.getSystemClassLoader());
      }
      return true;
    } catch (Throwable failed) {
      PayloadWriter failure = new PayloadWriter();
      ThrowableCodec.write(failure, failed, identity.name(), identity.pid(), 0);
      writer.write(new FromWorker.StartFailed(), failure.view());
      return false;
    }
  }
}
