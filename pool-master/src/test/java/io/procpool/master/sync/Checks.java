// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.sync.Check.violatedIf;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.shared.SharedLong;
import io.procpool.shared.SharedLongArray;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.stream.LongStream;

/** The checks of the random runs. Each takes what it checks, the real thing or a broken copy of it. */
final class Checks {
  /** How long somebody may wait for what must happen. */
  record Patience(long millis) implements Serializable {
    Duration time() {
      return Duration.ofMillis(millis);
    }
  }

  private Checks() {}

  /** Gives others a chance to be where they must not be. */
  private static void dwell(Random random) {
    int how = random.nextInt(40);
    if (how == 0) {
      LockSupport.parkNanos(1);
    } else if (how < 4) {
      Thread.yield();
    } else {
      for (int i = 0; i < how; i++) {
        Thread.onSpinWait();
      }
    }
  }

  private static void acquire(Lock lock, Random random, Patience patience) throws Exception {
    switch (random.nextInt(4)) {
      case 0 -> {
        if (lock.tryLock()) {
          return;
        }
        lock.lock();
      }
      case 1 -> {
        if (lock.tryLock(random.nextInt(100), TimeUnit.MICROSECONDS)) {
          return;
        }
        lock.lockInterruptibly();
      }
      case 2 -> lock.lock();
      default ->
        violatedIf(
            !lock.tryLock(patience.millis, TimeUnit.MILLISECONDS),
            lock + " was not to be had within " + patience);
    }
  }

