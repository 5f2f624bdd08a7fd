// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.time.Duration;
import java.util.Date;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.BooleanSupplier;

/** Locks and the like with one mistake each, as they are easily made. They wait actively, and lack what no check uses. */
final class BrokenCopies {
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(2);

  private BrokenCopies() {}

  private static boolean spin(BooleanSupplier condition, long nanos) {
    long end = System.nanoTime() + Math.min(nanos, LONGEST_NANOS);
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        return false;
      }
      Thread.yield();
    }
    return true;
  }

  private static void spin(BooleanSupplier condition) {
    if (!spin(condition, LONGEST_NANOS)) {
      throw new IllegalStateException("hangs");
    }
  }

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException("no check uses it");
  }

  /** A lock that looks and takes in two steps. */
  record TwoStepLock(SharedInt taken) implements Lock, Serializable {
    @Override
    public boolean tryLock() {
      if (taken.getPlain() != 0) {
        return false;
      }
      taken.setPlain(1);
      return true;
    }

    @Override
    public void lock() {
      spin(this::tryLock);
    }

    @Override
    public void lockInterruptibly() {
      lock();
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) {
      return spin(this::tryLock, unit.toNanos(time));
    }

    @Override
    public void unlock() {
      taken.set(0);
    }

    @Override
    public Condition newCondition() {
      throw unused();
    }
  }

  /** A read-write lock whose readers believe that they need not lock. */
  record LaxReadWriteLock(ProcessReadWriteLock real) implements ReadWriteLock, Serializable {
    @Override
    public Lock writeLock() {
      return real.writeLock();
    }

    @Override
    public Lock readLock() {
      return new NoLock();
    }
  }

  private static final class NoLock implements Lock {
    @Override
    public void lock() {}

    @Override
    public void lockInterruptibly() {}

    @Override
    public boolean tryLock() {
      return true;
    }

    @Override
    public boolean tryLock(long time, TimeUnit unit) {
      return true;
    }

    @Override
    public void unlock() {}

    @Override
    public Condition newCondition() {
      throw unused();
    }
  }

  /** A semaphore that checks and takes in two steps. */
  record TwoStepSemaphore(SharedInt permits) implements ProcessSemaphore {
    @Override
    public boolean tryAcquire(int some) {
      int there = permits.get();
      if (there < some) {
        return false;
      }
      permits.set(there - some);
      return true;
    }

    @Override
    public boolean tryAcquire(int some, Duration timeout) {
      return spin(() -> tryAcquire(some), timeout.toNanos());
    }

    @Override
    public void acquire(int some) {
      spin(() -> tryAcquire(some));
    }

    @Override
    public void acquireUninterruptibly(int some) {
      acquire(some);
    }

    @Override
    public void release(int some) {
      permits.getAndAdd(some);
    }

    @Override
    public int drainPermits() {
      throw unused();
    }

    @Override
    public int availablePermits() {
      return permits.get();
    }

    @Override
    public OptionalInt bound() {
      return OptionalInt.empty();
    }

    @Override
    public void close() {}
  }

  /** A condition that remembers which signals there were when it has released the lock already. */
  record LateCondition(ProcessLock lock, SharedInt signals) implements ProcessCondition {
    @Override
    public long awaitNanos(long nanos) {
      long end = System.nanoTime() + nanos;
      lock.unlock();
      Thread.yield(); // what may happen does
      int seen = signals.get();
      spin(() -> signals.get() != seen, nanos);
      lock.lock();
      return end - System.nanoTime();
    }

    @Override
    public void await() {
      awaitNanos(LONGEST_NANOS);
    }

    @Override
    public boolean await(long time, TimeUnit unit) {
      return awaitNanos(unit.toNanos(time)) > 0;
    }

    @Override
    public void awaitUninterruptibly() {
      throw unused();
    }

    @Override
    public boolean awaitUntil(Date deadline) {
      throw unused();
    }

    @Override
    public void signal() {
      signals.incrementAndGet();
    }

    @Override
    public int signal(int count) {
      return signals.incrementAndGet();
    }

    @Override
    public void signalAll() {
      signals.incrementAndGet();
    }

    @Override
    public int waiting() {
      return 0;
    }

    @Override
    public void close() {}
  }

  /** A condition that forgets a signal now and then, as one does that wakes a thread which does not wait any more. */
  record ForgetfulCondition(ProcessCondition real, SharedInt signals) implements ProcessCondition {
    private static final int FORGOTTEN = 50;

    private boolean forgets() {
      return signals.incrementAndGet() % FORGOTTEN == 0;
    }

    @Override
    public void signal() {
      if (!forgets()) {
        real.signal();
      }
    }

    @Override
    public int signal(int count) {
      return forgets() ? 0 : real.signal(count);
    }

    @Override
    public void signalAll() {
      if (!forgets()) {
        real.signalAll();
      }
    }

    @Override
    public void await() throws InterruptedException {
      real.await();
    }

    @Override
    public void awaitUninterruptibly() {
      real.awaitUninterruptibly();
    }

    @Override
    public long awaitNanos(long nanos) throws InterruptedException {
      return real.awaitNanos(nanos);
    }

    @Override
    public boolean await(long time, TimeUnit unit) throws InterruptedException {
      return real.await(time, unit);
    }

    @Override
    public boolean awaitUntil(Date deadline) throws InterruptedException {
      return real.awaitUntil(deadline);
    }

    @Override
    public int waiting() {
      return real.waiting();
    }

    @Override
    public void close() {
      real.close();
    }
  }

  /** An event whose waiters look whether it is set, and then wait for the next time, even if it was set in between. */
  record DeafEvent(SharedInt state, SharedInt sets) implements ProcessEvent {
    @Override
    public boolean isSet() {
      return state.get() != 0;
    }

    @Override
    public void set() {
      state.set(1);
      sets.incrementAndGet();
    }

    @Override
    public void clear() {
      state.set(0);
    }

    @Override
    public boolean await(Duration timeout) {
      if (isSet()) {
        return true;
      }
      Thread.yield(); // what may happen does
      int seen = sets.get();
      return spin(() -> sets.get() != seen, timeout.toNanos());
    }

    @Override
    public void await() {
      await(Duration.ofNanos(LONGEST_NANOS));
    }

    @Override
    public void close() {}
  }

  /** A latch that counts in two steps. */
  record TwoStepLatch(SharedInt left) implements ProcessCountDownLatch {
    @Override
    public void countDown() {
      left.set(left.get() - 1);
    }

    @Override
    public int count() {
      return left.get();
    }

    @Override
    public boolean await(Duration timeout) {
      return spin(() -> left.get() <= 0, timeout.toNanos());
    }

    @Override
    public void await() {
      await(Duration.ofNanos(LONGEST_NANOS));
    }

    @Override
    public void close() {}
  }

  /** A barrier that counts who has come, and does not know one generation from the next. */
  record EndlessBarrier(int parties, SharedInt come) implements ProcessBarrier {
    @Override
    public int await(Duration timeout) throws TimeoutException {
      int number = come.getAndAdd(1) % parties;
      if (!spin(() -> come.get() % parties == 0, timeout.toNanos())) {
        throw new TimeoutException();
      }
      return parties - 1 - number;
    }

    @Override
    public int await() {
      try {
        return await(Duration.ofNanos(LONGEST_NANOS));
      } catch (TimeoutException e) {
        throw new IllegalStateException("hangs", e);
      }
    }

    @Override
    public void abort() {
      throw unused();
    }

    @Override
    public void reset() {
      throw unused();
    }

    @Override
    public boolean isBroken() {
      return false;
    }

    @Override
    public int waiting() {
      return come.get() % parties;
    }

    @Override
    public void close() {}
  }
}
