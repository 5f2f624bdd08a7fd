// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import io.procpool.CapturedOutput;
import io.procpool.ChildOptions;
import io.procpool.ChildProcess;
import io.procpool.ipc.Order;
import io.procpool.ipc.channel.Bell;
import io.procpool.ipc.channel.ReadySource;
import io.procpool.master.launch.JvmLauncher;
import io.procpool.master.launch.JvmShape;
import io.procpool.master.launch.LaunchThreads;
import io.procpool.master.launch.LineTagger;
import io.procpool.master.launch.OutputSink;
import io.procpool.master.launch.OutputTail;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One child, seen from its parent. */
final class JvmChild implements ChildProcess, ReadySource {
  /*
   * Threads. The waiter exists for this child alone, so that it can keep this JVM alive, and so that user code in the stages of `onExit` can hold up
   *          nobody else: it waits for the exit, kills when the time of a termination is over, waits for the streams, and tells everybody.
   *          Streams are copied, and orders written, in threads that all children share.
   * Orders.  They are written one after the other, outside the caller's thread: the pipe of a child that does not read fills up. Each is in the
   *          queue once at most.
   * End.     exit -> streams ended, or 100 ms over -> `end`: from then on isAlive() is false. Streams that a grandchild still holds go on
   *          being copied.
   */
  private static final long NEVER = Long.MAX_VALUE;
  private static final long STREAM_LAG_MILLIS = 100;
  private static final long AFTER_GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long UNREAPED_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final int SIGNAL_BASE = 128;
  private static final int LAST_SIGNAL = 64;
  private static final byte[] INTERRUPT = Order.encode(Order.INTERRUPT, new byte[0]);
  private static final byte[] TERMINATE = Order.encode(Order.TERMINATE, new byte[0]);

  private final ChildOptions options;
  private final Process process;
  private final @Nullable OutputTail stdout;
  private final @Nullable OutputTail stderr;
  private final CountDownLatch streams;
  private final CountDownLatch end = new CountDownLatch(1);
  private final CompletableFuture<ChildProcess> onExit = new CompletableFuture<>();
  private final ArrayDeque<byte[]> outbox = new ArrayDeque<>(); // guarded by itself
  private boolean writing; // guarded by outbox
  private final Thread waiter;
  private final Object deadlineLock = new Object();
  private long killNanos = NEVER; // when it is killed; guarded by deadlineLock
  private boolean exited; // guarded by deadlineLock
  private volatile int exitCode;
  private volatile boolean watched; // somebody may sleep on the bell

  /** Watches over a process that has been told to be a child, and sends it what is left of its orders. */
  static JvmChild begin(
      ChildOptions options, JvmShape shape, JvmLauncher.Started started, byte[] rest) {
    JvmChild child = new JvmChild(options, shape, started.process());
    try {
      LaunchThreads.execute(() ->
          child.copy(started.stderr(), child.sink(options.stderr(), child.stderr, System.err)));
      if (shape.stdout() == JvmShape.Stdout.PIPE) {
        LaunchThreads.execute(() -> child.copy(
            child.process.getInputStream(),
            child.sink(options.stdout(), child.stdout, System.out)));
      }
      ActiveChildren.add(child);
      child.waiter.start();
    } catch (OutOfMemoryError noThread) {
      ActiveChildren.remove(child);
      child.process.destroyForcibly();
      throw noThread;
    }
    if (rest.length > 0) {
      child.send(rest);
    }
    return child;
  }

  private JvmChild(ChildOptions options, JvmShape shape, Process process) {
    this.options = options;
    this.process = process;
    this.stdout = tail(options.stdout());
    this.stderr = tail(options.stderr());
    this.streams = new CountDownLatch(shape.stdout() == JvmShape.Stdout.PIPE ? 2 : 1);
    this.waiter = new Thread(this::awaitExit, options.name() + "-waiter");
    waiter.setDaemon(options.isDaemon());
  }

  private @Nullable OutputTail tail(ChildOptions.Stream stream) {
    return stream == ChildOptions.Stream.CAPTURE ? new OutputTail(options.captureBytes()) : null;
  }

  private OutputSink sink(ChildOptions.Stream stream, @Nullable OutputTail tail, PrintStream same) {
    return switch (stream) {
      case CAPTURE -> Objects.requireNonNull(tail);
      case TAG -> new LineTagger(name(), OutputSink.to(same));
      case INHERIT -> OutputSink.to(same);
      case DISCARD -> OutputSink.NOWHERE;
    };
  }

  private void copy(InputStream from, OutputSink to) {
    try {
      JvmLauncher.copy(from, to);
    } finally {
      streams.countDown();
    }
  }

  // The waiter.

  private void awaitExit() {
    int value = exitValue();
    synchronized (deadlineLock) {
      exited = true;
      Thread.interrupted();
    }
    try {
      process.getOutputStream().close();
    } catch (IOException closedAlready) {
      // As wanted.
    }
    awaitStreams();
    exitCode = value;
    ActiveChildren.remove(this);
    end.countDown();
    if (watched) {
      Bell.ring();
    }
    onExit.complete(this);
  }

