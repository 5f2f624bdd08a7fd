// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.worker;

import io.procpool.ipc.Order;
import io.procpool.ipc.wire.ChildLaunch;
import java.io.EOFException;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/** Obeys the parent of a child, in a thread of its own: interrupts, terminates, and ends the process when the parent is gone. */
final class ChildControl extends Thread {
  /*
   * Input.    Standard input is read through another descriptor, and is put down itself: what user code starts, and lets inherit it, must not
   *           read orders. User code finds its input at the end.
   * Reading.  A thread that is in native code when the JVM exits holds it up for 300 ms and more, so the shutdown hook ends the read: closing a
   *           channel wakes who reads it. From then on, for as long as other hooks take, the parent is looked at from time to time.
   * Interrupt. Reaches `main` while user code runs there. One that comes before is kept for it; one that comes after is dropped.
   * Termination. `terminating` is set before `main` is interrupted, so that `main`, when it has done with the task, knows how to end. If the task
   *           has ended already, or does not end within the grace period, the terminator thread calls System.exit. Whichever was
   *           first, after another grace period the process halts, so that a hook that does not end costs no more than that.
   */
  private static final long PARENT_TICK_NANOS = 20_000_000;
  private static final long PATIENCE_NANOS = 1_000_000_000;

  enum State {
    BEFORE,
    USER_CODE,
    ENDED
  }

  private final Thread main;
  private final FileChannel orders;
  private final ChildLaunch launch;
  private final Object guard = new Object();
  private State state = State.BEFORE; // guarded by guard
  private boolean interruptKept; // guarded by guard
  private boolean terminating; // guarded by guard

  private ChildControl(Thread main, FileChannel orders, ChildLaunch launch) {
    super(null, null, "procpool-control", 256 * 1024);
    this.main = main;
    this.orders = orders;
    this.launch = launch;
    setDaemon(true);
  }

  /** Begins to obey; called in the thread that will run the task. */
  static ChildControl start(FileInputStream in, ChildLaunch launch) throws IOException {
    FileInputStream source = in;
    File again = new File("/proc/self/fd/0");
    if (again.exists()) {
      source = new FileInputStream(again);
      in.close();
    }
    ChildControl control = new ChildControl(Thread.currentThread(), source.getChannel(), launch);
    control.start();
    Runtime.getRuntime().addShutdownHook(new ExitHook(control.orders));
    return control;
  }

  private static final class ExitHook extends Thread {
    private final FileChannel orders;

    ExitHook(FileChannel orders) {
      super(null, null, "procpool-control-exit", 256 * 1024);
      this.orders = orders;
    }

    @Override
    public void run() {
      close(orders);
    }
  }

  private static void close(FileChannel orders) {
    try {
      orders.close();
    } catch (IOException unclosable) {
      // Then the exit takes longer.
    }
  }

  /** Obeys no more. */
  void close() {
    close(orders);
  }

  @Override
  public void interrupt() {
    // User code that interrupts every thread it finds must not close the channel.
  }

  @Override
  public void run() {
    Input in = new Input(orders);
    try {
      while (true) {
        obey(Order.read(in));
      }
    } catch (IOException ended) {
      if (orders.isOpen()) {
        WorkerExit.disconnected(launch.memoryPath());
      }
    } catch (Throwable unusable) {
      WorkerExit.disconnected(launch.memoryPath());
    }
    watchParent();
  }

  /** Reads an input to its end, in a spare: so the classes for that are there. */
  static void tryInput(FileInputStream source) throws IOException {
    FileChannel channel = source.getChannel();
    ExitHook hook = new ExitHook(channel);
    if (new Input(channel).read() < 0) {
      hook.start();
    }
  }

  private static final class Input extends InputStream {
    private final FileChannel channel;

    Input(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 255;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
      return channel.read(ByteBuffer.wrap(bytes, offset, length));
    }
  }

  private void obey(Order order) throws IOException {
    if (order.kind() == Order.INTERRUPT) {
      interruptTask();
    } else if (order.kind() == Order.TERMINATE) {
      terminate();
    } else {
      throw new EOFException("unexpected order " + order.kind());
    }
  }

  private void interruptTask() {
    synchronized (guard) {
      if (state == State.USER_CODE) {
        main.interrupt();
      } else if (state == State.BEFORE) {
        interruptKept = true;
      }
    }
  }

  private void terminate() {
    synchronized (guard) {
      if (terminating) {
        return;
      }
      terminating = true;
    }
    interruptTask();
    new Terminator().start();
  }

  private final class Terminator extends Thread {
    private boolean halts; // set before the start

    Terminator() {
      super(null, null, "procpool-terminator", 256 * 1024);
      setDaemon(true);
    }

    @Override
    public void interrupt() {
      // Not by user code.
    }

    @Override
    public void run() {
      if (halts) {
        rest(launch.graceNanos());
        Runtime.getRuntime().halt(ChildMain.TERMINATED);
      } else {
        awaitEnd(launch.graceNanos());
        Terminator halter = new Terminator();
        halter.halts = true;
        halter.start();
        System.exit(ChildMain.TERMINATED);
      }
    }
  }

  private static void rest(long nanos) {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0; left = end - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private void awaitEnd(long nanos) {
    long end = System.nanoTime() + nanos;
    synchronized (guard) {
      for (long left = nanos; left > 0 && state != State.ENDED; left = end - System.nanoTime()) {
        try {
          guard.wait(left / 1_000_000, (int) (left % 1_000_000));
        } catch (InterruptedException stray) {
          // Nobody can.
        }
      }
    }
  }

  /**
   * From now on interrupts reach the thread; one that was there before does at once. False if the task shall not be run, because the
   * child has been terminated before.
   */
  boolean beginUserCode() {
    synchronized (guard) {
      if (terminating) {
        return false;
      }
      state = State.USER_CODE;
      if (interruptKept) {
        main.interrupt();
      }
      return true;
    }
  }

  boolean isTerminating() {
    synchronized (guard) {
      return terminating;
    }
  }

  /** Notes that the task has ended; true if the child is being terminated. */
  boolean end() {
    synchronized (guard) {
      state = State.ENDED;
      guard.notifyAll();
      return terminating;
    }
  }

  /** Goes on while shutdown hooks run: until the process is gone. */
  private void watchParent() {
    LockSupport.parkNanos(PATIENCE_NANOS);
    while (true) {
      if (!isParentAlive()) {
        WorkerExit.disconnected(launch.memoryPath());
      }
      LockSupport.parkNanos(PARENT_TICK_NANOS);
    }
  }

  private boolean isParentAlive() {
    Optional<ProcessHandle> parent = ProcessHandle.of(launch.parentPid());
    return parent.isPresent() && parent.get().isAlive();
  }
}
