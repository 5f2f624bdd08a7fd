// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.CONDITION_BYTES;
import static io.procpool.ipc.sync.SyncLayout.FREE;
import static io.procpool.ipc.sync.SyncLayout.MOST_ENTRIES;
import static io.procpool.ipc.sync.SyncLayout.NEXT_TICKET;
import static io.procpool.ipc.sync.SyncLayout.SIGNALLED;
import static io.procpool.ipc.sync.SyncLayout.SIGNALS;
import static io.procpool.ipc.sync.SyncLayout.SLOTS;
import static io.procpool.ipc.sync.SyncLayout.SLOT_BYTES;
import static io.procpool.ipc.sync.SyncLayout.SLOT_ID;
import static io.procpool.ipc.sync.SyncLayout.SLOT_TICKET;
import static io.procpool.ipc.sync.SyncLayout.USED;
import static io.procpool.ipc.sync.SyncLayout.WAITING;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessCondition;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A condition of a lock, in a block of its own. */
final class MappedCondition extends InBlock implements ProcessCondition {
  /*
   * Waiting.   A thread that waits has a slot, which it takes and gives back with the lock held, and whose state it sleeps on. A
   *            signal changes the state of the slots that have waited longest. So it is always certain who got a signal:
   *            a timeout or interrupt that comes at the same moment finds out with the lock held.
   * Death.     The slot of a dead process is free for anybody who holds the lock. If it had a signal, that goes to the one
   *            who has waited longest; who waits is woken by the watcher to see to that.
   * Crowd.     Without a free slot a thread waits for any signal, for a moment, and returns as if it had got it.
   */
  private static final long serialVersionUID = 1;
  private static final long CROWD_NANOS = 5_000_000;

  private final OwnedLock lock;
  private final transient ByteBuffer memory;

  private MappedCondition(SharedBlock block, OwnedLock lock) {
    super(block);
    this.lock = lock;
    this.memory = block.part(0);
  }

  static MappedCondition create(OwnedLock lock) {
    return new MappedCondition(
        new MappedStore().allocate("ProcessCondition", CONDITION_BYTES), lock);
  }

  private Object readResolve() {
    return new MappedCondition(block, lock);
  }

  @Override
  public void await() throws InterruptedException {
    await(Waiting.FOREVER, true);
  }

  @Override
  public void awaitUninterruptibly() {
    try {
      await(Waiting.FOREVER, false);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupts do not matter here", e);
    }
  }

  @Override
  public long awaitNanos(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    await(Math.max(0, nanos), true);
    return Math.max(0, nanos) - (System.nanoTime() - start);
  }

  @Override
  public boolean await(long time, TimeUnit unit) throws InterruptedException {
    return await(Math.max(0, unit.toNanos(time)), true);
  }

  @Override
  public boolean awaitUntil(Date deadline) throws InterruptedException {
    long now = System.currentTimeMillis();
    return await(Math.max(now, deadline.getTime()) - now, TimeUnit.MILLISECONDS);
  }

  /** Waits; tells whether there was a signal. */
  private boolean await(long nanos, boolean interruptible) throws InterruptedException {
    check();
    if (interruptible && Thread.interrupted()) {
      throw new InterruptedException();
    }
    long start = System.nanoTime();
    int slot = takeSlot();
    FaultPoint.reached("condition.registered");
    if (slot < 0) {
      return awaitAnySignal(nanos, interruptible);
    }
    boolean interrupted = false;
    while (true) {
      long left = nanos == Waiting.FOREVER ? nanos : nanos - (System.nanoTime() - start);
      int holds = lock.releaseAll();
      boolean woken = false;
      try {
        Waiting wait = new SlotWait(slot);
        woken = interruptible ? wait.await(left) : wait.awaitUninterruptibly(left);
      } catch (InterruptedException e) {
        interrupted = true;
      } finally {
        lock.acquireAgain(holds);
      }
      passOnSignalsOfTheDead();
      boolean signalled = state(slot) == SIGNALLED;
      if (signalled || interrupted || !woken) {
        state(slot, FREE);
        if (interrupted && !signalled) {
          throw new InterruptedException();
        }
        if (interrupted) {
          Thread.currentThread().interrupt();
        }
        return signalled;
      }
    }
  }

  private int takeSlot() {
    int slot = findSlot();
    if (slot < 0) {
      passOnSignalsOfTheDead();
      slot = findSlot();
    }
    if (slot >= 0) {
      int ticket = memory.getInt(NEXT_TICKET);
      memory.putInt(NEXT_TICKET, ticket + 1);
      memory.putInt(place(slot) + SLOT_TICKET, ticket);
      memory.putLong(place(slot) + SLOT_ID, Actor.currentId());
      if (slot >= used()) {
        memory.putInt(USED, slot + 1);
      }
      state(slot, WAITING);
    }
    return slot;
  }

