// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import io.procpool.TaskContext;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The context of a task that runs in this process, until {@link #end()}. Safe for use by multiple threads. */
public abstract class RunningTask implements TaskContext {
  private final long taskId;
  private final String name;
  private final int attempt;
  private final String worker;
  private final String pool;
  private final @Nullable Instant deadline;
  private boolean ended; // guarded by this
  private boolean wasCancelled; // once it has ended; guarded by this

  /**
   * Describes a task.
   *
   * @param leftNanos how much of its run timeout is left; {@link Long#MAX_VALUE} if there is none
   */
  protected RunningTask(
      long taskId, String name, int attempt, String worker, String pool, long leftNanos) {
    this.taskId = taskId;
    this.name = name;
    this.attempt = attempt;
    this.worker = worker;
    this.pool = pool;
    this.deadline = leftNanos == Long.MAX_VALUE ? null : Instant.now().plusNanos(leftNanos);
  }

  /** Returns the name of a task whose caller gave none: the class of its function, or the class that a lambda is in. */
  public static String nameOf(Class<?> function) {
    String className = function.getName();
    int lambda = className.indexOf("$$Lambda");
    String declared = lambda < 0 ? className : className.substring(0, lambda);
    String simple = declared.substring(declared.lastIndexOf('.') + 1);
    return lambda < 0 ? simple : simple + " lambda";
  }

  /** Takes what the task says: under the lock of this object, and not after its end. */
  protected abstract void report(double fraction, byte[] message, int length);

  /** Tells whether the task that runs now is to end; not asked after its end. */
  protected abstract boolean isToEnd();

  /** The task has ended: what it says from now on has no effect. */
  public final synchronized void end() {
    if (!ended) {
      wasCancelled = isToEnd();
      ended = true;
    }
  }

  @Override
  public final long taskId() {
    return taskId;
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public final int attempt() {
    return attempt;
  }

  @Override
  public final String worker() {
    return worker;
  }

  @Override
  public final String pool() {
    return pool;
  }

  @Override
  public final Optional<Instant> deadline() {
    return Optional.ofNullable(deadline);
  }

  @Override
  public final synchronized boolean isCancelled() {
    return ended ? wasCancelled : isToEnd();
  }

  @Override
  public final void progress(double fraction) {
    progress(fraction, "");
  }

  @Override
  public final void progress(double fraction, String message) {
    if (!(fraction >= 0 && fraction <= 1)) {
      throw new IllegalArgumentException("fraction: " + fraction + " (expected: 0 to 1)");
    }
    ByteBuffer bytes = encoded(Objects.requireNonNull(message, "message"));
    synchronized (this) {
      if (!ended) {
        report(fraction, bytes.array(), bytes.position());
      }
    }
  }

  /** Whole characters only, as many as there is room for. */
  private static ByteBuffer encoded(String message) {
    ByteBuffer bytes = ByteBuffer.allocate(Math.min(
        WorkerSegment.MAX_MESSAGE_BYTES,
        3 * Math.min(message.length(), WorkerSegment.MAX_MESSAGE_BYTES)));
    if (!message.isEmpty()) {
      StandardCharsets.UTF_8
          .newEncoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .encode(CharBuffer.wrap(message), bytes, true);
    }
    return bytes;
  }
}
