// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One thread's wait for something that a word in shared memory tells. Used once; by one thread, but for what the watcher asks. */
public abstract class Waiting {
  /*
   * Waiting.  Tries, looks at the word for some microseconds, then announces that it will sleep, tries a last time, and sleeps
   *           until the word changes. Whoever changes the word wakes sleepers if there may be some.
   * Lost.     Who has changed the word may be killed before waking anybody, and who was woken may be killed or stopped. So
   *           nobody sleeps longer than SLICE_NANOS without looking; a thread that waits longer is looked after by the
   *           watcher of its process, which wakes it when there is a reason.
   * Missed.   In JDK 17 Thread.interrupt looks for who has to wake the thread before it sets the interrupt status, so that a thread
   *           that goes to sleep in between is not woken. That is a reason, too.
   */
  /** How long a sleeper may miss that a process died, and how long a wait is short. */
  static final long SLICE_NANOS = 20_000_000;

  /** No end. */
  public static final long FOREVER = Long.MAX_VALUE;

  private static final long LOOK_NANOS = 20_000;
  private static final int LOOKS_BEFORE_YIELD = 3;

  private final ByteBuffer memory;
  private final int at;
  private final Thread thread = Thread.currentThread();
  private final long id = Actor.currentId();
  private long start; // of the wait, and how long it may last; for the thread itself
  private long nanos;
  private volatile int expected;
  private volatile boolean announced;
  private volatile boolean interruptible;
  private @Nullable Instant since;

  /** Waits for a word to change. */
  protected Waiting(ByteBuffer memory, int at) {
    this.memory = memory;
    this.at = at;
  }

  /**
   * Tries to get what is waited for. If that fails, must say with {@link #expect} what the word is then.
   *
   * @param announce whether the thread will sleep if this fails, so that others must know
   */
  protected abstract boolean attempt(boolean announce);

  /** Called at the end if it failed, and the thread had been announced. */
  protected void giveUp() {}

  /** Tells the watcher, in another thread, whether the sleeper should look again. */
  protected boolean isDue() {
    return hasChanged();
  }

  /** Returns what is waited for, for reports. */
  protected abstract String what();

  /** Returns the ids of the threads that hold it, for reports. */
  protected long[] holders() {
    return new long[0];
  }

  protected final void expect(int value) {
    expected = value;
  }

  protected final int word() {
    return (int) Words.INT.getVolatile(memory, at);
  }

  /** Returns how much of the time is left, for the thread itself; {@link #FOREVER} if there is no end. */
  public final long left() {
    return nanos == FOREVER ? FOREVER : nanos - (System.nanoTime() - start);
  }

  /** Tells whether the thread only tries, and does not wait. */
  public final boolean isTryOnly() {
    return nanos <= 0;
  }

  protected final boolean isAnnounced() {
    return announced;
  }

  final long id() {
    return id;
  }

  final Thread thread() {
    return thread;
  }

  final Instant since() {
    Instant known = since;
    return known == null ? Instant.EPOCH : known;
  }

  /** Tells whether the word has changed since the thread began to sleep. */
  final boolean hasChanged() {
    return word() != expected;
  }

  /** Tells whether the thread should not sleep any more because it is interrupted; for the watcher. */
  final boolean isInterrupted() {
    return interruptible && thread.isInterrupted();
  }

  /** Wakes the thread; for the watcher. */
  final void wake() {
    WordWaiter.installed().wake(memory, at, Integer.MAX_VALUE);
    LockSupport.unpark(thread);
  }

  /**
   * Waits without regard to interrupts.
   *
   * @param nanos {@link #FOREVER}, or for how long; 0 or less tries only
   * @return whether it succeeded
   */
  public final boolean awaitUninterruptibly(long nanos) {
    try {
      return await(nanos, false);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupts do not matter here", e);
    }
  }

  /** Waits; see {@link #awaitUninterruptibly}. */
  public final boolean await(long nanos) throws InterruptedException {
    return await(nanos, true);
  }

  private boolean await(long nanos, boolean interruptible) throws InterruptedException {
    if (interruptible && Thread.interrupted()) {
      throw new InterruptedException();
    }
    boolean done = false;
    boolean watched = false;
    this.start = System.nanoTime();
    this.nanos = nanos;
    this.interruptible = interruptible;
    try {
      done = attempt(false) || nanos > 0 && look(Math.min(nanos, LOOK_NANOS));
      while (!done && nanos > 0) {
        if (interruptible && Thread.interrupted()) {
          throw new InterruptedException();
        }
        announced = true;
        done = attempt(true);
        long waited = System.nanoTime() - start;
        long left = left();
        if (done || left <= 0) {
          break;
        }
        if (!watched && waited > SLICE_NANOS) {
          since = Instant.now().minusNanos(waited);
          watched = Watcher.watch(this);
        }
        long most = watched ? left : Math.min(left, SLICE_NANOS);
        WordWaiter.installed().sleep(memory, at, expected, most, interruptible);
      }
      return done;
    } finally {
      if (watched) {
        Watcher.forget(this);
      }
      if (!done && announced) {
        giveUp();
      }
    }
  }

  private boolean look(long nanos) {
    for (int i = 1; System.nanoTime() - start < nanos; i++) {
      if (i > LOOKS_BEFORE_YIELD) {
        Thread.yield(); // who could change the word may have no other CPU
      } else {
        Thread.onSpinWait();
      }
      if (word() != expected && attempt(false)) {
        return true;
      }
    }
    return false;
  }
}
