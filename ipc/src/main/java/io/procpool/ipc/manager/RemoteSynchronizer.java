// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.WaitInterruptedException;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Handle of something that threads synchronize by, until it is closed. Safe for use by multiple threads. */
abstract class RemoteSynchronizer implements Serializable, AutoCloseable {
  /** As a number of nanoseconds: no end. */
  static final long FOREVER = Long.MAX_VALUE;

  private static final long serialVersionUID = 1;

  private final RemoteObject remote;
  private transient volatile boolean closed;

  RemoteSynchronizer(RemoteObject remote) {
    this.remote = remote;
  }

  /** Returns the nanoseconds of a timeout: 0 if there is no time, {@link #FOREVER} if it is more than can be told. */
  static long nanos(Duration timeout) {
    return Math.max(0, TimeUnit.NANOSECONDS.convert(timeout));
  }

  /** Returns the number of the calling thread, by which the server knows it. */
  static long thread() {
    return Thread.currentThread().getId();
  }

  final void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the handle of the " + remote + " is closed");
    }
  }

  final RemoteObject remote() {
    return remote;
  }

  /** Does something; an interrupt is kept for later. */
  final @Nullable Object call(String operation, @Nullable Object... arguments) {
    checkOpen();
    return remote.call(OnInterrupt.KEEP, operation, arguments);
  }

  final boolean callBoolean(String operation, @Nullable Object... arguments) {
    return Boolean.TRUE.equals(call(operation, arguments));
  }

  final int callInt(String operation, @Nullable Object... arguments) {
    return call(operation, arguments) instanceof Integer number ? number : 0;
  }

  /** Does what may wait. Who is interrupted has got nothing, or is told what, and stays interrupted. */
  final @Nullable Object await(String operation, @Nullable Object... arguments)
      throws InterruptedException {
    checkOpen();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try {
      return remote.call(OnInterrupt.CANCEL, operation, arguments);
    } catch (WaitInterruptedException e) {
      Thread.interrupted();
      InterruptedException interrupted = new InterruptedException(e.getMessage());
      interrupted.initCause(e);
      throw interrupted;
    }
  }

  final boolean awaitBoolean(String operation, @Nullable Object... arguments)
      throws InterruptedException {
    return Boolean.TRUE.equals(await(operation, arguments));
  }

  /** Ends the use of this handle. */
  @Override
  public void close() {
    closed = true;
  }

  private void writeObject(ObjectOutputStream out) throws IOException {
    checkOpen();
    out.defaultWriteObject();
  }

  @Override
  public final boolean equals(@Nullable Object other) {
    return other instanceof RemoteSynchronizer that && that.remote.equals(remote);
  }

  @Override
  public final int hashCode() {
    return remote.hashCode();
  }

  @Override
  public String toString() {
    return closed ? remote + " (this handle is closed)" : remote.toString();
  }
}
