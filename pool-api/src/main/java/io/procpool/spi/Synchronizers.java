// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.spi;

import io.procpool.RunnableTask;
import io.procpool.sync.Deadlock;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.util.Iterator;
import java.util.List;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * Where locks and the like come from; found with {@link ServiceLoader}. Implementations are safe for use by multiple threads. All
 * that make something throw {@link io.procpool.shared.OutOfSharedMemoryException} if there is no room, and {@link
 * IllegalArgumentException} for a name or number that cannot be.
 */
public interface Synchronizers {
  /** Makes a lock. */
  ProcessLock lock(String name, boolean reentrant);

  /** Returns the re-entrant lock that has its room in a block. */
  ProcessLock lockOf(SharedBlock block);

  /** Makes a pair of locks. */
  ProcessReadWriteLock readWriteLock(String name);

  /** Makes a semaphore that keeps no account of who has permits. */
  ProcessSemaphore semaphore(int permits, boolean bounded);

  /** Makes a semaphore to which the permits of dead processes come back. */
  ProcessSemaphore recoveringSemaphore(int permits);

  /** Makes an event. */
  ProcessEvent event();

  /** Makes a barrier. */
  ProcessBarrier barrier(int parties, @Nullable RunnableTask action);

  /** Makes a latch. */
  ProcessCountDownLatch countDownLatch(int count);

  /** Finds deadlocks among the processes of the session. */
  List<Deadlock> deadlocks();

  /** Returns the implementation of this process. */
  static Synchronizers installed() {
    return Installed.SYNCHRONIZERS;
  }

  /** Finds it when it is first asked for. */
  final class Installed {
    private static final Synchronizers SYNCHRONIZERS = find();

    private Installed() {}

    private static Synchronizers find() {
      Iterator<Synchronizers> found = ServiceLoader.load(
              Synchronizers.class, Synchronizers.class.getClassLoader())
          .iterator();
      if (!found.hasNext()) {
        throw new IllegalStateException(
            "no locks between processes are on the class path; add the artifact io.procpool:procpool-ipc");
      }
      return found.next();
    }
  }
}
