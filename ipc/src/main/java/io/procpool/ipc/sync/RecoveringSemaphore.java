// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.ENTRY_BYTES;
import static io.procpool.ipc.sync.SyncLayout.MOST_ENTRIES;
import static io.procpool.ipc.sync.SyncLayout.RECOVERING_ACCOUNT;
import static io.procpool.ipc.sync.SyncLayout.RECOVERING_BOUND;
import static io.procpool.ipc.sync.SyncLayout.USED_ENTRIES;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessSemaphore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;

/** A semaphore with an account of which process has how many permits; those of the dead count no more. */
final class RecoveringSemaphore extends InBlock implements ProcessSemaphore {
  private static final long serialVersionUID = 1;

  private final transient Guarded guarded;
  private final transient Account account;
  private final transient int bound;

  private RecoveringSemaphore(SharedBlock block) {
    super(block);
    ByteBuffer memory = block.part(0);
    this.guarded = new Guarded(block);
    this.bound = memory.getInt(RECOVERING_BOUND);
    this.account = new Account(memory, RECOVERING_ACCOUNT, entries(bound), USED_ENTRIES);
  }

  static RecoveringSemaphore create(int permits) {
    Permits.check(permits, Integer.MAX_VALUE);
    SharedBlock block = new MappedStore()
        .allocate(
            "recovering ProcessSemaphore", RECOVERING_ACCOUNT + entries(permits) * ENTRY_BYTES);
    block.part(0).putInt(RECOVERING_BOUND, permits);
    return new RecoveringSemaphore(block);
  }

  private static int entries(int bound) {
    return Math.min(bound, MOST_ENTRIES); // who has an entry has a permit
  }

  private Object readResolve() {
    return new RecoveringSemaphore(block);
  }

  private PermitWait waitFor(int permits) {
    block.checkOpen();
    Permits.check(permits, bound);
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
  public boolean tryAcquire(int permits) {
    return waitFor(permits).awaitUninterruptibly(0);
  }

  @Override
  public boolean tryAcquire(int permits, Duration timeout) throws InterruptedException {
    return waitFor(permits).await(TimeUnit.NANOSECONDS.convert(timeout));
  }

  @Override
  public void release(int permits) {
    block.checkOpen();
    Permits.check(permits, Integer.MAX_VALUE);
    guarded.change(() -> {
      int held = account.of(Actor.processId());
      if (permits > held) {
        throw new IllegalStateException("ProcessSemaphore: release of " + permits
            + " by a process that has " + held + "; nothing was released");
      }
      account.add(Actor.processId(), -permits);
      FaultPoint.reached("semaphore.released");
      return true;
    });
  }

  @Override
  public int drainPermits() {
    block.checkOpen();
    int[] drained = new int[1];
    guarded.change(() -> {
      boolean removed = account.removeDead();
      int free = bound - account.sum();
      drained[0] = free > 0 && account.add(Actor.processId(), free) ? free : 0;
      return removed;
    });
    return drained[0];
  }

  @Override
  public int availablePermits() {
    block.checkOpen();
    int[] available = new int[1];
    guarded.change(() -> {
      boolean removed = account.removeDead();
      available[0] = bound - account.sum();
      return removed;
    });
    return available[0];
  }

  @Override
  public OptionalInt bound() {
    block.checkOpen();
    return OptionalInt.of(bound);
  }

  /** A wait for permits. */
  private final class PermitWait extends Guarded.GuardedWait {
    private final int permits;

    PermitWait(int permits) {
      guarded.super();
      this.permits = permits;
    }

    @Override
    boolean tryGuarded() {
      boolean taken = take() || account.removeDead() && noteChange() && take();
      if (taken) {
        FaultPoint.reached("semaphore.acquired");
      }
      return taken;
    }

    private boolean take() {
      return bound - account.sum() >= permits && account.add(Actor.processId(), permits);
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || account.hasDead();
    }

    @Override
    protected String what() {
      return Names.what("ProcessSemaphore", "", block);
    }
  }

  @Override
  public String toString() {
    return "ProcessSemaphore["
        + (block.isClosed() ? "closed" : bound - account.sum() + " of " + bound + " permits") + "]";
  }
}
