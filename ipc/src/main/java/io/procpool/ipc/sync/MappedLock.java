// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.DEAD_PROCESS;
import static io.procpool.ipc.sync.SyncLayout.HOLDS;
import static io.procpool.ipc.sync.SyncLayout.TOKEN;

import io.procpool.ipc.FaultPoint;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.DeadOwner;
import io.procpool.sync.ProcessCondition;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A lock in the room that a block has for one. */
final class MappedLock extends InBlock implements OwnedLock {
  private static final long serialVersionUID = 1;

  private final String name;
  private final boolean reentrant;
  private final boolean ownBlock;
  private final transient LockWord word;
  private final transient ByteBuffer memory;
  private final transient int at;

  /**
   * A handle of the lock of a block.
   *
   * @param ownBlock whether there is nothing else in the block, so that it is closed with the lock
   */
  MappedLock(SharedBlock block, String name, boolean reentrant, boolean ownBlock) {
    super(block);
    this.name = name;
    this.reentrant = reentrant;
    this.ownBlock = ownBlock;
    this.word = new LockWord(block);
    this.memory = word.memory();
    this.at = word.at();
  }

  private Object readResolve() {
    return new MappedLock(block, name, reentrant, ownBlock);
  }

  @Override
  public void lock() {
    long id = id();
    if (word.tryAcquire(id)) {
      begin();
    } else if (!holdAgain(id)) {
      acquisition(id).awaitUninterruptibly(Waiting.FOREVER);
      begin();
    }
  }

  @Override
  public void lockInterruptibly() throws InterruptedException {
    tryLock(Waiting.FOREVER, TimeUnit.NANOSECONDS);
  }

  @Override
  public boolean tryLock() {
    long id = id();
    if (word.tryAcquire(id)) {
      begin();
      return true;
    }
    if (holdAgain(id)) {
      return true;
    }
    boolean got = word.tryAcquireOrInherit(id);
    if (got) {
      begin();
    }
    return got;
  }

  @Override
  public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
    long id = id();
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    long nanos = unit.toNanos(time);
    if (nanos <= 0) {
      return tryLock();
    }
    if (word.tryAcquire(id)) {
      begin();
      return true;
    }
    if (holdAgain(id)) {
      return true;
    }
    boolean got = acquisition(id).await(nanos);
    if (got) {
      begin();
    }
    return got;
  }

  private long id() {
    block.checkOpen();
    return Actor.currentId();
  }

  private LockWord.Acquisition acquisition(long id) {
    return word.new Acquisition(id, what());
  }

  /** What comes after the lock was taken. Whoever inherits it does it again. */
  private void begin() {
    FaultPoint.reached("lock.acquired");
    memory.putLong(at + TOKEN, memory.getLong(at + TOKEN) + 1);
    memory.putInt(at + HOLDS, 1);
  }

  private boolean holdAgain(long id) {
    if (!reentrant || !word.isOwner(id)) {
      return false;
    }
    int holds = memory.getInt(at + HOLDS);
    if (holds == Integer.MAX_VALUE) {
      throw new IllegalStateException(what() + " is held " + holds + " times, which is the most");
    }
    memory.putInt(at + HOLDS, holds + 1);
    return true;
  }

  @Override
  public void unlock() {
    checkHeld();
    int holds = memory.getInt(at + HOLDS) - 1;
    memory.putInt(at + HOLDS, holds);
    if (holds == 0) {
      end();
    }
  }

  private void end() {
    FaultPoint.reached("lock.releasing");
    memory.putInt(at + DEAD_PROCESS, 0);
    word.release();
  }

  @Override
  public int releaseAll() {
    checkHeld();
    int holds = memory.getInt(at + HOLDS);
    end();
    return holds;
  }

  @Override
  public void acquireAgain(int holds) {
    long id = Actor.currentId(); // the handle may have been closed meanwhile
    if (!word.tryAcquire(id)) {
      acquisition(id).awaitUninterruptibly(Waiting.FOREVER);
    }
    begin();
    memory.putInt(at + HOLDS, holds);
  }

  @Override
  public void checkHeld() {
    if (!word.isOwner(id())) {
      throw new IllegalMonitorStateException(
          what() + " is not held by this thread, " + Thread.currentThread().getName());
    }
  }

  @Override
  public ProcessCondition newCondition() {
    block.checkOpen();
    return MappedCondition.create(this);
  }

  @Override
  public boolean isLocked() {
    block.checkOpen();
    long owner = word.owner();
    return owner != 0 && Actor.isAlive(owner);
  }

  @Override
  public boolean isHeldByCurrentThread() {
    return word.isOwner(id());
  }

  @Override
  public int holdCount() {
    return isHeldByCurrentThread() ? memory.getInt(at + HOLDS) : 0;
  }

  @Override
  public long fencingToken() {
    checkHeld();
    return memory.getLong(at + TOKEN);
  }

  @Override
  public Optional<DeadOwner> deadOwner() {
    checkHeld();
    return dead(memory.getInt(at + DEAD_PROCESS));
  }

  static Optional<DeadOwner> dead(int process) {
    return process == 0
        ? Optional.empty()
        : Optional.of(new DeadOwner(Actor.processes().pid(process)));
  }

  private String what() {
    return ownBlock ? Names.what("ProcessLock", name, block) : "the lock of " + block;
  }

  @Override
  public void close() {
    if (ownBlock) {
      block.close();
    }
  }

  @Override
  public String toString() {
    String state = block.isClosed() ? "closed" : isLocked() ? "locked" : "free";
    return what() + "[" + state + "]";
  }
}
