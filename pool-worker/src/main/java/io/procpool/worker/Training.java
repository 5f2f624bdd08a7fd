// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ChildTask;
import io.procpool.RunnableTask;
import io.procpool.Task;
import io.procpool.TaskFunction;
import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.Order;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.wire.ChildLaunch;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.ToWorker;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Takes a worker through what workers usually do, so that the JVM can archive the classes of it at its exit: this process is
 * the worker, and a thread in it plays the master.
 */
public final class Training {
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private static final List<String> NAMED_BY_TASKS = List.of(
      "io.procpool.AsyncResult",
      "io.procpool.Pool",
      "io.procpool.PoolOptions",
      "io.procpool.PoolOptions$Builder",
      "io.procpool.TaskContext",
      "io.procpool.TaskBiFunction",
      "io.procpool.TaskTriFunction",
      "io.procpool.TaskOptions",
      "java.util.concurrent.ExecutionException",
      "java.util.concurrent.Future",
      "java.util.concurrent.TimeoutException");

  private final Path directory;
  private final byte[] key = Handshake.newKey();
  private int seq;

  private Training(Path directory) {
    this.directory = directory;
  }

  /** Trains; the one argument is a directory for its files. */
  public static void main(String[] arguments) throws Exception {
    InputStream lifeline = System.in;
    Thread watch = new Thread(() -> endWith(lifeline, arguments[0]), "training-lifeline");
    watch.setDaemon(true);
    watch.start();
    new Training(Path.of(arguments[0])).run();
  }

  /** Ends this process when the one that started it is gone. */
  private static void endWith(InputStream lifeline, String directory) {
    try {
      while (lifeline.read() >= 0) {
        // Nothing is ever written.
      }
    } catch (IOException gone) {
      // As the end.
    }
    SessionDirectory.delete(new File(directory));
    Runtime.getRuntime().halt(WorkerExit.CANNOT_START);
  }

  private void run() throws Exception {
    Path socket = directory.resolve("socket");
    Path segmentPath = directory.resolve("segment");
    WorkerSegment segment = WorkerSegment.create(segmentPath);
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread master = new Thread(() -> playMaster(server, segment), "training-master");
    master.setDaemon(true);
    master.start();
    Preparation.run("");
    loadWhatTasksName();
    beChild();
    Launch launch = new Launch(
        key,
        1,
        "worker-1",
        socket.toString(),
        segmentPath.toString(),
        "",
        "",
        "pool-1",
        ProcessMain.pid(),
        "main",
        1,
        0,
        false);
    byte[] order = Order.encode(Order.WORKER, launch);
    Order read = Order.read(new ByteArrayInputStream(order));
    new TaskThread(new WorkerMain(Launch.read(read.body()))).start();
  }

  /** Loads what the classes of tasks refer to, as they often submit those tasks, too: who verifies them asks for it. */
  private static void loadWhatTasksName() throws ClassNotFoundException {
    for (String name : NAMED_BY_TASKS) {
      Class.forName(name, false, Training.class.getClassLoader());
    }
  }

  /** Goes the way of a child, whose orders never come: standard input is the lifeline. */
  private static void beChild() throws Exception {
    Map<String, Integer> captured = new HashMap<>();
    ChildTask task = () -> captured.put("trained", 1);
    PayloadWriter encoded = new PayloadWriter();
    FunctionCodec.write(encoded, task);
    ChildMain.train(
        new ChildLaunch("child", false, 1, "", ProcessMain.pid(), "main", 1, 1),
        encoded.toByteArray(),
        new FileInputStream("/proc/self/fd/0"));
  }

  private void playMaster(ServerSocketChannel server, WorkerSegment segment) {
    try {
      SocketChannel channel = server.accept();
      byte[] hello = read(channel, Handshake.HELLO_BYTES);
      channel.write(ByteBuffer.wrap(Handshake.challenge(key, hello, Handshake.newNonce())));
      read(channel, Handshake.PROOF_BYTES);
      RingChannel rings = new RingChannel(channel, segment.toMaster(), segment.toWorker());
      FrameReader reader = new FrameReader(rings);
      FrameWriter writer = new FrameWriter(rings);
      PayloadWriter initializer = new PayloadWriter();
      RunnableTask nothing = () -> {};
      FunctionCodec.write(initializer, nothing);
      writer.write(new ToWorker.Welcome(true, 0, 0, 0, new byte[0], false), initializer.view());
      reader.read();
      exercise(reader, writer, segment);
      writer.write(new ToWorker.Ping(1), NOTHING);
      writer.write(new ToWorker.Interrupt(seq), NOTHING);
      writer.write(new ToWorker.Forget(1), NOTHING);
      writer.write(new ToWorker.Stop(0), NOTHING);
    } catch (Exception e) {
      e.printStackTrace();
      Runtime.getRuntime().halt(WorkerExit.CANNOT_START);
    }
  }

  private void exercise(FrameReader reader, FrameWriter writer, WorkerSegment segment)
      throws Exception {
    int base = Integer.parseInt("7");
    TaskFunction<Object, Object> identity = value -> value;
    TaskFunction<Object, Object> failing = value -> {
      throw new IOException("for training " + base);
    };
    Task<Integer> task = () -> base;
    for (TaskFunction<Object, Object> function : List.of(identity, failing)) {
      send(reader, writer, segment, FunctionKind.FUNCTION, function, 1);
      send(reader, writer, segment, FunctionKind.FUNCTION, function, VALUES.size());
    }
    send(reader, writer, segment, FunctionKind.CALLABLE, task, 1);
  }

  private static final List<Object> VALUES = List.of(
      1,
      "text",
      2L,
      3.0,
      true,
      new byte[8],
      new double[8],
      new ArrayList<>(List.of(1, "a")),
      List.of("jdk"));

  private void send(
      FrameReader reader,
      FrameWriter writer,
      WorkerSegment segment,
      FunctionKind kind,
      Object function,
      int count)
      throws Exception {
    PayloadWriter payload = new PayloadWriter();
    FunctionCodec.write(payload, function);
    int functionBytes = payload.position();
    for (int i = 0; i < count * kind.arity(); i++) {
      ValueCodec.write(payload, VALUES.get(i));
    }
    segment.offer(++seq, count);
    ToWorker.Run run =
        ToWorker.Run.plain(seq, seq, 0, count, seq, functionBytes, count > 1, kind.ordinal());
    writer.write(run, payload.view());
    boolean last = false;
    while (!last) {
      byte[] header = reader.read().header();
      last = FromWorker.read(header, 0, header.length) instanceof FromWorker.Results results
          && results.last();
    }
  }

  private static byte[] read(SocketChannel channel, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(length);
    while (buffer.hasRemaining()) {
      channel.read(buffer);
    }
    return buffer.array();
  }
}
