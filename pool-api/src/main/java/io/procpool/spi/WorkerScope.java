// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** The {@linkplain io.procpool.WorkerLocal objects} of one worker. Safe for use by multiple threads. */
public final class WorkerScope {
  private static final ThreadLocal<@Nullable WorkerScope> OF_THREAD = new ThreadLocal<>();
  private static volatile @Nullable WorkerScope ofProcess;

  private final Map<UUID, Holder> holders = new HashMap<>(); // guarded by itself
  private final ArrayDeque<AutoCloseable> made =
      new ArrayDeque<>(); // last first; guarded by holders

  /** An object, once it has been made; guarded by itself. */
  private static final class Holder {
    boolean isMade;
    boolean isBeingMade;

    @Nullable
    Object object;
  }

  /** Returns the scope of the worker that runs the calling thread. */
  public static WorkerScope current() {
    WorkerScope scope = OF_THREAD.get();
    if (scope == null) {
      scope = ofProcess;
    }
    if (scope == null) {
      throw new IllegalStateException("thread \"" + Thread.currentThread().getName()
          + "\" belongs to no worker; an object of a worker can be had only in a task of a pool");
    }
    return scope;
  }

  /** Makes this the scope of the whole process, which is a worker. */
  public void openForProcess() {
    ofProcess = this;
  }

  /** Makes this the scope of the calling thread; returns what was, for {@link #leave}. */
  public @Nullable WorkerScope enter() {
    WorkerScope before = OF_THREAD.get();
    OF_THREAD.set(this);
    return before;
  }

  /** Gives the calling thread the scope back that it had before {@link #enter}. */
  public static void leave(@Nullable WorkerScope before) {
    if (before == null) {
      OF_THREAD.remove();
    } else {
      OF_THREAD.set(before);
    }
  }

  /** Returns an object, and makes it if it has not been made. */
  public @Nullable Object get(UUID id, Callable<?> factory) {
    Holder holder;
    synchronized (holders) {
      holder = holders.computeIfAbsent(id, unknown -> new Holder());
    }
    synchronized (holder) {
      if (!holder.isMade) {
        make(holder, factory);
      }
      return holder.object;
    }
  }

  // under the holder's lock
  private void make(Holder holder, Callable<?> factory) {
    if (holder.isBeingMade) {
      throw new IllegalStateException("the factory of an object of a worker asks for that object");
    }
    holder.isBeingMade = true;
    try {
      holder.object = factory.call();
      holder.isMade = true;
    } catch (RuntimeException | Error unchecked) {
      throw unchecked;
    } catch (Exception checked) {
      if (checked instanceof InterruptedException) {
        Thread.currentThread().interrupt();
      }
      throw new IllegalStateException(
          "the factory of an object of a worker failed: " + checked, checked);
    } finally {
      holder.isBeingMade = false;
    }
    if (holder.object instanceof AutoCloseable closeable) {
      synchronized (holders) {
        made.push(closeable);
      }
    }
  }

  /** Closes what can be closed, the last first; what that throws goes to standard error. To be called once, after the last task. */
  public void close() {
    while (true) {
      AutoCloseable next;
      synchronized (holders) {
        next = made.poll();
      }
      if (next == null) {
        return;
      }
      try {
        next.close();
      } catch (Throwable failed) {
        System.err.println("an object of a worker could not be closed:");
        failed.printStackTrace();
      }
    }
  }
}
