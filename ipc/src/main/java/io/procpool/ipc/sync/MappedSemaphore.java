// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.BOUND;
import static io.procpool.ipc.sync.SyncLayout.PERMITS;
import static io.procpool.ipc.sync.SyncLayout.SEMAPHORE_BYTES;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessSemaphore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** A semaphore that keeps no account: a word with the number of permits. */
final class MappedSemaphore extends InBlock implements ProcessSemaphore {
  /*
   * Each change is one compare-and-set of the permits and of who may sleep. Who releases takes the marks away and wakes as many
   * as there are new permits, or all if somebody wants several; who has slept and gets a permit sets the mark again,
   * because others may sleep, too.
   */
  private static final long serialVersionUID = 1;
  private static final long WAITING = 1L << 32;
  private static final long WAITING_FOR_SEVERAL = 2L << 32;
  private static final long MARKS = WAITING | WAITING_FOR_SEVERAL;

  private final transient ByteBuffer memory;

  private MappedSemaphore(SharedBlock block) {
    super(block);
    this.memory = block.part(0);
  }

  static MappedSemaphore create(int permits, boolean bounded) {
    int least = bounded ? 1 : 0;
    if (permits < least) {
      throw new IllegalArgumentException(
          "permits: " + permits + " (expected: " + least + " to " + Integer.MAX_VALUE + ")");
    }
    SharedBlock block = new MappedStore().allocate("ProcessSemaphore", SEMAPHORE_BYTES);
    MappedSemaphore made = new MappedSemaphore(block);
    made.memory.putInt(BOUND, bounded ? permits : 0);
    Words.LONG.setVolatile(made.memory, PERMITS, (long) permits);
    return made;
  }

  private Object readResolve() {
    return new MappedSemaphore(block);
  }

  private long word() {
    return (long) Words.LONG.getVolatile(memory, PERMITS);
  }

  private static int permits(long word) {
    return (int) word;
  }

  private int limit() {
    int bound = memory.getInt(BOUND);
    return bound == 0 ? Integer.MAX_VALUE : bound;
  }

  private PermitWait waitFor(int permits) {
    block.checkOpen();
    Permits.check(permits, limit());
    return new PermitWait(permits);
  }

  @Override
  public void acquire(int permits) throws InterruptedException {
    waitFor(permits).await(Waiting.FOREVER);
  }

  @Override
  public void acquireUninterruptibly(int permits) {
    waitFor(permits).awaitUninterruptibly(Waiting.FOREVER);
  }

  @Override
  public boolean tryAcquire(int permits, Duration timeout) throws InterruptedException {
    return waitFor(permits).await(TimeUnit.NANOSECONDS.convert(timeout));
  }

  @Override
  public boolean tryAcquire(int permits) {
    block.checkOpen();
    Permits.check(permits, limit());
    return take(permits, 0);
  }

  private boolean take(int permits, long mark) {
    while (true) {
      long word = word();
      if (permits(word) < permits) {
        return false;
      }
      if (Words.LONG.compareAndSet(memory, PERMITS, word, word - permits | mark)) {
        FaultPoint.reached("semaphore.acquired");
        return true;
      }
    }
  }

  @Override
  public void release(int permits) {
    block.checkOpen();
    Permits.check(permits, Integer.MAX_VALUE);
    while (true) {
      long word = word();
      if (permits(word) > limit() - permits) {
        throw new IllegalStateException("ProcessSemaphore: release of " + permits + " with "
            + permits(word) + " there (the bound is " + limit() + "); nothing was released");
      }
      long released = (word & ~MARKS) + permits;
      if (Words.LONG.compareAndSet(memory, PERMITS, word, released)) {
        FaultPoint.reached("semaphore.released");
        if ((word & MARKS) != 0) {
          wake((word & WAITING_FOR_SEVERAL) != 0 ? Integer.MAX_VALUE : permits);
        }
        return;
      }
    }
  }

  private void wake(int count) {
    WordWaiter.installed().wake(memory, PERMITS + Words.LOW_HALF, count);
  }

  @Override
  public int drainPermits() {
    block.checkOpen();
    while (true) {
      long word = word();
      if (Words.LONG.compareAndSet(memory, PERMITS, word, word & MARKS)) {
        return permits(word);
      }
    }
  }

  @Override
  public int availablePermits() {
    block.checkOpen();
    return permits(word());
  }

  @Override
  public OptionalInt bound() {
    block.checkOpen();
    int bound = memory.getInt(BOUND);
    return bound == 0 ? OptionalInt.empty() : OptionalInt.of(bound);
  }

  /** A wait for permits. */
  private final class PermitWait extends Waiting {
    private final int permits;
    private final long mark;

    PermitWait(int permits) {
      super(memory, PERMITS + Words.LOW_HALF);
      this.permits = permits;
      this.mark = permits > 1 ? MARKS : WAITING;
    }

    @Override
    protected boolean attempt(boolean announce) {
      while (!take(permits, isAnnounced() ? WAITING : 0)) {
        long word = MappedSemaphore.this.word();
        if (permits(word) < permits
            && (!announce
                || (word & mark) == mark
                || Words.LONG.compareAndSet(memory, PERMITS, word, word | mark))) {
          expect(permits(word));
          return false;
        }
      }
      return true;
    }

    /** Somebody may have woken this thread instead of another. */
    @Override
    protected void giveUp() {
      if (permits(MappedSemaphore.this.word()) > 0) {
        MappedSemaphore.this.wake(Integer.MAX_VALUE);
      }
    }

    @Override
    protected boolean isDue() {
      return permits(MappedSemaphore.this.word()) >= permits;
    }

    @Override
    protected String what() {
      return Names.what("ProcessSemaphore", "", block);
    }
  }

  @Override
  public String toString() {
    return "ProcessSemaphore[" + (block.isClosed() ? "closed" : availablePermits() + " permits")
        + "]";
  }
}
