// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.Order;
import io.procpool.ipc.wire.Launch;
import java.io.EOFException;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The main class of every process that is spawned: learns from standard input whether it is a worker, a child, or a spare that will be told
 * later, and becomes that. Whatever is loaded on this way costs every start: no lambdas here, no more of the JDK than is needed.
 */
public final class ProcessMain {
  private ProcessMain() {}

  /** Runs the process; there are no arguments. What the task of a child throws comes out of here. */
  public static void main(String[] arguments) {
    ignoreTerminalSignals();
    FileInputStream in = new FileInputStream(FileDescriptor.in);
    Order order = next(in, null);
    if (order.kind() == Order.PREPARE) {
      byte[] body = order.body();
      int rest = body.length - Order.MARKER_BYTES;
      String session = new String(body, Order.MARKER_BYTES, rest, StandardCharsets.UTF_8);
      Preparation.run(session);
      System.err.write(body, 0, Order.MARKER_BYTES);
      System.err.flush();
      order = next(in, session);
    }
    if (order.kind() == Order.WORKER) {
      beWorker(order.body());
    } else if (order.kind() == Order.CHILD) {
      ChildMain.run(order.body(), in);
    } else {
      WorkerExit.cannotStart(new IOException("unexpected order " + order.kind()));
    }
  }

  /** Reads an order; a spare, which knows of a session, may find that its master is gone. */
  private static Order next(FileInputStream in, @Nullable String session) {
    try {
      return Order.read(in);
    } catch (Throwable failed) {
      if (session != null && failed instanceof EOFException) {
        WorkerExit.disconnected(session);
      }
      WorkerExit.cannotStart(failed);
      throw new IllegalStateException(failed);
    }
  }

  private static void beWorker(byte[] body) {
    try {
      Launch launch = Launch.read(body);
      if (launch.spare()) {
        Preparation.run(launch.memoryPath());
      }
      new TaskThread(new WorkerMain(launch)).start();
    } catch (Throwable failed) {
      WorkerExit.cannotStart(failed);
    }
  }

  static long pid() {
    try {
      return Long.parseLong(new File("/proc/self").getCanonicalFile().getName());
    } catch (IOException | NumberFormatException notLinux) {
      return ProcessHandle.current().pid();
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
}