  private int findSlot() {
    for (int slot = 0; slot < MOST_ENTRIES; slot++) {
      if (state(slot) == FREE) {
        return slot;
      }
    }
    return -1;
  }

  private boolean awaitAnySignal(long nanos, boolean interruptible) throws InterruptedException {
    int signals = memory.getInt(SIGNALS);
    int holds = lock.releaseAll();
    try {
      Waiting wait = new CrowdWait(signals);
      long time = Math.min(nanos, CROWD_NANOS);
      boolean signalled = interruptible ? wait.await(time) : wait.awaitUninterruptibly(time);
      return signalled || nanos > CROWD_NANOS;
    } finally {
      lock.acquireAgain(holds);
    }
  }

  /** Frees the slots of dead processes, and gives their signals to others. */
  private void passOnSignalsOfTheDead() {
    int signals = 0;
    for (int slot = 0; slot < used(); slot++) {
      if (isOfTheDead(slot)) {
        signals += state(slot) == SIGNALLED ? 1 : 0;
        state(slot, FREE);
      }
    }
    if (signals > 0) {
      signal(signals);
    }
  }

  private boolean isOfTheDead(int slot) {
    return state(slot) != FREE && !Actor.isAlive(memory.getLong(place(slot) + SLOT_ID));
  }

  @Override
  public void signal() {
    signal(1);
  }

  @Override
  public void signalAll() {
    signal(Integer.MAX_VALUE);
  }

  @Override
  public int signal(int count) {
    check();
    if (count < 0) {
      throw new IllegalArgumentException("count: " + count + " (expected: 0 or more)");
    }
    List<Integer> waiting = waitingSlots();
    if (count < waiting.size()) {
      int next = memory.getInt(NEXT_TICKET);
      waiting.sort(
          Comparator.comparingInt(slot -> memory.getInt(place(slot) + SLOT_TICKET) - next));
      waiting = waiting.subList(0, count);
    }
    if (count > 0) {
      memory.putInt(SIGNALS, memory.getInt(SIGNALS) + 1);
    }
    for (int slot : waiting) {
      state(slot, SIGNALLED);
      FaultPoint.reached("condition.signalled");
      WordWaiter.installed().wake(memory, place(slot), 1);
    }
    return waiting.size();
  }

  private List<Integer> waitingSlots() {
    List<Integer> waiting = new ArrayList<>();
    for (int slot = 0; slot < used(); slot++) {
      if (state(slot) == WAITING && !isOfTheDead(slot)) {
        waiting.add(slot);
      }
    }
    return waiting;
  }

  @Override
  public int waiting() {
    check();
    return waitingSlots().size();
  }

  private void check() {
    block.checkOpen();
    lock.checkHeld();
  }

  private int used() {
    return Math.min(memory.getInt(USED), MOST_ENTRIES);
  }

  private int state(int slot) {
    return (int) Words.INT.getVolatile(memory, place(slot));
  }

  private void state(int slot, int state) {
    Words.INT.setVolatile(memory, place(slot), state);
  }

  private static int place(int slot) {
    return SLOTS + slot * SLOT_BYTES;
  }

  /** A wait for the signal of one slot. */
  private final class SlotWait extends Waiting {
    private final int slot;

    SlotWait(int slot) {
      super(memory, place(slot));
      this.slot = slot;
      expect(WAITING);
    }

    @Override
    protected boolean attempt(boolean announce) {
      return state(slot) != WAITING || announce && hasSignalOfTheDead();
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || hasSignalOfTheDead();
    }

    private boolean hasSignalOfTheDead() {
      for (int each = 0; each < used(); each++) {
        if (state(each) == SIGNALLED && isOfTheDead(each)) {
          return true;
        }
      }
      return false;
    }

    @Override
    protected String what() {
      return "a signal of a condition of " + lock;
    }
  }

  /** A wait for any signal. */
  private final class CrowdWait extends Waiting {
    private final int signals;

    CrowdWait(int signals) {
      super(memory, SIGNALS);
      this.signals = signals;
      expect(signals);
    }

    @Override
    protected boolean attempt(boolean announce) {
      return word() != signals;
    }

    @Override
    protected String what() {
      return "any signal of a condition of " + lock;
    }
  }

  @Override
  public String toString() {
    return "ProcessCondition[" + (block.isClosed() ? "closed" : "of " + lock) + "]";
  }
}
