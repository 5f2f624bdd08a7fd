// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.ipc.memory.ProcessTable;
import io.procpool.ipc.memory.Session;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What a thread is called in shared memory: a number that no other thread of any process of the session has had. Immutable. */
public final class Actor {
  /*
   * The upper half of an id is the number of the process, never 0; the lower half twice the number of the thread in it. The
   * lowest bit is for others to use.
   */
  private static final AtomicInteger THREADS = new AtomicInteger();
  private static final ThreadLocal<Actor> CURRENT = ThreadLocal.withInitial(Actor::new);

  private static volatile @Nullable ProcessTable processes;

  private final long id = processId() | (long) (THREADS.incrementAndGet() & 0x7fffffff) << 1;

  private Actor() {}

  /** Returns the id of the calling thread. */
  static long currentId() {
    return CURRENT.get().id;
  }

  /** Returns the id of this process, as if it had a thread with the number 0. */
  public static long processId() {
    return (long) processes().ownNumber() << 32;
  }

  /** Tells whether the process of a thread lives; the lowest bit does not matter. */
  public static boolean isAlive(long id) {
    return processes().isAlive(processOf(id));
  }

  static int processOf(long id) {
    return (int) (id >>> 32);
  }

  /**
   * Makes this process one that can have locks, so that there is no lack of room when it is about to have one.
   *
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room
   */
  public static void join() {
    processes();
  }

  static ProcessTable processes() {
    ProcessTable known = processes;
    if (known == null) {
      known = Session.current().processes();
      processes = known;
    }
    return known;
  }
}
