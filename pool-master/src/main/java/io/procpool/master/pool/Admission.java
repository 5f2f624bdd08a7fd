// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bounds what a pool has accepted and not completed, in tasks and in bytes. Without limits it does nothing. */
final class Admission {
  private final String pool;
  private final long maxTasks;
  private final long maxBytes;
  private final boolean block;
  private final boolean limited;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition room = lock.newCondition();
  private long tasks; // guarded by lock
  private long bytes; // guarded by lock
  private boolean closed; // guarded by lock

  Admission(PoolOptions options) {
    pool = options.name();
    maxTasks = options.maxPendingTasks();
    maxBytes = options.maxPendingBytes();
    block = options.overflow() == PoolOptions.Overflow.BLOCK;
    limited = maxTasks != Integer.MAX_VALUE || maxBytes != Long.MAX_VALUE;
  }

  /** Admits a submission, waits or rejects as the options say. One that is too large by itself is admitted when alone. */
  void admit(long addTasks, long addBytes) {
    if (!limited) {
      return;
    }
    lock.lock();
    try {
      while (tasks > 0 && (tasks + addTasks > maxTasks || bytes + addBytes > maxBytes)) {
        awaitRoom();
      }
      tasks += addTasks;
      bytes += addBytes;
    } finally {
      lock.unlock();
    }
  }

  // under lock
  private void awaitRoom() {
    if (closed) {
      throw new RejectedExecutionException(
          "pool \"" + pool + "\" is closed; it accepts no further tasks");
    }
    if (!block) {
      throw new RejectedExecutionException(
          "pool \"" + pool + "\" is full: " + tasks + " tasks of " + bytes
              + " bytes are pending (maxPendingTasks=" + maxTasks + ", maxPendingBytes=" + maxBytes
              + "); wait for results, raise the limits or set overflow=BLOCK");
    }
    try {
      room.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RejectedExecutionException(
          "interrupted while waiting for room in pool \"" + pool + "\"; the task was not accepted",
          e);
    }
  }

  /** Counts a submission whose size the caller has bounded already. */
  void admitUnlimited(long addTasks, long addBytes) {
    if (!limited) {
      return;
    }
    lock.lock();
    try {
      tasks += addTasks;
      bytes += addBytes;
    } finally {
      lock.unlock();
    }
  }

  void release(long doneTasks, long doneBytes) {
    if (!limited) {
      return;
    }
    lock.lock();
    try {
      tasks -= doneTasks;
      bytes -= doneBytes;
      room.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Tells what is pending and what may be; without limits nothing is counted here, and {@code known} is the number of tasks. */
  PoolSnapshot.BackPressure backPressure(long known) {
    if (!limited) {
      return new PoolSnapshot.BackPressure(known, -1, maxTasks, maxBytes);
    }
    lock.lock();
    try {
      return new PoolSnapshot.BackPressure(tasks, bytes, maxTasks, maxBytes);
    } finally {
      lock.unlock();
    }
  }

  /** Ends all waits for room. */
  void close() {
    lock.lock();
    try {
      closed = true;
      room.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