  private int exitValue() {
    while (true) {
      try {
        long deadline;
        synchronized (deadlineLock) {
          deadline = killNanos;
        }
        if (deadline == NEVER) {
          return process.waitFor();
        }
        if (process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          return process.exitValue();
        }
        killNow();
        return JvmLauncher.awaitExit(process);
      } catch (InterruptedException deadlineChanged) {
        // Looked at in the next round.
      }
    }
  }

  private void killNow() {
    try {
      kill();
    } catch (RuntimeException | OutOfMemoryError familyUnknown) {
      // The process itself has been killed, and that must be waited for.
    }
  }

  private void awaitStreams() {
    try {
      streams.await(STREAM_LAG_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException stray) {
      // Nobody does now.
    }
  }

  // Orders.

  private void send(byte[] order) {
    synchronized (outbox) {
      if (outbox.contains(order)) {
        return;
      }
      outbox.add(order);
      if (writing) {
        return;
      }
      writing = true;
    }
    try {
      LaunchThreads.execute(this::write);
    } catch (OutOfMemoryError noThread) {
      synchronized (outbox) {
        writing = false;
      }
      throw noThread;
    }
  }

  private void write() {
    while (true) {
      byte[] order;
      synchronized (outbox) {
        order = outbox.peek();
        if (order == null) {
          writing = false;
          return;
        }
      }
      try {
        JvmLauncher.tell(process, order);
      } catch (IOException ended) {
        // Then nothing needs to be said.
      }
      synchronized (outbox) {
        outbox.poll();
      }
    }
  }

  // What users see.

  @Override
  public String name() {
    return options.name();
  }

  @Override
  public long pid() {
    return process.pid();
  }

  @Override
  public ChildOptions options() {
    return options;
  }

  @Override
  public boolean isAlive() {
    return end.getCount() > 0;
  }

  @Override
  public void join() throws InterruptedException {
    end.await();
  }

  @Override
  public boolean join(Duration timeout) throws InterruptedException {
    return end.await(nanos(timeout), TimeUnit.NANOSECONDS);
  }

  /** Returns a time in nanoseconds, however long it is. */
  static long nanos(Duration time) {
    return time.compareTo(Duration.ofDays(36500)) > 0
        ? TimeUnit.DAYS.toNanos(36500)
        : time.toNanos();
  }

  @Override
  public boolean isReady() {
    return !isAlive();
  }

  @Override
  public void ringWhenReady() {
    watched = true;
  }

  @Override
  public Optional<SelectableChannel> channel() {
    return Optional.empty();
  }

  @Override
  public OptionalInt exitCode() {
    return isAlive() ? OptionalInt.empty() : OptionalInt.of(exitCode);
  }

  @Override
  public OptionalInt signal() {
    int signal = isAlive() ? 0 : exitCode - SIGNAL_BASE;
    return signal > 0 && signal <= LAST_SIGNAL ? OptionalInt.of(signal) : OptionalInt.empty();
  }

  @Override
  public void interrupt() {
    if (isAlive()) {
      send(INTERRUPT);
    }
  }

  @Override
  public void terminate() {
    long grace = nanos(options.gracePeriod());
    if (grace == 0) {
      kill();
      return;
    }
    synchronized (deadlineLock) {
      if (exited || killNanos != NEVER) {
        return;
      }
      killNanos = System.nanoTime() + 2 * grace + AFTER_GRACE_NANOS;
      waiter.interrupt();
    }
    send(TERMINATE);
  }

  @Override
  public void kill() {
    if (process.isAlive()) {
      JvmLauncher.killFamily(process);
    }
  }

  @Override
  public CompletableFuture<ChildProcess> onExit() {
    return onExit.copy();
  }

  @Override
  public CapturedOutput stdout() {
    return captured(stdout, "stdout", options.stdout());
  }

  @Override
  public CapturedOutput stderr() {
    return captured(stderr, "stderr", options.stderr());
  }

  private CapturedOutput captured(
      @Nullable OutputTail tail, String stream, ChildOptions.Stream chosen) {
    if (tail == null) {
      throw new IllegalStateException(
          stream + " of " + name() + " is not captured; its option is " + chosen);
    }
    synchronized (tail) {
      return new CapturedOutput(tail.bytes(), tail.droppedBytes());
    }
  }

  @Override
  public void close() {
    if (isAlive()) {
      terminate();
      awaitEnd();
    }
  }

  /** Waits for the end of a child that has been told to. An interrupt kills it. */
  void awaitEnd() {
    long end = System.nanoTime() + 2 * nanos(options.gracePeriod()) + UNREAPED_NANOS;
    boolean interrupted = false;
    boolean ended = false;
    while (!ended && System.nanoTime() - end < 0) {
      try {
        ended = this.end.await(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
        kill();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public String toString() {
    return "ChildProcess[" + name() + ", pid " + pid()
        + (isAlive() ? ", alive]" : ", exit code " + exitCode + "]");
  }
}
