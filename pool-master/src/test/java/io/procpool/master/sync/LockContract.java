// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.LongForm;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedLong;
import io.procpool.sync.ProcessLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of {@link ProcessLock}. */
abstract class LockContract extends SyncContract {
  private static final int ROUNDS = 2000;

  /** One thread at a time holds it, and sees what all before have done, by plain access. */
  @ParameterizedTest
  @EnumSource
  void lock_byThreadsOfAllParties_excludes(LockKind kind) throws Exception {
    int rounds = LongForm.choose(ROUNDS, ROUNDS / 4);
    try (ProcessLock lock = kind.make(home());
        SharedLong count = SharedLong.create(0);
        SharedInt inside = SharedInt.create(0)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        for (int thread = 0; thread < 2; thread++) {
          running.add(party.start(() -> {
            for (int i = 0; i < rounds; i++) {
              lock.lock();
              try {
                assertThat(inside.incrementAndGet()).isEqualTo(1);
                count.setPlain(count.getPlain() + 1);
                inside.decrementAndGet();
              } finally {
                lock.unlock();
              }
            }
          }));
        }
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(count.get()).isEqualTo((long) rounds * running.size());
      assertThat(lock.isLocked()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void tryLock_free_getsIt_heldElsewhere_doesNot(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      assertThat(lock.tryLock()).isTrue();
      assertThat(a().call(() -> lock.tryLock())).isFalse();
      assertThat(master().call(() -> lock.tryLock())).isFalse();
      assertThat(a().call(() -> lock.tryLock(0, TimeUnit.SECONDS))).isFalse();
      assertThat(a().call(() -> lock.tryLock(-5, TimeUnit.DAYS))).isFalse();
      assertThat(a().call(() -> lock.tryLock(Long.MIN_VALUE, TimeUnit.DAYS))).isFalse();
      lock.unlock();
      assertThat(a().call(() -> lock.tryLock())).isTrue();
      assertThat(lock.tryLock()).isFalse();
      a().run(lock::unlock);
      assertThat(lock.tryLock(-1, TimeUnit.SECONDS)).isTrue();
      lock.unlock();
      assertThat(b().call(() -> lock.tryLock(Long.MAX_VALUE, TimeUnit.DAYS))).isTrue();
      b().run(lock::unlock);
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OF_SHARED_VALUE")
  void tryLock_heldElsewhere_waitsItsTime(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      a().run(lock::lock);
      assertThat(notEarly(() -> lock.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      assertThat(
              b().call(() -> notEarly(() -> lock.tryLock(BRIEF.toMillis(), TimeUnit.MILLISECONDS))))
          .isFalse();
      Begun<Boolean> waiting = b().begin(() -> {
        boolean got = lock.tryLock(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        lock.unlock();
        return got;
      });
      waiting.assertWaits();
      a().run(lock::unlock);
      assertThat(waiting.value()).isTrue();
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  /** Whatever way it waits in, it goes on when the lock is free, and has it. */
  @ParameterizedTest
  @EnumSource
  void unlock_somebodyWaits_letsOneAfterTheOtherHaveIt(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        SharedInt got = SharedInt.create(0)) {
      lock.lock();
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : parties().all()) {
        waiting.add(party.start(() -> {
          lock.lock();
          got.incrementAndGet();
          lock.unlock();
        }));
        waiting.add(party.start(() -> {
          lock.lockInterruptibly();
          got.incrementAndGet();
          lock.unlock();
        }));
        waiting.add(party.start(() -> {
          assertThat(lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
          got.incrementAndGet();
          lock.unlock();
        }));
      }
      for (Begun<Boolean> each : waiting) {
        each.awaitWaiting();
      }
      waiting.get(0).assertWaits();
      assertThat(got.get()).isZero();
      lock.unlock();
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
      assertThat(got.get()).isEqualTo(waiting.size());
    }
  }

  /** Who is interrupted before it waits does not get the lock, even if it is free. */
  @ParameterizedTest
  @EnumSource
  void lockInterruptibly_interruptedBefore_throwsAndHoldsNothing(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertInterrupted(lock::lockInterruptibly);
          assertInterrupted(() -> lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS));
          assertThat(lock.isHeldByCurrentThread()).isFalse();
        });
        assertThat(lock.isLocked()).isFalse();
      }
      lock.lock();
      a().run(() -> {
        assertInterrupted(lock::lockInterruptibly);
        assertInterrupted(() -> lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS));
      });
      lock.unlock();
      assertThat(b().call(() -> lock.tryLock())).isTrue();
      b().run(lock::unlock);
    }
  }

  /** Who is interrupted while it waits holds nothing, and takes nothing with it that was meant for others. */
  @ParameterizedTest
  @EnumSource
  void lockInterruptibly_interruptedWhileWaiting_throwsAndHoldsNothing(LockKind kind)
      throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      lock.lock();
      for (Party party : parties().all()) {
        Actor first = party.actor();
        Actor second = party.actor();
        Begun<Boolean> interruptibly = first.start(lock::lockInterruptibly).awaitWaiting();
        Begun<Boolean> forAWhile =
            second.begin(() -> lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).awaitWaiting();
        first.interrupt();
        second.interrupt();
        assertThat(interruptibly.failure()).isInstanceOf(InterruptedException.class);
        assertThat(forAWhile.failure()).isInstanceOf(InterruptedException.class);
        assertThat(first.call(lock::isHeldByCurrentThread)).isFalse();
        assertThat(first.call(() -> Thread.currentThread().isInterrupted())).isFalse();
      }
      assertThat(lock.isHeldByCurrentThread()).isTrue();
      Begun<Boolean> next = b().start(() -> {
        lock.lock();
        lock.unlock();
      });
      next.awaitWaiting();
      lock.unlock();
      next.value();
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  /** An interrupt does not end the wait of {@code lock()} and is not forgotten. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OF_SHARED_VALUE")
  void lock_interrupted_getsItAndStaysInterrupted(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      a().run(() -> {
        Thread.currentThread().interrupt();
        lock.lock();
        assertThat(Thread.interrupted()).isTrue();
        lock.unlock();
        Thread.currentThread().interrupt();
        assertThat(lock.tryLock()).isTrue();
        assertThat(Thread.interrupted()).isTrue();
        lock.unlock();
      });
      lock.lock();
      for (Party party : List.of(a(), b(), master())) {
        Actor actor = party.actor();
        Begun<Boolean> waiting = actor.begin(() -> {
          lock.lock();
          lock.unlock();
          return Thread.interrupted();
        });
        waiting.awaitWaiting();
        actor.interrupt();
        waiting.assertWaits();
        actor.interrupt();
        lock.unlock();
        assertThat(waiting.value()).isTrue();
        lock.lock();
      }
      lock.unlock();
    }
  }

  @ParameterizedTest
  @EnumSource
  void unlock_notHeldByThisThread_isRefusedAndChangesNothing(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      for (Party party : parties().all()) {
        party.run(() -> assertNotHolding(lock));
      }
      a().run(lock::lock);
      for (Party party : List.of(b(), master())) {
        party.run(() -> assertNotHolding(lock));
      }
      a().actor().run(() -> assertNotHolding(lock)); // another thread of the owner's process
      assertThat(a().call(lock::isHeldByCurrentThread)).isTrue();
      assertThat(b().call(() -> lock.tryLock())).isFalse();
      a().run(lock::unlock);
      a().run(() -> assertNotHolding(lock));
      assertThat(lock.isLocked()).isFalse();
    }
  }

  private static void assertNotHolding(ProcessLock lock) {
    assertThatThrownBy(lock::unlock).isInstanceOf(IllegalMonitorStateException.class);
    assertThatThrownBy(lock::fencingToken).isInstanceOf(IllegalMonitorStateException.class);
    assertThatThrownBy(lock::deadOwner).isInstanceOf(IllegalMonitorStateException.class);
    assertThat(lock.isHeldByCurrentThread()).isFalse();
    assertThat(lock.holdCount()).isZero();
  }

  /** Who holds it is told so, and nobody else is; everybody is told that it is held. */
  @ParameterizedTest
  @EnumSource
  void isLocked_andHoldCount_tellWhatIs(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      for (Party owner : parties().all()) {
        owner.run(lock::lock);
        for (Party party : parties().all()) {
          assertThat(party.call(lock::isLocked)).isTrue();
          assertThat(party.call(lock::isHeldByCurrentThread)).isEqualTo(party == owner);
          assertThat(party.call(lock::holdCount)).isEqualTo(party == owner ? 1 : 0);
        }
        owner.run(lock::unlock);
        for (Party party : parties().all()) {
          assertThat(party.call(lock::isLocked)).isFalse();
          assertThat(party.call(lock::holdCount)).isZero();
        }
      }
    }
  }

