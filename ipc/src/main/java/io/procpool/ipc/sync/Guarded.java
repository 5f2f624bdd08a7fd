// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.CHANGES;
import static io.procpool.ipc.sync.SyncLayout.WAITERS;

import io.procpool.spi.SharedBlock;
import java.nio.ByteBuffer;

/**
 * What is in a block whose lock guards it, and counts its changes in its first word so that one can sleep until there is one. Safe for
 * use by multiple threads and processes.
 */
final class Guarded {
  /*
   * Who finds that the last one to have the lock died with it does not know what that one had changed, and counts a change, so
   * that everybody looks again. A process that is stopped while it has the lock holds up all others until it goes on; who waits
   * with a timeout is not held up much beyond it. A thread that only tries cannot know whether the one that has the lock is
   * stopped, or has no CPU at the moment, which ends soon, and is patient.
   */
  private static final long SHORTEST_GUARD_NANOS = 1_000_000;
  private static final long LONGEST_GUARD_NANOS = 100_000_000;
  private static final long TRY_NANOS = 1_000_000_000;

  private final ByteBuffer memory;
  private final LockWord guard;

  Guarded(SharedBlock block) {
    this.memory = block.part(0);
    this.guard = new LockWord(block);
  }

  /** Something to do with the lock held. */
  interface Action {
    /** Does it; tells whether those who wait should look again. */
    boolean run();
  }

  /** Does something with the lock held, and wakes who waits if it says so. */
  void change(Action action) {
    guard.guard();
    changeGuarded(action);
  }

  /** As {@link #change}, if the lock can be had soon; tells whether it could. */
  boolean tryChange(Action action) {
    boolean got = guard.tryGuard(LONGEST_GUARD_NANOS);
    if (got) {
      changeGuarded(action);
    }
    return got;
  }

  private void changeGuarded(Action action) {
    int waiters = 0;
    try {
      boolean inherited = guard.wasInherited();
      if (action.run() || inherited) {
        waiters = changed();
      }
    } finally {
      guard.release();
    }
    wake(waiters);
  }

  /** Counts a change and returns how many wait for one. */
  private int changed() {
    int ignored = (int) Words.INT.getAndAdd(memory, CHANGES, 1);
    return (int) Words.INT.getVolatile(memory, WAITERS);
  }

  /** Counts a change, and wakes who waits for one; needs no lock. */
  void wakeAll() {
    wake(changed());
  }

  private void wake(int waiters) {
    if (waiters > 0) {
      WordWaiter.installed().wake(memory, CHANGES, Integer.MAX_VALUE);
    }
  }

  /** A wait until what is guarded allows something. */
  abstract class GuardedWait extends Waiting {
    private boolean counted;
    private boolean changed;
    private volatile boolean stuck;

    GuardedWait() {
      super(memory, CHANGES);
    }

    /** Tries, with the lock held. */
    abstract boolean tryGuarded();

    /** Called at the end if it failed; without the lock. */
    void leave() {}

    /** Says, with the lock held, that others who wait should look again, too. */
    final boolean noteChange() {
      changed = true;
      return true;
    }

    @Override
    protected final boolean attempt(boolean announce) {
      if (announce && !counted) {
        counted = true;
        count(1); // before the last look, so that who changes something afterwards knows
      }
      expect(word());
      stuck = !guard.tryGuard(guardNanos());
      if (stuck) {
        return false;
      }
      int waiters = 0;
      try {
        changed = guard.wasInherited();
        boolean done = tryGuarded();
        if (changed) {
          waiters = changed();
        }
        expect(word());
        if (done) {
          uncount();
        }
        return done;
      } finally {
        guard.release();
        Guarded.this.wake(waiters);
      }
    }

    private long guardNanos() {
      return isTryOnly()
          ? TRY_NANOS
          : Math.max(SHORTEST_GUARD_NANOS, Math.min(LONGEST_GUARD_NANOS, left()));
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || stuck || guard.isOfTheDead();
    }

    @Override
    protected final void giveUp() {
      uncount();
      leave();
    }

    private void uncount() {
      if (counted) {
        counted = false;
        count(-1);
      }
    }

    private void count(int change) {
      int ignored = (int) Words.INT.getAndAdd(memory, WAITERS, change);
    }
  }
}
