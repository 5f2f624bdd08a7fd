// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.DEAD_WRITER;
import static io.procpool.ipc.sync.SyncLayout.ENTRY_BYTES;
import static io.procpool.ipc.sync.SyncLayout.MOST_ENTRIES;
import static io.procpool.ipc.sync.SyncLayout.NEXT_WRITER;
import static io.procpool.ipc.sync.SyncLayout.READERS;
import static io.procpool.ipc.sync.SyncLayout.USED_READERS;
import static io.procpool.ipc.sync.SyncLayout.WRITER;
import static io.procpool.ipc.sync.SyncLayout.WRITER_HOLDS;
import static io.procpool.ipc.sync.SyncLayout.WRITER_TOKEN;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.DeadOwner;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import java.io.Serializable;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;

/** A read-write lock: a writer, and an account of readers, guarded by the lock of their block. */
final class MappedReadWriteLock extends InBlock implements ProcessReadWriteLock {
  /*
   * Writers first. Who waits to write puts its id down as the next writer, if nobody is, and new readers wait for it; those who
   *                read already may read once more, or they would wait for themselves.
   * Death.         A dead writer, next writer or reader is taken away by whoever is held up by it.
   */
  private static final long serialVersionUID = 1;

  private final String name;
  private final ReadHalf readHalf = new ReadHalf();
  private final WriteHalf writeHalf = new WriteHalf();
  private final transient ByteBuffer memory;
  private final transient Guarded guarded;
  private final transient Account readers;

  private MappedReadWriteLock(SharedBlock block, String name) {
    super(block);
    this.name = name;
    this.memory = block.part(0);
    this.guarded = new Guarded(block);
    this.readers = new Account(memory, READERS, MOST_ENTRIES, USED_READERS);
  }

  static MappedReadWriteLock create(String name) {
    return new MappedReadWriteLock(
        new MappedStore().allocate("ProcessReadWriteLock", READERS + MOST_ENTRIES * ENTRY_BYTES),
        name);
  }

  /** What a lock of either half, or both, is sent as. */
  private static final class Handle implements Serializable { // no record, as BlockHandle says
    private static final long serialVersionUID = 1;

    private final SharedBlock block;
    private final String name;
    private final Half half;

    Handle(SharedBlock block, String name, Half half) {
      this.block = block;
      this.name = name;
      this.half = half;
    }

    private Object readResolve() {
      MappedReadWriteLock made = new MappedReadWriteLock(block, name);
      return switch (half) {
        case READ -> made.readHalf;
        case WRITE -> made.writeHalf;
        case BOTH -> made;
      };
    }
  }

  private enum Half {
    READ,
    WRITE,
    BOTH
  }

  private Object writeReplace() {
    return new Handle(block, name, Half.BOTH);
  }

  @Override
  public Lock readLock() {
    return readHalf;
  }

  @Override
  public ProcessLock writeLock() {
    return writeHalf;
  }

  @Override
  public int readLockCount() {
    block.checkOpen();
    int[] count = new int[1];
    guarded.change(() -> {
      boolean removed = readers.removeDead();
      count[0] = readers.sum();
      return removed;
    });
    return count[0];
  }

  @Override
  public int readHoldCount() {
    block.checkOpen();
    return readers.of(Actor.currentId());
  }

  @Override
  public Optional<DeadOwner> deadWriter() {
    block.checkOpen();
    guarded.change(this::removeDeadWriters);
    return MappedLock.dead(memory.getInt(DEAD_WRITER));
  }

  /** Takes away a writer and a next writer that are dead; tells whether there were any. Guarded. */
  private boolean removeDeadWriters() {
    long writer = memory.getLong(WRITER);
    boolean dead = writer != 0 && !Actor.isAlive(writer);
    if (dead) {
      memory.putInt(DEAD_WRITER, Actor.processOf(writer));
      Words.LONG.setVolatile(memory, WRITER, 0L);
    }
    long next = memory.getLong(NEXT_WRITER);
    boolean deadNext = next != 0 && !Actor.isAlive(next);
    if (deadNext) {
      Words.LONG.setVolatile(memory, NEXT_WRITER, 0L);
    }
    return dead || deadNext;
  }