  /** A re-entrant lock is free when its owner has released it as often as it has acquired it, in whatever ways. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
  void lock_againByItsOwner_countsHolds(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      a().run(() -> {
        lock.lock();
        lock.lockInterruptibly();
        assertThat(lock.tryLock()).isTrue();
        assertThat(lock.tryLock(0, TimeUnit.SECONDS)).isTrue();
        assertThat(lock.tryLock(1, TimeUnit.SECONDS)).isTrue();
        assertThat(lock.holdCount()).isEqualTo(5);
      });
      assertThat(a().actor().call(() -> lock.tryLock())).isFalse();
      for (int holds = 5; holds > 0; holds--) {
        int expected = holds;
        assertThat(lock.tryLock()).isFalse();
        a().run(() -> {
          assertThat(lock.holdCount()).isEqualTo(expected);
          assertThat(lock.isHeldByCurrentThread()).isTrue();
          lock.unlock();
        });
      }
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
      a().run(() -> assertNotHolding(lock));
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
  void lock_manyTimesByItsOwner_isReleasedAsOften(LockKind kind) throws Exception {
    int many = home().isSharedMemory() ? 100_000 : 1000; // a server is asked each time
    try (ProcessLock lock = kind.make(home())) {
      a().run(() -> {
        for (int i = 0; i < many; i++) {
          lock.lock();
        }
        assertThat(lock.holdCount()).isEqualTo(many);
        for (int i = 1; i < many; i++) {
          lock.unlock();
        }
      });
      assertThat(lock.tryLock()).isFalse();
      a().run(lock::unlock);
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  /** The owner of a plain lock waits for itself, until its timeout or an interrupt; it holds the lock as before then. */
  @Test
  void lock_plainAgainByItsOwner_waits() throws Exception {
    try (ProcessLock lock = home().lock()) {
      Actor owner = a().actor();
      owner.run(() -> {
        lock.lock();
        assertThat(lock.tryLock()).isFalse();
        assertThat(lock.tryLock(0, TimeUnit.SECONDS)).isFalse();
        assertThat(notEarly(() -> lock.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        assertThat(lock.holdCount()).isEqualTo(1);
      });
      Begun<Boolean> again = owner.start(lock::lockInterruptibly);
      again.assertWaits();
      owner.interrupt();
      assertThat(again.failure()).isInstanceOf(InterruptedException.class);
      assertThat(owner.call(lock::holdCount)).isEqualTo(1);
      assertThat(lock.tryLock()).isFalse();
      owner.run(lock::unlock);
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  /** Each hold has a larger number than all before it, whoever has it; it stays the same while the hold lasts. */
  @ParameterizedTest
  @EnumSource
  void fencingToken_fromHoldToHold_grows(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      long last = Long.MIN_VALUE;
      for (int round = 0; round < 5; round++) {
        for (Party party : parties().all()) {
          List<Long> seen = party.call(() -> {
            List<Long> tokens = new ArrayList<>();
            lock.lock();
            tokens.add(lock.fencingToken());
            assertThat(lock.deadOwner()).isEmpty();
            tokens.add(lock.fencingToken());
            lock.unlock();
            assertThat(lock.tryLock()).isTrue();
            tokens.add(lock.fencingToken());
            lock.unlock();
            return tokens;
          });
          assertThat(seen.get(0)).isGreaterThan(last).isEqualTo(seen.get(1));
          assertThat(seen.get(2)).isGreaterThan(seen.get(0));
          last = seen.get(2);
        }
      }
    }
  }

  /** What is fenced never sees a smaller number after a larger one, however the holds follow each other. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OF_SHARED_VALUE")
  void fencingToken_underContention_neverFalls(LockKind kind) throws Exception {
    int rounds = LongForm.choose(ROUNDS, ROUNDS / 4);
    try (ProcessLock lock = kind.make(home());
        SharedLong largest = SharedLong.create(Long.MIN_VALUE)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        running.add(party.start(() -> {
          for (int i = 0; i < rounds; i++) {
            lock.lock();
            assertThat(lock.fencingToken()).isGreaterThan(largest.getPlain());
            largest.setPlain(lock.fencingToken());
            lock.unlock();
          }
        }));
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
    }
  }

  /** A thread that has ended keeps the lock as long as its process lives. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "OF_SHARED_VALUE")
  void lock_ownerThreadEnds_staysHeld(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home())) {
      for (Party party : List.of(a(), master())) {
        try (ProcessLock lost = kind.make(home())) {
          Actor owner = party.actor();
          owner.run(lost::lock);
          owner.end();
          assertThat(lost.isLocked()).isTrue();
          assertThat(b().call(() -> lost.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
              .isFalse();
          assertThat(party.call(() -> lost.tryLock())).isFalse();
          assertThat(party.actor().call(() -> lost.tryLock())).isFalse();
        }
      }
      assertThat(lock.tryLock()).isTrue(); // what is beside it is free
      lock.unlock();
    }
  }

  /** Locks have nothing to do with each other, however many there are; the place of closed ones is used again. */
  @Test
  void create_many_areIndependent() throws Exception {
    int many = 300;
    for (int round = 0; round < 2; round++) {
      List<ProcessLock> locks = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        locks.add(i % 2 == 0 ? home().lock() : home().reentrantLock());
      }
      List<ProcessLock> some = new ArrayList<>(locks.subList(0, many / 2));
      a().run(() -> some.forEach(ProcessLock::lock));
      for (int i = 0; i < many; i++) {
        assertThat(locks.get(i).tryLock()).isEqualTo(i >= many / 2);
      }
      a().run(() -> {
        some.forEach(ProcessLock::unlock);
        some.forEach(ProcessLock::close);
      });
      for (int i = 0; i < many; i++) {
        if (i >= many / 2) {
          locks.get(i).unlock();
        }
        locks.get(i).close();
      }
    }
  }

  /** The lock of a shared value is the same one for every handle of it. */
  @Test
  void lock_ofSharedValue_goesWithTheValue() throws Exception {
    assumeTrue(home().isSharedMemory());
    try (SharedLong value = SharedLong.create(0);
        SharedLong other = SharedLong.create(0)) {
      value.lock().lock();
      assertThat(a().call(() -> value.lock().tryLock())).isFalse();
      assertThat(a().call(() -> other.lock().tryLock())).isTrue();
      a().run(() -> other.lock().unlock());
      assertThat(value.lock()).isEqualTo(value.lock()).isNotEqualTo(other.lock());
      assertThat(a().call(value::lock)).isEqualTo(value.lock());
      value.lock().lock();
      assertThat(value.lock().holdCount()).isEqualTo(2);
      value.incrementAndGet(); // no method takes it
      assertThat(a().call(value::incrementAndGet)).isEqualTo(2);
      value.lock().unlock();
      value.lock().unlock();
      assertThat(a().call(() -> value.lock().tryLock())).isTrue();
      a().run(() -> value.lock().unlock());
    }
  }

  @Test
  void create_nameTooLong_isRefused() {
    assumeTrue(home().isSharedMemory());
    String longest = "x".repeat(100);
    ProcessLock.create(longest).close();
    ProcessLock.reentrant(longest).close();
    ProcessLock.create("").close();
    assertRefused(() -> ProcessLock.create(longest + "y"), "name: 101 characters");
    assertRefused(() -> ProcessLock.reentrant(longest + "y"), "name: 101 characters");
  }
}
