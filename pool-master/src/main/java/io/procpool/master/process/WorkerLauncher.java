// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import io.procpool.ipc.Order;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.wire.Launch;
import io.procpool.master.launch.ClassArchive;
import io.procpool.master.launch.JvmLauncher;
import io.procpool.master.launch.JvmShape;
import io.procpool.master.launch.Nesting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** Starts and ends the processes of a pool's workers, outside the event loop. Safe for use by multiple threads. */
final class WorkerLauncher {
  private static final long OUTPUT_LAG_MILLIS = 100;

  private final PoolOptions options;
  private final WorkerOutput output;
  private final Path session;
  private final Path socket;
  private final WorkerMemory memory;
  private final JvmShape shape;
  private final ClassArchive archive;
  private final ExecutorService threads;
  private final Set<Process> processes = ConcurrentHashMap.newKeySet();
  private volatile boolean ending;

  WorkerLauncher(PoolOptions options, WorkerMemory memory, Path session, Path socket)
      throws IOException {
    this.options = options;
    this.session = session;
    this.socket = socket;
    this.memory = memory;
    this.shape = JvmShape.of(options, memory.flagBytes());
    this.output = new WorkerOutput(options);
    this.archive = ClassArchive.of(shape.java(), shape.classPath().procpool());
    archive.prepare();
    this.threads = Executors.newCachedThreadPool(runnable -> {
      Thread thread = new Thread(runnable, options.name() + "-launcher");
      thread.setDaemon(true);
      return thread;
    });
  }

  /**
   * Spawns a worker. In other threads: calls {@code launched} and later {@code exited} and, after the last output, {@code
   * outputEnded}; or {@code failed} alone, in the calling thread if there can be no other.
   */
  void launch(
      Worker worker,
      Consumer<Process> launched,
      IntConsumer exited,
      Consumer<Throwable> failed,
      Runnable outputEnded) {
    try {
      threads.execute(() -> {
        JvmLauncher.Started started;
        boolean piped = shape.stdout() == JvmShape.Stdout.PIPE;
        AtomicInteger streams = new AtomicInteger(piped ? 2 : 1);
        Runnable streamEnded = () -> {
          if (streams.decrementAndGet() == 0) {
            outputEnded.run();
          }
        };
        try {
          started = spawn(worker, streamEnded);
        } catch (Throwable e) {
          failed.accept(e);
          return;
        }
        Process process = started.process();
        launched.accept(process);
        try {
          threads.execute(() -> exited.accept(awaitExit(process)));
        } catch (OutOfMemoryError noThread) {
          process.destroyForcibly();
          exited.accept(awaitExit(process));
        }
        JvmLauncher.copy(started.stderr(), worker.stderr, output.stderr(worker, process.pid()));
        streamEnded.run();
      });
    } catch (OutOfMemoryError noThread) {
      failed.accept(noThread);
    }
  }

  /** Returns a number that changes when something on the class path does. */
  long classPathStamp() {
    return shape.classPath().stamp();
  }

  private int awaitExit(Process process) {
    int value = JvmLauncher.awaitExit(process);
    processes.remove(process);
    return value;
  }

  private JvmLauncher.Started spawn(Worker worker, Runnable stdoutEnded) throws IOException {
    byte[] orders = Order.encode(Order.WORKER, launchMessage(worker));
    JvmLauncher.Started started = JvmLauncher.start(shape, archive, orders);
    Process process = started.process();
    processes.add(process);
    if (ending) {
      process.destroyForcibly();
    }
    try {
      if (shape.stdout() == JvmShape.Stdout.PIPE) {
        threads.execute(() -> {
          JvmLauncher.copy(process.getInputStream(), output.stdout(worker, process.pid()));
          stdoutEnded.run();
        });
      }
    } catch (OutOfMemoryError noThread) {
      process.destroyForcibly();
      processes.remove(process);
      throw noThread;
    }
    try {
      process.getOutputStream().close();
    } catch (IOException exitedAlready) {
      // Its exit says more than this.
    }
    return started;
  }

  private Launch launchMessage(Worker worker) {
    return new Launch(
        worker.key,
        worker.number,
        worker.name,
        socket.toString(),
        worker.lease().path().toString(),
        session.toString(),
        Session.current().path(),
        options.name(),
        ProcessHandle.current().pid(),
        ThisProcess.current().name(),
        Nesting.depthBelow(),
        memory.bytesForEach(),
        worker.spare);
  }

  /** Kills a process and all that it has started; does not wait. */
  void kill(Process process) {
    try {
      threads.execute(() -> JvmLauncher.killFamily(process));
    } catch (OutOfMemoryError noThread) {
      process.destroyForcibly();
    }
  }

  /** Kills all processes that are alive, with their descendants, and lets no other begin; for the end of this JVM. */
  void killAll() {
    ending = true;
    JvmLauncher.killFamilies(processes);
    archive.abandon();
  }

  /** Gives up the archive if it is being made; any thread. */
  void abandonArchive() {
    archive.abandon();
  }

  /** Makes sure that nothing started here is left, and lets the threads end. */
  void close() {
    archive.close();
    threads.shutdown();
    try {
      // Those whose streams are held by processes that nobody knows, or that cannot write, are left
      // alone.
      threads.awaitTermination(OUTPUT_LAG_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException stray) {
      Thread.currentThread().interrupt();
    }
    output.close();
  }
}
