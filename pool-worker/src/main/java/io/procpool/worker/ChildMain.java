// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ChildTask;
import io.procpool.ipc.Order;
import io.procpool.ipc.ThisProcess;
import io.procpool.ipc.codec.FunctionCodec;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.wire.ChildLaunch;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;

/** The life of a child, in its thread {@code main}. What {@link ProcessMain} says of loading holds here. */
final class ChildMain implements Thread.UncaughtExceptionHandler {
  /*
   * Exit codes. What the task throws leaves `main`: then the JVM's launcher waits for the other non-daemon threads, as after a normal
   *            end, and exits with 1. A child that is being terminated exits by System.exit, for that nobody is waited for.
   * Messages.  The trace is printed before anybody may know that the task has ended, and so exit. It is not printed if a termination explains
   *            it.
   */
  static final int TERMINATED = 128 + 15;

  private final String name;

  private ChildMain(String name) {
    this.name = name;
  }

  /** Reads the rest of what the child has to know, and runs the task. */
  static void run(byte[] body, FileInputStream in) {
    ChildControl control;
    byte[] task;
    ChildMain self;
    try {
      ChildLaunch launch = ChildLaunch.read(body);
      ThisProcess.is(new ThisProcess(
          launch.name(),
          launch.daemon(),
          launch.parentPid(),
          launch.parentName(),
          launch.depth(),
          launch.memoryBytes()));
      Session.join(launch.memoryPath());
      Order order = Order.read(in);
      if (order.kind() != Order.TASK) {
        throw new IOException("unexpected order " + order.kind() + " (expected: a task)");
      }
      task = order.body();
      control = ChildControl.start(in, launch);
      System.setIn(InputStream.nullInputStream());
      ValueCodec.expectFilterByProperty();
      self = new ChildMain(launch.name());
    } catch (EOFException parentGone) {
      WorkerExit.disconnected("");
      return;
    } catch (Throwable failed) {
      WorkerExit.cannotStart(failed);
      return;
    }
    self.runTask(task, control);
  }

  /** Runs a task as a child does. */
  static void train(ChildLaunch launch, byte[] task, FileInputStream in) throws IOException {
    ChildLaunch read = ChildLaunch.read(
        Order.read(new ByteArrayInputStream(Order.encode(Order.CHILD, launch))).body());
    ChildControl control = ChildControl.start(in, read);
    new ChildMain(read.name()).runTask(task, control);
    control.close();
  }

  private void runTask(byte[] task, ChildControl control) {
    Thread.currentThread().setUncaughtExceptionHandler(this);
    try {
      ChildTask function = (ChildTask)
          FunctionCodec.read(new PayloadReader(task), ClassLoader.getSystemClassLoader(), null);
      if (control.beginUserCode()) {
        function.run();
      }
    } catch (Throwable thrown) {
      if (!control.isTerminating() || !isInterruption(thrown)) {
        report(thrown);
      }
      flush();
      if (!control.end()) {
        throw ChildMain.<RuntimeException>asIs(thrown);
      }
    }
    flush();
    if (control.end()) {
      System.exit(TERMINATED);
    }
  }

  /** What a task has put into a buffered stream, and forgotten, is not lost. */
  private static void flush() {
    System.out.flush();
    System.err.flush();
  }

  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private static <T extends Throwable> T asIs(Throwable thrown) throws T {
    throw (T) thrown;
  }

  /** Tells whether the interrupt of a termination explains what was thrown. */
  private static boolean isInterruption(Throwable thrown) {
    int depth = 0;
    for (Throwable t = thrown; t != null && depth < 100; t = t.getCause()) {
      String type = t.getClass().getSimpleName();
      if (type.contains("Interrupted") || type.equals("ClosedByInterruptException")) {
        return true;
      }
      depth++;
    }
    return false;
  }

  @Override
  public void uncaughtException(Thread thread, Throwable reported) {
    // The JVM exits with 1 for it, and that is all it shall do.
  }

  private void report(Throwable thrown) {
    StringWriter text = new StringWriter();
    text.write("Exception in process " + name + " (pid " + ProcessMain.pid() + "): ");
    thrown.printStackTrace(new PrintWriter(text));
    System.err.print(text);
    System.err.flush();
  }
}