  /** One thread at a time has a lock, and sees what those before it have written; the dead are told of. */
  record Exclusion(
      Lock lock,
      SharedLong owner,
      SharedLong count,
      SharedLong done,
      SharedInt deaths,
      Patience patience)
      implements Check {
    static Exclusion of(Lock lock, Patience patience) {
      return new Exclusion(
          lock,
          SharedLong.create(0),
          SharedLong.create(0),
          SharedLong.create(0),
          SharedInt.create(0),
          patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      acquire(lock, random, patience);
      if (lock instanceof ProcessLock real && real.deadOwner().isPresent()) {
        owner.set(0);
        deaths.incrementAndGet();
      }
      long before = owner.get();
      violatedIf(before != 0, (me + 1) + " found " + before + " inside");
      owner.set(me + 1);
      long counted = count.getPlain();
      dwell(random);
      count.setPlain(counted + 1);
      long after = owner.get();
      violatedIf(after != me + 1, (me + 1) + " found " + after + " inside after a while");
      owner.set(0);
      lock.unlock();
      done.getAndAdd(1);
    }

    @Override
    public void finish() throws Exception {
      violatedIf(!lock.tryLock(), lock + " is not free at the end");
      lock.unlock();
      violatedIf(
          deaths.get() == 0 && count.get() < done.get(),
          "of " + done + " changes " + count + " are there");
    }
  }

  /** Readers see no change that is half done. */
  record ReadersAndWriters(
      ReadWriteLock lock, SharedLongArray data, SharedInt writers, Patience patience)
      implements Check {
    static ReadersAndWriters of(ReadWriteLock lock, Patience patience) {
      return new ReadersAndWriters(lock, SharedLongArray.create(2), SharedInt.create(0), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      if (random.nextInt(3) == 0) {
        acquire(lock.writeLock(), random, patience);
        if (lock.writeLock() instanceof ProcessLock real && real.deadOwner().isPresent()) {
          writers.set(0);
          data.set(1, data.get(0));
        }
        int others = writers.getAndAdd(1);
        violatedIf(others != 0, others + " others write");
        violatedIf(
            data.getPlain(0) != data.getPlain(1), "a writer found half of a change: " + data);
        data.setPlain(0, data.getPlain(0) + 1);
        dwell(random);
        data.setPlain(1, data.getPlain(1) + 1);
        writers.getAndAdd(-1);
        if (random.nextInt(3) > 0) {
          lock.writeLock().unlock();
          return;
        }
        long written = data.getPlain(0);
        lock.readLock().lock();
        lock.writeLock().unlock();
        dwell(random);
        violatedIf(
            data.getPlain(0) != written, "somebody else wrote while this one went on to read");
      } else {
        acquire(lock.readLock(), random, patience);
        boolean dead =
            lock instanceof ProcessReadWriteLock real && real.deadWriter().isPresent();
        long first = data.getPlain(0);
        dwell(random);
        violatedIf(
            !dead && (data.getPlain(1) != first || writers.get() != 0),
            "a reader found half of a change: " + data + ", writers " + writers);
      }
      lock.readLock().unlock();
    }

    @Override
    public void finish() {
      violatedIf(!lock.writeLock().tryLock(), lock + " is not free at the end");
      lock.writeLock().unlock();
    }
  }

  /** No more have permits than there are. Who has some is noted with its pid, so that the dead need not be counted. */
  record Permits(ProcessSemaphore semaphore, int permits, SharedLongArray held, Patience patience)
      implements Check {
    private static final int MOST_THREADS = 64;

    static Permits of(ProcessSemaphore semaphore, int permits, Patience patience) {
      return new Permits(semaphore, permits, SharedLongArray.create(MOST_THREADS), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      int some = 1 + random.nextInt(permits);
      if (random.nextInt(3) == 0) {
        if (!semaphore.tryAcquire(some)) {
          return;
        }
      } else {
        violatedIf(
            !semaphore.tryAcquire(some, patience.time()),
            some + " permits were not to be had within " + patience + ": " + semaphore);
      }
      // Each entry is another than those before it, so that what is read twice alike was there at
      // one time.
      held.set(me, ProcessHandle.current().pid() << 32 | random.nextInt(1 << 24) << 8 | some);
      dwell(random);
      long[] now = held.toArray();
      if (sum(now) > permits && Arrays.equals(now, held.toArray())) {
        checkAgain(now);
      }
      held.set(me, 0);
      semaphore.release(some);
    }

    private static long sum(long[] entries) {
      return LongStream.of(entries).map(entry -> entry & 0xff).sum();
    }

    /** Those who died with permits are still noted, and may not look quite dead yet. */
    private void checkAgain(long[] seen) {
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(500);
      long[] alive = seen.clone();
      while (sum(alive) > permits) {
        violatedIf(
            System.nanoTime() > end,
            "of " + permits + " permits more are held: " + Arrays.toString(seen));
        for (int i = 0; i < MOST_THREADS; i++) {
          if (alive[i] != 0 && !Faults.isAlive(alive[i] >>> 32)) {
            held.compareAndSet(i, alive[i], 0);
            alive[i] = 0;
          }
        }
      }
    }

    @Override
    public void finish() {
      int left = semaphore.availablePermits();
      violatedIf(left != permits, "at the end there are " + left + " permits of " + permits);
    }
  }

  /**
   * Everybody takes something, waiting until there is some, and brings it back, which is signalled. If there is some and somebody
   * waits, another one must have a signal already. What the dead had is {@link #replace replaced}.
   *
   * @param waits threads that wait, with or without a signal
   * @param nobodyDies whether that is exact
   */
  record Exchange(
      ProcessLock lock,
      ProcessCondition condition,
      int things,
      SharedInt there,
      SharedInt waits,
      boolean nobodyDies,
      Patience patience)
      implements Check {
    static Exchange of(
        ProcessLock lock,
        ProcessCondition condition,
        int things,
        boolean nobodyDies,
        Patience patience) {
      return new Exchange(
          lock,
          condition,
          things,
          SharedInt.create(things),
          SharedInt.create(0),
          nobodyDies,
          patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      lock.lock();
      try {
        if (random.nextInt(4) == 0) {
          await(TimeUnit.MICROSECONDS.toNanos(random.nextInt(50)));
        }
        long left = patience.time().toNanos();
        while (there.getPlain() == 0) {
          left = await(left);
          violatedIf(left <= 0, "nothing was brought within " + patience);
        }
        there.setPlain(there.getPlain() - 1);
        violatedIf(there.getPlain() < 0, "more was taken than brought: " + there);
      } finally {
        lock.unlock();
      }
      dwell(random);
      lock.lock();
      try {
        there.setPlain(there.getPlain() + 1);
        if (random.nextInt(8) == 0) {
          condition.signal(1 + random.nextInt(2));
        } else {
          condition.signal();
        }
        int waiting = condition.waiting();
        violatedIf(
            nobodyDies && waiting > 0 && waits.getPlain() <= waiting,
            "there is " + there + " and " + waiting + " wait, none with a signal");
      } finally {
        lock.unlock();
      }
    }

    private long await(long nanos) throws InterruptedException {
      waits.setPlain(waits.getPlain() + 1);
      long left = condition.awaitNanos(nanos);
      waits.setPlain(waits.getPlain() - 1);
      return left;
    }

    /** Brings as much as some who have died may have had. */
    void replace(int most) {
      lock.lock();
      try {
        there.setPlain(Math.min(things, there.getPlain() + most));
        condition.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void finish() {
      lock.lock();
      int waiting = condition.waiting();
      lock.unlock();
      violatedIf(waiting != 0, waiting + " still wait at the end");
    }
  }

  /** Nobody begins a round before all have ended the one before; each has a number of its own. */
  record InStep(
      ProcessBarrier barrier,
      int parties,
      SharedLong arrived,
      SharedIntArray numbers,
      Patience patience)
      implements Check {
    static InStep of(ProcessBarrier barrier, int parties, Patience patience) {
      return new InStep(
          barrier, parties, SharedLong.create(0), SharedIntArray.create(parties), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      arrived.getAndAdd(1);
      int number;
      try {
        number = random.nextInt(2) == 0 ? barrier.await() : barrier.await(patience.time());
      } catch (TimeoutException | BrokenBarrierException e) {
        throw new AssertionError("round " + round + " has not ended within " + patience, e);
      }
      long all = arrived.get();
      long first = (round + 1L) * parties;
      violatedIf(
          all < first || all >= first + parties,
          all + " have come when " + round + " rounds are over");
      int times = numbers.getAndAdd(number, 1);
      violatedIf(
          times != round,
          "number " + number + " was given " + times + " times in " + round + " rounds");
    }
  }

  /**
   * One after the other has its turn and signals the next one, whose condition may be its own or that of all. No signal may be lost,
   * because none comes after it.
   */
  record Turns(
      ProcessLock lock,
      List<ProcessCondition> conditions,
      int parties,
      SharedLong turn,
      Patience patience)
      implements Check {
    static Turns of(
        ProcessLock lock, List<ProcessCondition> conditions, int parties, Patience patience) {
      return new Turns(lock, conditions, parties, SharedLong.create(0), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      long mine = (long) round * parties + me;
      ProcessCondition condition = conditions.get(me % conditions.size());
      ProcessCondition next = conditions.get((me + 1) % parties % conditions.size());
      dwell(random);
      lock.lock();
      try {
        violatedIf(
            !condition.awaitTrue(() -> turn.getPlain() == mine, patience.time()),
            "turn " + mine + " has not come within " + patience + ": " + turn);
        turn.setPlain(mine + 1);
        if (conditions.size() == 1) {
          next.signalAll();
        } else {
          next.signal();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** One sets an event, all go on; the other event, of the next round, is cleared before. Needs an {@link InStep} in between. */
  record StartingGun(ProcessEvent even, ProcessEvent odd, SharedInt fired, Patience patience)
      implements Check {
    static StartingGun of(ProcessEvent even, ProcessEvent odd, Patience patience) {
      return new StartingGun(even, odd, SharedInt.create(0), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      ProcessEvent now = round % 2 == 0 ? even : odd;
      if (me == 0) {
        (round % 2 == 0 ? odd : even).clear();
        dwell(random);
        fired.setPlain(round + 1);
        now.set();
      } else {
        violatedIf(!now.await(patience.time()), "nobody heard the event within " + patience);
        int seen = fired.getPlain();
        violatedIf(
            seen != round + 1,
            "the event was set in round " + round + ", and " + seen + " was written before");
      }
    }
  }

  /** Two threads hand a token to each other. Both events are set by one and cleared by the other. */
  record PingPong(ProcessEvent go, ProcessEvent back, Patience patience) implements Check {
    @Override
    public void run(int me, int round, Random random) throws Exception {
      if (me > 1) {
        return;
      }
      ProcessEvent mine = me == 0 ? go : back;
      ProcessEvent others = me == 0 ? back : go;
      if (me == 0) {
        others.set();
      }
      violatedIf(!mine.await(patience.time()), me + " heard nothing within " + patience);
      mine.clear();
      if (me == 1) {
        others.set();
      }
    }
  }

  /** All count down, and nobody goes on before all have. Each round has a latch. */
  record CountDown(
      List<ProcessCountDownLatch> latches, int parties, SharedIntArray counted, Patience patience)
      implements Check {
    static CountDown of(List<ProcessCountDownLatch> latches, int parties, Patience patience) {
      return new CountDown(latches, parties, SharedIntArray.create(latches.size()), patience);
    }

    @Override
    public void run(int me, int round, Random random) throws Exception {
      ProcessCountDownLatch latch = latches.get(round % latches.size());
      counted.getAndAdd(round, 1);
      latch.countDown();
      violatedIf(
          !latch.await(patience.time()), "not all have counted within " + patience + ": " + latch);
      int all = counted.get(round);
      violatedIf(
          all != parties, "the latch is open and " + all + " of " + parties + " have counted");
    }
  }

  /** A barrier that breaks again and again, because its parties give up and die; it lets go who waits, and can be reset. */
  record BrokenMeetings(ProcessBarrier barrier, int parties, Patience patience) implements Check {
    @Override
    public void run(int me, int round, Random random) throws Exception {
      long start = System.nanoTime();
      try {
        int number = barrier.await(Duration.ofMillis(random.nextInt(20)));
        violatedIf(number < 0 || number >= parties, "number " + number);
      } catch (TimeoutException | BrokenBarrierException e) {
        if (random.nextInt(parties) == 0) {
          barrier.reset();
        }
      }
      violatedIf(
          System.nanoTime() - start > TimeUnit.MILLISECONDS.toNanos(patience.millis),
          "a wait for some milliseconds has not ended within " + patience);
    }

    @Override
    public void finish() {
      violatedIf(barrier.waiting() != 0, barrier.waiting() + " still wait at the end");
    }
  }
}
