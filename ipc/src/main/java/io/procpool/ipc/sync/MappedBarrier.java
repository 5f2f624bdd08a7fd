// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.ACCOUNT_OF;
import static io.procpool.ipc.sync.SyncLayout.ARRIVED;
import static io.procpool.ipc.sync.SyncLayout.BREAKS;
import static io.procpool.ipc.sync.SyncLayout.BROKEN;
import static io.procpool.ipc.sync.SyncLayout.ENTRY_BYTES;
import static io.procpool.ipc.sync.SyncLayout.GENERATION;
import static io.procpool.ipc.sync.SyncLayout.LAST_BROKEN;
import static io.procpool.ipc.sync.SyncLayout.LAST_BROKEN_COUNT;
import static io.procpool.ipc.sync.SyncLayout.MOST_ENTRIES;
import static io.procpool.ipc.sync.SyncLayout.PARTIES;
import static io.procpool.ipc.sync.SyncLayout.USED_ARRIVALS;

import io.procpool.RunnableTask;
import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessBarrier;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A barrier: an account of who has come, for each generation anew, guarded by the lock of its block. */
final class MappedBarrier extends InBlock implements ProcessBarrier {
  /*
   * Generation. Ends when all have come and the action is done, or when it breaks. How it ended is written down before the
   *             generation is counted up, so that a party that wakes late knows.
   * Action.     Run without the lock by the last party, while the account is full; who comes then waits for the next generation.
   * Death.      A party in the account whose process is dead, acting or waiting, breaks the generation. Who waits finds out.
   */
  private static final long serialVersionUID = 1;

  private final @Nullable RunnableTask action;
  private final transient ByteBuffer memory;
  private final transient Guarded guarded;
  private final transient Account arrived;

  private MappedBarrier(SharedBlock block, @Nullable RunnableTask action) {
    super(block);
    this.action = action;
    this.memory = block.part(0);
    this.guarded = new Guarded(block);
    this.arrived = new Account(memory, ARRIVED, memory.getInt(PARTIES), USED_ARRIVALS);
  }

  static MappedBarrier create(int parties, @Nullable RunnableTask action) {
    if (parties < 1 || parties > MOST_ENTRIES) {
      throw new IllegalArgumentException(
          "parties: " + parties + " (expected: 1 to " + MOST_ENTRIES + ")");
    }
    SharedBlock block =
        new MappedStore().allocate("ProcessBarrier", ARRIVED + parties * ENTRY_BYTES);
    block.part(0).putInt(PARTIES, parties);
    return new MappedBarrier(block, action);
  }

  private Object readResolve() {
    return new MappedBarrier(block, action);
  }

  @Override
  public int await() throws InterruptedException, BrokenBarrierException {
    try {
      return await(Waiting.FOREVER);
    } catch (TimeoutException e) {
      throw new AssertionError("there is no timeout", e);
    }
  }

  @Override
  public int await(Duration timeout)
      throws InterruptedException, BrokenBarrierException, TimeoutException {
    return await(Math.max(0, TimeUnit.NANOSECONDS.convert(timeout)));
  }

  private int await(long nanos)
      throws InterruptedException, BrokenBarrierException, TimeoutException {
    block.checkOpen();
    long start = System.nanoTime();
    Arrival arrival = new Arrival();
    try {
      if (!arrival.await(nanos)) {
        throw timeout(nanos); // while the action of others was running
      }
      if (arrival.dead) {
        breakIfStill(arrival.generation);
      }
      if (arrival.dead || arrival.broken) {
        throw new BrokenBarrierException(this + " is broken");
      }
      if (arrival.index == 0) {
        act(arrival);
      } else {
        FaultPoint.reached("barrier.arrived");
        long left = nanos == Waiting.FOREVER ? nanos : nanos - (System.nanoTime() - start);
        if (!new EndWait(arrival.generation).await(left) && breakIfStill(arrival.generation)) {
          throw timeout(nanos);
        }
        breakIfBroken(arrival);
      }
    } catch (InterruptedException e) {
      if (arrival.index < 0) {
        breakUnlessFull();
      } else if (!breakIfStill(arrival.generation)) {
        breakIfBroken(arrival);
        Thread.currentThread().interrupt(); // it came too late
        return arrival.index;
      }
      throw e;
    }
    return arrival.index;
  }

  private TimeoutException timeout(long nanos) {
    return new TimeoutException(
        this + " was not passed within " + Duration.ofNanos(Math.max(0, nanos)).toMillis() + " ms");
  }

  /** Runs the action and ends the generation. */
  private void act(Arrival arrival) throws BrokenBarrierException {
    int generation = arrival.generation;
    if (action != null) {
      boolean done = false;
      try {
        action.run();
        done = true;
      } finally {
        if (!done) {
          breakIfStill(generation);
        }
      }
    }
    guarded.change(() -> {
      boolean whole = generation() == generation && memory.getInt(BROKEN) == 0;
      if (whole) {
        end(generation, false);
      }
      return whole;
    });
    if (generation() == generation) {
      throw new BrokenBarrierException(this + " is broken");
    }
    breakIfBroken(arrival);
  }

  private void breakIfBroken(Arrival arrival) throws BrokenBarrierException {
    if (hasBroken(arrival.generation, arrival.breaks)) {
      throw new BrokenBarrierException(this + " is broken");
    }
  }

