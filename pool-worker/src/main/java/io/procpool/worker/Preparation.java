// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ChildTask;
import io.procpool.channel.Connection;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.ipc.FrameReader;
import io.procpool.ipc.FrameRing;
import io.procpool.ipc.FrameWriter;
import io.procpool.ipc.Order;
import io.procpool.ipc.OutOfMemoryMark;
import io.procpool.ipc.RingChannel;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.auth.Handshake;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.sync.Waiters;
import io.procpool.ipc.wire.ChildLaunch;
import io.procpool.ipc.wire.FieldWriter;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.Launch;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.shared.SharedLong;
import io.procpool.spi.WorkerScope;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What a spare does before it is told what to be: loads what it will need as a child or worker, and tries it once. */
final class Preparation {
  private static final Class<?>[] NEEDED = {
    AsynchronousCloseException.class,
    ChildControl.class,
    ChildControl.State.class,
    ChildMain.class,
    FrameReader.class,
    FrameWriter.class,
    FromWorker.class,
    FromWorker.Results.class,
    Inbox.class,
    Launch.class,
    OutOfMemoryMark.class,
    Session.class,
    TaskThread.class,
    ThisProcess.class,
    ToWorker.class,
    ToWorker.Run.class,
    Unit.class,
    UnitRunner.class,
    Wear.class,
    Witness.class,
    WorkerExit.class,
    WorkerIdentity.class,
    WorkerMain.class,
    WorkerScope.class,
    WorkerSegment.class,
  };

  private Preparation() {}

  /** Prepares a spare of a session, or the class-data archive if there is no session, as far as that can be done. */
  static void run(String session) {
    try {
      prepare(session);
    } catch (Exception | LinkageError failed) {
      // Then it is loaded when it is needed, and what is wrong is said then.
    }
  }

  static void prepare(String session) throws Exception {
    Session.join(session);
    for (Class<?> needed : NEEDED) {
      Class.forName(needed.getName()); // initializes it
    }
    // No such thing: so all jars of the class path are opened.
    ClassLoader.getSystemClassLoader().getResource("io/procpool/worker/none");
    tryChild();
    tryWorker();
    tryShared();
  }

  /** Uses a little of everything that processes share, and gives it back. */
  private static void tryShared() throws Exception {
    Waiters.prepare();
    SharedLong number = SharedLong.create(0);
    ProcessLock lock = ProcessLock.create();
    ProcessEvent event = ProcessEvent.create();
    ProcessQueue<Object> queue = ProcessQueue.ofCapacity(1);
    Pipe pipe = Pipe.duplex(4096);
    try {
      Connection sent = pipe.first();
      ChildTask task = () -> {
        number.getAndAdd(1);
        lock.lock();
        lock.unlock();
        event.set();
        queue.put("text");
        sent.send("text");
        sent.close();
      };
      PayloadWriter encoded = new PayloadWriter();
      FunctionCodec.write(encoded, task);
      decode(encoded).run();
      event.await();
      queue.take();
      queue.poll(1, TimeUnit.MICROSECONDS);
      pipe.second().recv();
    } finally {
      number.close();
      lock.close();
      event.close();
      queue.close();
      pipe.close();
    }
  }

  private static ChildTask decode(PayloadWriter encoded) throws Exception {
    return (ChildTask) FunctionCodec.read(
        new PayloadReader(encoded.toByteArray()), ClassLoader.getSystemClassLoader(), null);
  }

  private static void tryChild() throws Exception {
    FieldWriter launch = new FieldWriter();
    new ChildLaunch("child", false, 1, "", 1, "main", 1, 1).writeTo(launch);
    ChildLaunch.read(launch.toByteArray());
    ValueCodec.expectFilterByProperty();
    List<Object> captured = new ArrayList<>(List.of(1, "text"));
    ChildTask task = () -> captured.add(2L);
    PayloadWriter encoded = new PayloadWriter();
    FunctionCodec.write(encoded, task);
    decode(encoded).run();
    System.out.flush();
    InputStream.nullInputStream().close();
    tryExit();
    File nothing = new File("/dev/null");
    if (nothing.exists()) {
      ChildControl.tryInput(new FileInputStream(nothing));
    }
  }

  private static void tryExit() {
    Map<Thread, Thread> hooks = new IdentityHashMap<>();
    Thread hook = new Thread("none");
    hooks.put(hook, hook);
    for (Thread each : hooks.keySet()) {
      Runtime.getRuntime().addShutdownHook(each);
      Runtime.getRuntime().removeShutdownHook(each);
    }
  }

  private static void tryWorker() throws IOException {
    byte[] key = Handshake.newKey();
    byte[] hello = Handshake.hello(1, ProcessMain.pid(), Handshake.newNonce());
    Handshake.proof(key, hello, Handshake.challenge(key, hello, Handshake.newNonce()));
    SocketChannel channel = WorkerMain.openChannel();
    ByteBuffer ring = ByteBuffer.allocateDirect(FrameRing.RING_BYTES);
    RingChannel rings = new RingChannel(channel, new FrameRing(ring), new FrameRing(ring));
    FrameWriter writer = new FrameWriter(rings);
    writer.write(new ToWorker.Stop(0), ByteBuffer.allocate(0));
    new FrameReader(rings).read();
    channel.close();
    Order.encode(Order.INTERRUPT, new byte[0]);
  }
}
