// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.sync.ProcessLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Processes that die with locks of a manager. */
abstract class ManagedLockKills extends KillContract {
  /** Whoever comes next, in whatever way, has the lock alone, is told who died, and has a larger number than the dead. */
  @Test
  void ownerKilled_nextOneGetsItWithANotice() throws Exception {
    List<ProcessLock> locks = new ArrayList<>();
    List<Long> tokens = new ArrayList<>();
    for (int way = 0; way < 4; way++) {
      for (ProcessLock lock : List.of(home().lock(), home().reentrantLock())) {
        boolean twice = locks.size() % 2 == 1;
        tokens.add(a().call(() -> {
          lock.lock();
          if (twice) {
            lock.lock();
          }
          return lock.fencingToken();
        }));
        locks.add(lock);
      }
    }
    kill();
    for (int i = 0; i < locks.size(); i++) {
      ProcessLock lock = locks.get(i);
      switch (i / 2) {
        case 0 -> lock.lock();
        case 1 -> Faults.awaitLong("the lock to be free").pollInSameThread().until(lock::tryLock);
        case 2 -> assertThat(lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        default -> lock.lockInterruptibly();
      }
      assertThat(lock.holdCount()).isEqualTo(1);
      assertThat(lock.fencingToken()).isGreaterThan(tokens.get(i));
      assertIsVictim(lock.deadOwner());
      assertThat(b().call(() -> lock.tryLock())).isFalse();
      lock.unlock();
      b().run(() -> {
        lock.lock();
        assertThat(lock.deadOwner()).isEmpty();
        lock.unlock();
      });
      lock.close();
    }
  }

  /** The notice lasts as long as the hold that follows the death, also if its owner acquires the lock again. */
  @Test
  void ownerKilled_noticeLastsAsLongAsTheHold() throws Exception {
    try (ProcessLock lock = home().reentrantLock()) {
      a().run(lock::lock);
      kill();
      lock.lock();
      lock.lock();
      assertIsVictim(lock.deadOwner());
      lock.unlock();
      assertIsVictim(lock.deadOwner());
      lock.unlock();
      lock.lock();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
    }
  }

  /** Those who wait and what they are told, in the order in which they get the lock. */
  private static final class Waiters implements AutoCloseable {
    private final ProcessLock lock;
    private final SharedInt count = SharedInt.create(0);
    private final SharedInt inside = SharedInt.create(0);
    private final SharedIntArray order = SharedIntArray.create(8); // negative: told of a death
    private final List<Begun<Boolean>> begun = new ArrayList<>();

    Waiters(ProcessLock lock) {
      this.lock = lock;
    }

    /** Starts the next one, and waits until it is in line. */
    void add(Party party) throws Exception {
      int number = begun.size() + 1;
      ProcessLock it = lock;
      SharedInt done = count;
      SharedInt alone = inside;
      SharedIntArray seen = order;
      begun.add(party
          .start(() -> {
            it.lock();
            assertThat(alone.incrementAndGet()).isEqualTo(1);
            seen.set(done.getAndAdd(1), it.deadOwner().isPresent() ? -number : number);
            alone.decrementAndGet();
            it.unlock();
          })
          .awaitWaiting());
      party.dispatch(() -> it.isLocked()); // through the same connection
    }

    List<Integer> seen() throws Exception {
      List<Integer> seen = new ArrayList<>();
      for (int i = 0; i < count.get(); i++) {
        seen.add(order.get(i));
      }
      return seen;
    }

    @Override
    public void close() {
      count.close();
      inside.close();
      order.close();
    }
  }

  /** Who waits gets the lock in the order of coming, and the first one of them is told. */
  @Test
  void ownerKilled_thoseWhoWaitGetIt() throws Exception {
    try (ProcessLock lock = home().lock();
        Waiters waiters = new Waiters(lock)) {
      a().run(lock::lock);
      for (Party party : List.of(b(), master(), b(), master())) {
        waiters.add(party);
      }
      waiters.begun.get(0).assertWaits();
      kill();
      for (Begun<Boolean> each : waiters.begun) {
        each.value();
      }
      assertThat(waiters.seen()).containsExactly(-1, 2, 3, 4);
    }
  }

  /** One that dies while it waits leaves the line; nobody is told of a death. */
  @Test
  void waiterKilled_othersGetTheLock() throws Exception {
    try (ProcessLock lock = home().lock();
        Waiters waiters = new Waiters(lock)) {
      lock.lock();
      for (Party party : List.of(b(), a(), a(), master())) {
        waiters.add(party);
      }
      a().start(() -> lock.tryLock(1, TimeUnit.DAYS)).assertWaits();
      kill();
      waiters.begun.get(0).assertWaits();
      lock.unlock();
      waiters.begun.get(0).value();
      waiters.begun.get(3).value();
      assertThat(waiters.seen()).containsExactly(1, 4);
      assertThat(lock.isLocked()).isFalse();
    }
  }

  /** What a dead process holds does not go to one of its own threads that waited for it. */
  @Test
  void ownerAndWaiterKilled_nextProcessGetsIt() throws Exception {
    try (ProcessLock lock = home().lock();
        Waiters waiters = new Waiters(lock)) {
      a().run(lock::lock);
      for (Party party : List.of(a(), a(), b())) {
        waiters.add(party);
      }
      kill();
      waiters.begun.get(2).value();
      assertThat(waiters.seen()).containsExactly(-3);
    }
  }

  /** Who dies after it has inherited a lock leaves it to the next one, which is told of the last death. */
  @Test
  void heirKilled_nextOneGetsItWithANotice() throws Exception {
    try (ProcessLock lock = home().lock()) {
      a().run(lock::lock);
      kill();
      findVictim();
      a().run(lock::lock);
      Begun<Boolean> waiting = b().begin(() -> {
        lock.lock();
        boolean told = lock.deadOwner().isPresent();
        lock.unlock();
        return told;
      });
      waiting.assertWaits();
      kill();
      assertThat(waiting.value()).isTrue();
      lock.lock();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
    }
  }

  /** A process that is only stopped keeps its lock, and gets one that it waits for when it is its turn. */
  @Test
  void processSuspended_keepsWhatItHas() throws Exception {
    try (ProcessLock held = home().lock();
        ProcessLock wanted = home().lock();
        Waiters waiters = new Waiters(wanted)) {
      a().run(held::lock);
      wanted.lock();
      waiters.add(a());
      waiters.add(b());
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        wanted.unlock();
        assertThat(notEarly(() -> held.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        assertThat(wanted.tryLock()).isFalse();
        waiters.begun.get(1).assertWaits();
      } finally {
        Faults.signal("CONT", victim());
      }
      for (Begun<Boolean> each : waiters.begun) {
        each.value();
      }
      assertThat(waiters.seen()).containsExactly(1, 2);
      a().run(held::unlock);
    }
  }
}