  private String what() {
    return Names.what("ProcessReadWriteLock", name, block);
  }

  /** A wait for either half. */
  private abstract class HalfWait extends Guarded.GuardedWait {
    HalfWait() {
      guarded.super();
    }

    final void takeAwayDeadWriters() {
      if (removeDeadWriters()) {
        noteChange();
      }
    }

    @Override
    protected boolean isDue() {
      long writer = (long) Words.LONG.getVolatile(memory, WRITER);
      long next = (long) Words.LONG.getVolatile(memory, NEXT_WRITER);
      return super.isDue()
          || writer != 0 && !Actor.isAlive(writer)
          || next != 0 && !Actor.isAlive(next)
          || readers.hasDead();
    }

    @Override
    protected long[] holders() {
      long writer = (long) Words.LONG.getVolatile(memory, WRITER);
      return writer == 0 ? readers.ids() : new long[] {writer};
    }
  }

  /** A wait to read. */
  private final class ReadWait extends HalfWait {
    @Override
    boolean tryGuarded() {
      if (memory.getLong(WRITER) == id() || readers.of(id()) > 0) {
        return add();
      }
      if (memory.getLong(WRITER) != 0 || memory.getLong(NEXT_WRITER) != 0) {
        takeAwayDeadWriters();
      }
      return memory.getLong(WRITER) == 0 && memory.getLong(NEXT_WRITER) == 0 && add();
    }

    private boolean add() {
      boolean added =
          readers.add(id(), 1) || readers.removeDead() && noteChange() && readers.add(id(), 1);
      FaultPoint.reached("read.acquired");
      return added;
    }

    @Override
    protected String what() {
      return MappedReadWriteLock.this.what() + " for reading";
    }
  }

  /** A wait to write. */
  private final class WriteWait extends HalfWait {
    @Override
    boolean tryGuarded() {
      if (memory.getLong(WRITER) == id()) {
        memory.putInt(WRITER_HOLDS, memory.getInt(WRITER_HOLDS) + 1);
        return true;
      }
      if (readers.of(id()) > 0) {
        throw new IllegalMonitorStateException(MappedReadWriteLock.this.what()
            + " is held for reading by this thread, which would wait for itself if it waited to write;"
            + " release the read lock first");
      }
      if (memory.getLong(WRITER) != 0 || memory.getLong(NEXT_WRITER) != 0) {
        takeAwayDeadWriters();
      }
      if (memory.getLong(WRITER) == 0
          && (readers.sum() == 0 || readers.removeDead() && noteChange() && readers.sum() == 0)) {
        if (memory.getLong(NEXT_WRITER) == id()) {
          Words.LONG.setVolatile(memory, NEXT_WRITER, 0L);
        }
        memory.putLong(WRITER_TOKEN, memory.getLong(WRITER_TOKEN) + 1);
        memory.putInt(WRITER_HOLDS, 1);
        Words.LONG.setVolatile(memory, WRITER, id());
        FaultPoint.reached("write.acquired");
        return true;
      }
      if (isAnnounced() && memory.getLong(NEXT_WRITER) == 0) {
        Words.LONG.setVolatile(memory, NEXT_WRITER, id());
      }
      return false;
    }

    @Override
    void leave() {
      if (Words.LONG.compareAndSet(memory, NEXT_WRITER, id(), 0L)) {
        guarded.wakeAll();
      }
    }

    @Override
    protected String what() {
      return MappedReadWriteLock.this.what() + " for writing";
    }
  }

  /** The lock for reading. */
  private final class ReadHalf implements Lock, Serializable {
    private static final long serialVersionUID = 1;

    private Object writeReplace() {
      return new Handle(block, name, Half.READ);
    }

    private ReadWait newWait() {
      block.checkOpen();
      return new ReadWait();
    }

    @Override
    public void lock() {
      newWait().awaitUninterruptibly(Waiting.FOREVER);
    }

    @Override
    public void lockInterruptibly() throws InterruptedException {
      newWait().await(Waiting.FOREVER);
    }

