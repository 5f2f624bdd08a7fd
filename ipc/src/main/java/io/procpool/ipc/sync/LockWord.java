// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.DEAD_PROCESS;
import static io.procpool.ipc.sync.SyncLayout.OWNER;

import io.procpool.ipc.FaultPoint;
import io.procpool.spi.SharedBlock;
import java.nio.ByteBuffer;

/** The lock in the room that a block has for one: who owns it. Safe for use by multiple threads and processes. */
public final class LockWord {
  /*
   * Free, taken, taken over from a dead process: each is one compare-and-set, so that a thread that is killed in between
   * leaves the lock free or owned by a dead thread, and nothing else.
   * Wake-up. Who will sleep sets the waiting bit; who releases finds it and wakes one. Who has slept keeps it set when it
   * gets the lock, because others may sleep, too.
   */
  private static final long WAITING_BIT = 1;

  private final Object owner;
  private final ByteBuffer memory;
  private final int at;

  /** The lock of a block. */
  LockWord(SharedBlock block) {
    this(
        block, block.part(block.lockAt()), (int) block.lockAt() & (1 << SharedBlock.PART_BITS) - 1);
  }

  /**
   * A lock that has {@value SharedBlock#LOCK_BYTES} bytes somewhere else.
   *
   * @param owner what it belongs to, for reports
   */
  public LockWord(Object owner, ByteBuffer memory, int at) {
    this.owner = owner;
    this.memory = memory;
    this.at = at;
  }

  /** Returns the memory that has the lock. */
  ByteBuffer memory() {
    return memory;
  }

  /** Returns where in the memory the lock begins. */
  int at() {
    return at;
  }

  /** Returns the id of the owner, alive or not, or 0. */
  long owner() {
    return (long) Words.LONG.getVolatile(memory, at + OWNER) & ~WAITING_BIT;
  }

  /** Tells whether a thread owns the lock; for the thread itself, which cannot change meanwhile. */
  boolean isOwner(long id) {
    return ((long) Words.LONG.get(memory, at + OWNER) & ~WAITING_BIT) == id;
  }

  /** Takes the lock if nobody has it. */
  boolean tryAcquire(long id) {
    return Words.LONG.compareAndSet(memory, at + OWNER, 0L, id);
  }

  /** Takes the lock if nobody has it or its owner is dead. */
  boolean tryAcquireOrInherit(long id) {
    while (true) {
      long word = (long) Words.LONG.getVolatile(memory, at + OWNER);
      if (word != 0 && Actor.isAlive(word)) {
        return false;
      }
      if (word == 0 ? tryAcquire(id) : inherit(word, id)) {
        return true;
      }
    }
  }

  private boolean inherit(long dead, long id) {
    if (!Words.LONG.compareAndSet(memory, at + OWNER, dead, id | WAITING_BIT)) {
      return false;
    }
    memory.putInt(at + DEAD_PROCESS, Actor.processOf(dead));
    return true;
  }

  /** Releases the lock, which the calling thread owns. */
  public void release() {
    long word = (long) Words.LONG.getAndSet(memory, at + OWNER, 0L);
    FaultPoint.reached("lock.released");
    if ((word & WAITING_BIT) != 0) {
      WordWaiter.installed().wake(memory, at + OWNER + Words.LOW_HALF, 1);
    }
  }

  /** Takes the lock as a guard of what its block holds, whatever there is in the way; nobody has it for long. */
  public void guard() {
    tryGuard(Waiting.FOREVER);
  }

  /** As {@link #guard}, for a time; tells whether it got the lock. */
  public boolean tryGuard(long nanos) {
    long id = Actor.currentId();
    return tryAcquire(id)
        || new Acquisition(id, "what guards shared memory").awaitUninterruptibly(nanos);
  }

  /** Tells who has the lock as a guard whether the last one died with it; only once. */
  boolean wasInherited() {
    boolean inherited = memory.getInt(at + DEAD_PROCESS) != 0;
    if (inherited) {
      memory.putInt(at + DEAD_PROCESS, 0);
    }
    return inherited;
  }

  /** Tells whether the owner is dead. */
  public boolean isOfTheDead() {
    long owner = owner();
    return owner != 0 && !Actor.isAlive(owner);
  }

  /** A wait for this lock. */
  final class Acquisition extends Waiting {
    private final long id;
    private final String what;

    Acquisition(long id, String what) {
      super(memory, at + OWNER + Words.LOW_HALF);
      this.id = id;
      this.what = what;
    }

    @Override
    protected boolean attempt(boolean announce) {
      while (true) {
        long word = (long) Words.LONG.getVolatile(memory, at + OWNER);
        if (word == 0) {
          long owner = isAnnounced() ? id | WAITING_BIT : id;
          if (Words.LONG.compareAndSet(memory, at + OWNER, 0L, owner)) {
            return true;
          }
        } else if (!announce) {
          expect((int) word);
          return false;
        } else if (!Actor.isAlive(word)) {
          if (inherit(word, id)) {
            return true;
          }
        } else {
          long announced = word | WAITING_BIT;
          if (word == announced || Words.LONG.compareAndSet(memory, at + OWNER, word, announced)) {
            expect((int) announced);
            FaultPoint.reached("lock.waiting");
            return false;
          }
        }
      }
    }

    @Override
    protected boolean isDue() {
      long word = (long) Words.LONG.getVolatile(memory, at + OWNER);
      return super.isDue() || word == 0 || !Actor.isAlive(word);
    }

    @Override
    protected String what() {
      return what;
    }

    @Override
    protected long[] holders() {
      long owner = owner();
      return owner == 0 ? new long[0] : new long[] {owner};
    }
  }

  @Override
  public String toString() {
    return owner.toString();
  }
}