  /**
   * Breaks a generation unless it has ended; tells whether it had not. If a process is stopped in the middle of a change nobody
   * can break anything, and nobody passes; the wait of the calling thread has failed all the same.
   */
  private boolean breakIfStill(int generation) {
    boolean[] broken = new boolean[1];
    boolean changed = guarded.tryChange(() -> {
      broken[0] = generation() == generation;
      if (broken[0]) {
        breakNow();
      }
      return broken[0];
    });
    return broken[0] || !changed;
  }

  /** Breaks this generation. Guarded. */
  private void breakNow() {
    memory.putInt(BROKEN, 1);
    end(generation(), true);
  }

  /** Breaks this generation, of which the calling thread is no party, unless all have come. */
  private void breakUnlessFull() {
    boolean ignored = guarded.tryChange(() -> {
      boolean full = account().sum() == memory.getInt(PARTIES);
      if (!full) {
        breakNow();
      }
      return !full;
    });
  }

  /** Ends a generation. Guarded. */
  private void end(int generation, boolean broken) {
    if (broken) {
      int breaks = memory.getInt(BREAKS);
      memory.putInt(lastBroken(breaks), generation);
      Words.INT.setVolatile(memory, BREAKS, breaks + 1);
    }
    FaultPoint.reached("barrier.tripping");
    Words.INT.setVolatile(memory, GENERATION, generation + 1);
  }

  /**
   * Tells how a generation that has ended did so. Who has been away for so long that this is not known any more is told that it
   * broke.
   *
   * @param breaks how many had been broken before
   */
  private boolean hasBroken(int generation, int breaks) {
    boolean known = (int) Words.INT.getVolatile(memory, BREAKS) != breaks;
    boolean broken = known && memory.getInt(lastBroken(breaks)) == generation;
    int since = (int) Words.INT.getVolatile(memory, BREAKS) - breaks;
    return broken || since > LAST_BROKEN_COUNT;
  }

  private static int lastBroken(int breaks) {
    return LAST_BROKEN + Math.floorMod(breaks, LAST_BROKEN_COUNT) * Integer.BYTES;
  }

  private int generation() {
    return (int) Words.INT.getVolatile(memory, GENERATION);
  }

  /** Makes the account one of this generation. Guarded. */
  private Account account() {
    if (memory.getInt(ACCOUNT_OF) != generation()) {
      arrived.clear();
      memory.putInt(ACCOUNT_OF, generation());
    }
    return arrived;
  }

  @Override
  public void abort() {
    block.checkOpen();
    guarded.change(() -> {
      breakNow();
      return true;
    });
  }

  @Override
  public void reset() {
    block.checkOpen();
    guarded.change(() -> {
      boolean waiting = account().sum() > 0;
      if (waiting) {
        end(generation(), true);
      }
      memory.putInt(BROKEN, 0);
      return waiting;
    });
  }

  @Override
  public boolean isBroken() {
    return look(account -> memory.getInt(BROKEN));
  }

  private interface Question {
    int ask(Account account);
  }

  private boolean look(Question question) {
    return count(question) != 0;
  }

  /** Asks something, after dead parties have been noticed. */
  private int count(Question question) {
    block.checkOpen();
    int[] answer = new int[1];
    guarded.change(() -> {
      boolean dead = account().hasDead();
      if (dead) {
        breakNow();
      }
      answer[0] = question.ask(account());
      return dead;
    });
    return answer[0];
  }

  @Override
  public int parties() {
    block.checkOpen();
    return memory.getInt(PARTIES);
  }

  @Override
  public int waiting() {
    return count(Account::sum);
  }

  private String what() {
    return Names.what("ProcessBarrier", "", block);
  }

  /** A wait to be counted among those who have come; only while others are acting it is one. */
  private final class Arrival extends Guarded.GuardedWait {
    private int generation;
    private int breaks;
    private int index = -1;
    private boolean broken;
    private boolean dead;

    Arrival() {
      guarded.super();
    }

    @Override
    boolean tryGuarded() {
      generation = generation();
      breaks = memory.getInt(BREAKS);
      broken = memory.getInt(BROKEN) != 0;
      dead = account().hasDead();
      if (broken || dead) {
        return true;
      }
      int before = account().sum();
      if (before == memory.getInt(PARTIES)) {
        return false;
      }
      account().add(id(), 1);
      index = memory.getInt(PARTIES) - 1 - before;
      return true;
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || arrived.hasDead();
    }

    @Override
    protected String what() {
      return MappedBarrier.this.what();
    }
  }

  /** A wait for the end of a generation. */
  private final class EndWait extends Guarded.GuardedWait {
    private final int generation;

    EndWait(int generation) {
      guarded.super();
      this.generation = generation;
    }

    @Override
    boolean tryGuarded() {
      if (generation() == generation && (memory.getInt(BROKEN) != 0 || account().hasDead())) {
        breakNow();
        return noteChange();
      }
      return generation() != generation;
    }

    @Override
    protected boolean isDue() {
      return super.isDue() || arrived.hasDead() || memory.getInt(BROKEN) != 0;
    }

    @Override
    protected String what() {
      return MappedBarrier.this.what();
    }
  }

  /** Says how many have come, without waiting for anybody. */
  @Override
  public String toString() {
    if (block.isClosed()) {
      return "ProcessBarrier[closed]";
    }
    int come = memory.getInt(ACCOUNT_OF) == generation() ? arrived.sum() : 0;
    return "ProcessBarrier[" + come + " of " + parties() + " parties]";
  }
}
