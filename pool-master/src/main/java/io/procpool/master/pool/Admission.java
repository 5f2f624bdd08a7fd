// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** Bounds what a pool has accepted and not completed, in tasks and in bytes. Without limits it does nothing. */
final class Admission {
  /*
   * Order. Who has to wait stands in a line, and only the first of it looks whether there is room: so a large submission is not passed by small ones for ever. Who leaves the line, with or
   *        without room, wakes the next one; so does what is released.
   */
  private final String pool;
  private final long maxTasks;
  private final long maxBytes;
  private final boolean block;
  private final long patienceNanos;
  private final boolean limited;
  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Condition> line = new ArrayDeque<>(); // guarded by lock
  private long tasks; // guarded by lock
  private long bytes; // guarded by lock
  private boolean closed; // guarded by lock

  Admission(PoolOptions options) {
    pool = options.name();
    maxTasks = options.maxPendingTasks();
    maxBytes = options.maxPendingBytes();
    block = options.overflow() == PoolOptions.Overflow.BLOCK;
    patienceNanos = options.overflowTimeout().map(TaskResult::nanos).orElse(Long.MAX_VALUE);
    limited = maxTasks != Integer.MAX_VALUE || maxBytes != Long.MAX_VALUE;
  }

  /** Admits a submission, waits or rejects as the options say. One that is too large by itself is admitted when alone. */
  void admit(long addTasks, long addBytes) {
    if (!limited) {
      return;
    }
    lock.lock();
    try {
      if (!line.isEmpty() || !hasRoom(addTasks, addBytes)) {
        awaitRoom(addTasks, addBytes);
      }
      tasks += addTasks;
      bytes += addBytes;
    } finally {
      wakeFirst();
      lock.unlock();
    }
  }

  // under lock
  private boolean hasRoom(long addTasks, long addBytes) {
    return tasks == 0 || (tasks + addTasks <= maxTasks && bytes + addBytes <= maxBytes);
  }

  // under lock
  private void awaitRoom(long addTasks, long addBytes) {
    if (!block) {
      checkOpen();
      throw new RejectedExecutionException("pool \"" + pool + "\" is full: " + pending()
          + "; wait for results, raise the limits or set overflow=BLOCK");
    }
    Condition turn = lock.newCondition();
    line.add(turn);
    try {
      awaitTurn(turn, addTasks, addBytes);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new RejectedExecutionException(
          "interrupted while waiting for room in pool \"" + pool + "\"; the task was not accepted",
          e);
    } finally {
      line.remove(turn);
    }
  }

  // under lock
  private void awaitTurn(Condition turn, long addTasks, long addBytes) throws InterruptedException {
    long left = patienceNanos;
    checkOpen();
    while (line.peek() != turn || !hasRoom(addTasks, addBytes)) {
      if (left == Long.MAX_VALUE) {
        turn.await();
      } else if (left > 0) {
        left = turn.awaitNanos(left);
      } else {
        throw new RejectedExecutionException(
            "pool \"" + pool + "\" is full, and there was no room within the overflowTimeout of "
                + String.format(Locale.ROOT, "%.3f s", patienceNanos / 1e9) + ": " + pending()
                + ", " + (line.size() - 1)
                + " other submissions wait; wait for results, or raise the limits");
      }
      checkOpen();
    }
  }

  // under lock
  private void checkOpen() {
    if (closed) {
      throw new RejectedExecutionException(
          "pool \"" + pool + "\" is closed; it accepts no further tasks");
    }
  }

  // under lock
  private String pending() {
    List<String> limits = new ArrayList<>();
    if (maxTasks != Integer.MAX_VALUE) {
      limits.add("maxPendingTasks=" + maxTasks);
    }
    if (maxBytes != Long.MAX_VALUE) {
      limits.add("maxPendingBytes=" + maxBytes);
    }
    return tasks + " tasks of " + bytes + " bytes are pending (" + String.join(", ", limits) + ")";
  }

  // under lock
  private void wakeFirst() {
    Condition first = line.peek();
    if (first != null) {
      first.signal();
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
      wakeFirst();
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
      line.forEach(Condition::signal);
    } finally {
      lock.unlock();
    }
  }
}
