// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.ChildProcesses;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * A task that runs in a JVM of its own, once. It has no value: what it has to say goes through what both share, such as
 * {@link io.procpool.shared values} and {@link io.procpool.sync locks}.
 *
 * <pre>{@code
 * ChildProcess child = ChildProcess.start(() -> System.out.println("hello from " + ChildProcess.current().pid()));
 * child.join();
 * child.exitCode();     // OptionalInt[0]
 * }</pre>
 *
 * <p><b>The child</b> has the class path of this process, no standard input, and runs the task in its thread {@code main}. It
 * ends when the task and all its other non-daemon threads have ended, with exit code 0; with 1 if the task throws, after it
 * has printed the trace to standard error; with <i>n</i> after {@code System.exit(n)}. It may have children of its own.
 *
 * <p><b>The end of this process.</b> A child that is not a daemon keeps this process alive, as a non-daemon thread does. At the
 * end of this process, by {@code System.exit} or by a signal as well, children that are left are {@linkplain #terminate()
 * terminated}, all at once. However it ends, if only by SIGKILL: its children go with it, and so do theirs.
 *
 * <p>Safe for use by multiple threads, and by children and workers.
 */
public interface ChildProcess extends Awaitable, AutoCloseable {
  /**
   * Starts a child with the default options. See {@link #start(ChildOptions, ChildTask)}.
   */
  static ChildProcess start(ChildTask task) {
    return start(ChildOptions.builder().build(), task);
  }

  /**
   * Starts a child. Blocks until its process is there, for some milliseconds, not until the task has begun; cannot be
   * interrupted. The task, with all it captures, is serialized before this method returns: the child has a copy.
   *
   * @throws NotSerializableTaskException if the task cannot be serialized; nothing was started
   * @throws ChildStartException if the process cannot be started
   * @throws NestingLimitException if this process may not start others, because it lies too deep below the root
   */
  static ChildProcess start(ChildOptions options, ChildTask task) {
    return ChildProcesses.installed().start(options, task);
  }

  /** Returns the children of this process that live, in the order of their start. */
  static List<ChildProcess> activeChildren() {
    return ChildProcesses.installed().active();
  }

  /** Tells who this process is: in the first process, in a child, and in a worker of a pool. */
  static ProcessIdentity current() {
    return ChildProcesses.installed().current();
  }

  /** Returns the process that has started this one: empty if procpool has not. */
  static Optional<ParentProcess> parent() {
    return ChildProcesses.installed().parent();
  }

  /** Returns the name, from the options. */
  String name();

  /** Returns the process id. */
  long pid();

  /** Tells whether the child is terminated at the normal end of this process, instead of being waited for. */
  default boolean isDaemon() {
    return options().isDaemon();
  }

  /** Returns the options in force. */
  ChildOptions options();

  /** Tells whether the child has not ended yet; false once {@link #join()} would return at once. */
  boolean isAlive();

  /**
   * Waits until the child has ended: its process is gone, and what it has written is where it belongs. A process that the
   * child has started and that still has its standard error is not waited for, longer than 100 ms.
   *
   * @throws InterruptedException if the caller is interrupted; the child goes on
   */
  void join() throws InterruptedException;

  /**
   * Waits until the child has ended, as {@link #join()} does, but not longer than a time; zero only looks.
   *
   * @return whether it has ended
   * @throws InterruptedException if the caller is interrupted; the child goes on
   */
  boolean join(Duration timeout) throws InterruptedException;

  /**
   * Returns the exit code; empty while the child lives. That of a process which a signal has ended is 128 and the number of the
   * signal, as the shell has it: 137 after {@link #kill()}. 143 after {@link #terminate()}, unless the task had something else to say.
   */
  OptionalInt exitCode();

  /**
   * Returns the number of the signal that has ended the child; empty if none has, or it lives. A process that exits by itself with a
   * code from 129 to 192, as {@code terminate()} lets it do, cannot be told from one that a signal has ended.
   */
  OptionalInt signal();

  /**
   * Interrupts the thread that runs the task. Does not block. If the task has not begun it will begin with the interrupt status
   * set; if it has ended nothing happens.
   */
  void interrupt();

  /**
   * Ends the child politely; does not block. The thread of the task is interrupted, so that its finally blocks run; when it has ended,
   * or the {@linkplain ChildOptions#gracePeriod() grace period} is over, the child exits with 143, so that its shutdown hooks run; if they
   * have not ended after another grace period it halts. If all that has no effect, because the child is suspended or its
   * machine too busy, it is killed half a second later. A task that has not begun never will. With a grace period of zero this is {@link #kill()}.
   */
  void terminate();

  /** Kills the child, and all processes it has started, at once: no finally block runs. Does not wait. */
  void kill();

  /**
   * Returns what completes with this child when it has ended, never exceptionally. Stages without an executor run in
   * a thread of procpool that exists for this child; one that blocks delays nothing but other such stages. Completing or cancelling the
   * future has no effect on the child. Each call returns a new future.
   */
  CompletableFuture<ChildProcess> onExit();

  /**
   * Returns what the child has written to standard output until now.
   *
   * @throws IllegalStateException unless the option {@code stdout} is {@link ChildOptions.Stream#CAPTURE}
   */
  CapturedOutput stdout();

  /**
   * Returns what the child has written to standard error until now.
   *
   * @throws IllegalStateException unless the option {@code stderr} is {@link ChildOptions.Stream#CAPTURE}
   */
  CapturedOutput stderr();

  /**
   * {@linkplain #terminate() Terminates} the child if it lives, and waits until it has ended, not much longer than two grace periods. If the
   * caller is interrupted the child is killed, and the interrupt status is set again. Closing twice has no effect; what the child has left
   * can still be asked for.
   */
  @Override
  void close();
}
