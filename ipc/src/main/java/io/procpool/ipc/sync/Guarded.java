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
    int waiters = 0;
    try {
      if (action.run()) {
        waiters = changed();
      }
    } finally {
      guard.release();
    }
    wake(waiters);
  }

  /** Counts a change, with the lock held; returns how many wait for one. */
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

    GuardedWait() {
      super(memory, CHANGES);
    }

    /** Tries, with the lock held. */
    abstract boolean tryGuarded();

    /** Called at the end if it failed, with the lock held; tells whether those who wait should look again. */
    boolean giveUpGuarded() {
      return false;
    }

    @Override
    final boolean attempt(boolean announce) {
      guard.guard();
      try {
        boolean done = tryGuarded();
        if (done) {
          uncount();
        } else {
          if (announce && !counted) {
            counted = true;
            memory.putInt(WAITERS, memory.getInt(WAITERS) + 1);
          }
          expect(memory.getInt(CHANGES));
        }
        return done;
      } finally {
        guard.release();
      }
    }

    @Override
    final void giveUp() {
      change(() -> {
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