    @Override
    public boolean tryLock() {
      return newWait().awaitUninterruptibly(0);
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
      return newWait().await(unit.toNanos(time));
    }

    @Override
    public void unlock() {
      block.checkOpen();
      long id = Actor.currentId();
      guarded.change(() -> {
        if (readers.of(id) == 0) {
          throw new IllegalMonitorStateException(
              what() + " is not held for reading by this thread, "
                  + Thread.currentThread().getName());
        }
        readers.add(id, -1);
        FaultPoint.reached("read.released");
        return readers.sum() == 0
            || memory.getInt(USED_READERS) == MOST_ENTRIES; // others may need room
      });
    }

    @Override
    public Condition newCondition() {
      throw new UnsupportedOperationException("conditions exist for the write lock only");
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof ReadHalf half && half.owner().equals(owner());
    }

    @Override
    public int hashCode() {
      return block.hashCode() + 1;
    }

    private MappedReadWriteLock owner() {
      return MappedReadWriteLock.this;
    }

    @Override
    public String toString() {
      return what() + " for reading";
    }
  }

  /** The lock for writing. */
  private final class WriteHalf implements OwnedLock {
    private static final long serialVersionUID = 1;

    private Object writeReplace() {
      return new Handle(block, name, Half.WRITE);
    }

    private WriteWait newWait() {
      block.checkOpen();
      return new WriteWait();
    }

    @Override
    public void lock() {
      newWait().awaitUninterruptibly(Waiting.FOREVER);
    }

    @Override
    public void lockInterruptibly() throws InterruptedException {
      newWait().await(Waiting.FOREVER);
    }

    @Override
    public boolean tryLock() {
      return newWait().awaitUninterruptibly(0);
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) throws InterruptedException {
      return newWait().await(unit.toNanos(time));
    }

    @Override
    public void unlock() {
      block.checkOpen();
      release(1);
    }

    @Override
    public int releaseAll() {
      int holds = holdCount();
      release(Math.max(1, holds));
      return holds;
    }

    private void release(int holds) {
      guarded.change(() -> {
        checkHeld();
        int left = memory.getInt(WRITER_HOLDS) - holds;
        memory.putInt(WRITER_HOLDS, left);
        if (left == 0) {
          memory.putInt(DEAD_WRITER, 0);
          Words.LONG.setVolatile(memory, WRITER, 0L);
          FaultPoint.reached("write.released");
        }
        return left == 0;
      });
    }

    @Override
    public void acquireAgain(int holds) {
      new WriteWait().awaitUninterruptibly(Waiting.FOREVER);
      memory.putInt(WRITER_HOLDS, holds);
    }

    @Override
    public void checkHeld() {
      if (!isHeldByCurrentThread()) {
        throw new IllegalMonitorStateException(what() + " is not held for writing by this thread, "
            + Thread.currentThread().getName());
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
      long writer = (long) Words.LONG.getVolatile(memory, WRITER);
      return writer != 0 && Actor.isAlive(writer);
    }

    @Override
    public boolean isHeldByCurrentThread() {
      block.checkOpen();
      return (long) Words.LONG.getVolatile(memory, WRITER) == Actor.currentId();
    }

    @Override
    public int holdCount() {
      return isHeldByCurrentThread() ? memory.getInt(WRITER_HOLDS) : 0;
    }

    @Override
    public long fencingToken() {
      checkHeld();
      return memory.getLong(WRITER_TOKEN);
    }

    @Override
    public Optional<DeadOwner> deadOwner() {
      checkHeld();
      return MappedLock.dead(memory.getInt(DEAD_WRITER));
    }

    @Override
    public void close() {
      MappedReadWriteLock.this.close();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof WriteHalf half && half.owner().equals(owner());
    }

    @Override
    public int hashCode() {
      return block.hashCode() + 2;
    }

    private MappedReadWriteLock owner() {
      return MappedReadWriteLock.this;
    }

    @Override
    public String toString() {
      return what() + " for writing";
    }
  }

  @Override
  public String toString() {
    String state = block.isClosed()
        ? "closed"
        : writeHalf.isLocked() ? "locked for writing" : readers.sum() + " readers";
    return what() + "[" + state + "]";
  }
}
