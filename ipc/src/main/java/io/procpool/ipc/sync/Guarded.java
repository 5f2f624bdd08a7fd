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
   * that everybody looks again.
   */
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
    boolean inherited = guard.guard();
    int waiters = 0;
    try {
      if (action.run() || inherited) {
        waiters = changed();
      }
    } finally {
      guard.release();
    }
    wake(waiters);
  }

  /** Counts a change, with the lock held, and returns how many wait for one. */
  private int changed() {
    Words.INT.setVolatile(memory, CHANGES, memory.getInt(CHANGES) + 1);
    return memory.getInt(WAITERS);
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

    GuardedWait() {
      super(memory, CHANGES);
    }

    /** Tries, with the lock held. */
    abstract boolean tryGuarded();

    /** Called at the end if it failed, with the lock held; tells whether those who wait should look again. */
    boolean giveUpGuarded() {
      return false;
    }

    /** Says, with the lock held, that others who wait should look again, too. */
    final boolean noteChange() {
      changed = true;
      return true;
    }

    @Override
    final boolean attempt(boolean announce) {
      changed = guard.guard();
      int waiters = 0;
      try {
        boolean done = tryGuarded();
        if (done) {
          uncount();
        } else if (announce && !counted) {
          counted = true;
          memory.putInt(WAITERS, memory.getInt(WAITERS) + 1);
        }
        if (changed) {
          waiters = changed();
        }
        expect(memory.getInt(CHANGES));
        return done;
      } finally {
        guard.release();
        Guarded.this.wake(waiters);
      }
    }

    @Override
    boolean isDue() {
      return super.isDue() || guard.isOfTheDead();
    }

    @Override
    final void giveUp() {
      Guarded.this.change(() -> {
        uncount();
        return giveUpGuarded();
      });
    }

    private void uncount() {
      if (counted) {
        counted = false;
        memory.putInt(WAITERS, memory.getInt(WAITERS) - 1);
      }
    }
  }
}
