// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that die with locks. */
abstract class LockKills extends KillContract {
  /** Whoever comes next, in whatever way, has the lock alone, is told who died, and has a larger number than the dead. */
  @Test
  void ownerKilled_nextOneGetsItWithANotice() throws Exception {
    List<ProcessLock> locks = new ArrayList<>();
    List<Long> tokens = new ArrayList<>();
    for (LockKind kind : LockKind.values()) {
      for (int way = 0; way < 4; way++) {
        ProcessLock lock = kind.make();
        tokens.add(a().call(() -> {
          lock.lock();
          if (kind.isReentrant()) {
            lock.lock();
            lock.lock();
          }
          return lock.fencingToken();
        }));
        assertThat(lock.tryLock()).isFalse();
        locks.add(lock);
      }
    }
    kill();
    for (int i = 0; i < locks.size(); i++) {
      ProcessLock lock = locks.get(i);
      assertThat(lock.isLocked()).isFalse();
      switch (i % 4) {
        case 0 -> lock.lock();
        case 1 -> assertThat(lock.tryLock()).isTrue();
        case 2 -> assertThat(lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        default -> lock.lockInterruptibly();
      }
      assertInherited(lock, tokens.get(i));
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

  private void assertInherited(ProcessLock lock, long tokenOfTheDead) {
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.holdCount()).isEqualTo(1);
    assertThat(lock.fencingToken()).isGreaterThan(tokenOfTheDead);
    assertIsVictim(lock.deadOwner());
    assertIsVictim(lock.deadOwner());
  }

  /** The notice is for the hold that follows the death, also if its owner acquires the lock again; it goes with its release. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
  void ownerKilled_noticeLastsAsLongAsTheHold(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make()) {
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

  /** Those who wait get the lock, one after the other, and the first one of them is told. */
  @ParameterizedTest
  @EnumSource
  void ownerKilled_thoseWhoWaitGetIt(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        SharedInt inside = SharedInt.create(0);
        SharedInt told = SharedInt.create(0)) {
      long token = a().call(() -> {
        lock.lock();
        return lock.fencingToken();
      });
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(b(), master(), b(), master())) {
        waiting.add(party.start(() -> {
          lock.lock();
          assertThat(inside.incrementAndGet()).isEqualTo(1);
          assertThat(lock.fencingToken()).isGreaterThan(token);
          lock.deadOwner().ifPresent(dead -> told.incrementAndGet());
          inside.decrementAndGet();
          lock.unlock();
        }));
      }
      for (Begun<Boolean> each : waiting) {
        each.awaitWaiting();
      }
      waiting.get(0).assertWaits();
      kill();
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
      assertThat(told.get()).isEqualTo(1);
      assertThat(lock.isLocked()).isFalse();
    }
  }

  /** As long as the owner lives, even if it does nothing, nobody gets the lock; when it is dead, one does. */
  @ParameterizedTest
  @ValueSource(strings = {"lock.acquired", "lock.releasing"})
  void ownerKilledInside_nextOneGetsItWithANotice(String step) throws Exception {
    for (LockKind kind : List.of(LockKind.PLAIN, LockKind.OF_SHARED_VALUE)) {
      try (ProcessLock lock = kind.make()) {
        lock.lock();
        long before = lock.fencingToken();
        lock.unlock();
        stopAt(step, () -> {
          lock.lock();
          lock.unlock();
        });
        assertThat(lock.isLocked()).isTrue();
        assertThat(notEarly(() -> lock.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        Begun<Long> waiting = b().begin(() -> {
          lock.lock();
          try {
            return lock.deadOwner().orElseThrow().pid().orElseThrow();
          } finally {
            lock.unlock();
          }
        });
        waiting.assertWaits();
        kill();
        assertThat(waiting.value()).isEqualTo(victim());
        lock.lock();
        assertThat(lock.fencingToken()).isGreaterThan(before + 1);
        assertThat(lock.deadOwner()).isEmpty();
        lock.unlock();
      }
      findVictim();
    }
  }

  /** Who has released a lock and dies before waking anybody has left it in order; nobody sleeps on. */
  @ParameterizedTest
  @EnumSource
  void ownerKilledAfterRelease_thoseWhoWaitGetIt(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make()) {
      Actor owner = a().actor();
      owner.run(lock::lock);
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(b(), master())) {
        waiting.add(party.begin(() -> {
          lock.lock();
          try {
            return lock.deadOwner().isPresent();
          } finally {
            lock.unlock();
          }
        }));
      }
      for (Begun<Boolean> each : waiting) {
        each.assertWaits();
      }
      stopAt(kind == LockKind.WRITE ? "write.released" : "lock.released", owner, lock::unlock);
      kill();
      for (Begun<Boolean> each : waiting) {
        assertThat(each.value()).isFalse();
      }
      assertThat(lock.tryLock()).isTrue();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
    }
  }

  /** One that dies while it waits takes nothing with it. */
  @ParameterizedTest
  @EnumSource
  void waiterKilled_othersGetTheLock(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessLock other = kind.make()) {
      lock.lock();
      other.lock();
      if (kind == LockKind.WRITE) {
        a().start(lock::lock).assertWaits();
      } else {
        stopAt("lock.waiting", lock::lock);
      }
      a().start(other::lock).assertWaits();
      Begun<Boolean> waiting = b().start(() -> {
        lock.lock();
        lock.unlock();
      });
      waiting.assertWaits();
      other.unlock(); // the victim gets this one
      Faults.awaitLong("the victim to have the other lock").until(other::isLocked);
      kill();
      waiting.assertWaits();
      lock.unlock();
      waiting.value();
      assertThat(lock.tryLock()).isTrue();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
      other.lock();
      assertIsVictim(other.deadOwner());
      other.unlock();
    }
  }

  /** One that is woken and cannot move takes the wake-up from nobody. */
  @ParameterizedTest
  @EnumSource
  void waiterSuspended_othersGetTheLock(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make()) {
      lock.lock();
      Begun<Boolean> suspended = a().start(() -> {
        lock.lock();
        lock.unlock();
      });
      suspended.assertWaits();
      Begun<Boolean> waiting = b().start(() -> {
        lock.lock();
        lock.unlock();
      });
      waiting.assertWaits();
      suspend();
      lock.unlock();
      waiting.value();
      resume();
      suspended.value();
    }
  }

  private void suspend() throws Exception {
    Faults.signal("STOP", victim());
    Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
  }

  private void resume() throws Exception {
    Faults.signal("CONT", victim());
  }

  /** A process that is only stopped keeps its locks, and finds them as it left them. */
  @ParameterizedTest
  @EnumSource
  void ownerSuspended_keepsTheLock(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make()) {
      Actor owner = a().actor();
      long token = owner.call(() -> {
        lock.lock();
        return lock.fencingToken();
      });
      suspend();
      try {
        assertThat(lock.isLocked()).isTrue();
        assertThat(lock.tryLock()).isFalse();
        assertThat(notEarly(() -> lock.tryLock(2 * BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        Begun<Boolean> waiting = b().start(() -> {
          lock.lock();
          assertThat(lock.deadOwner()).isEmpty();
          lock.unlock();
        });
        waiting.assertWaits();
        resume();
        owner.run(() -> {
          assertThat(lock.fencingToken()).isEqualTo(token);
          lock.unlock();
        });
        waiting.value();
      } finally {
        resume();
      }
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    }
  }

  /** The process that comes in the place of a dead one is another one: what that held is not its own. */
  @Test
  void ownerKilled_itsSuccessorIsAnother() throws Exception {
    try (ProcessLock lock = ProcessLock.reentrant();
        ProcessLock other = ProcessLock.reentrant()) {
      for (int round = 0; round < 2; round++) {
        a().run(() -> {
          lock.lock();
          other.lock();
        });
        kill();
        assertThat(a().pid()).isNotEqualTo(victim());
        a().run(() -> {
          assertThat(lock.isLocked()).isFalse();
          assertThat(lock.isHeldByCurrentThread()).isFalse();
          assertThat(lock.holdCount()).isZero();
          assertThat(lock.tryLock()).isTrue();
        });
        assertThat(other.tryLock()).isTrue();
        assertIsVictim(other.deadOwner());
        other.unlock();
        long dead = victim();
        a().run(() -> {
          assertThat(lock.deadOwner().orElseThrow().pid()).hasValue(dead);
          lock.unlock();
        });
        findVictim();
      }
    }
  }

  /** Who dies after it has inherited a lock leaves it to the next one, which is told of the last death. */
  @Test
  void heirKilled_nextOneGetsItWithANotice() throws Exception {
    try (ProcessLock lock = ProcessLock.create()) {
      long token = a().call(() -> {
        lock.lock();
        return lock.fencingToken();
      });
      kill();
      findVictim();
      stopAt("lock.acquired", lock::lock);
      Begun<Boolean> waiting = b().start(() -> {
        lock.lock();
        assertThat(lock.deadOwner()).isPresent();
        assertThat(lock.fencingToken()).isGreaterThan(token);
        lock.unlock();
      });
      waiting.assertWaits();
      kill();
      waiting.value();
      lock.lock();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
    }
  }

  /** Who dies while it makes things leaves others able to, and what there is unharmed. */
  @Test
  void makerKilledInTheAllocator_othersCanMakeThings() throws Exception {
    try (ProcessLock before = ProcessLock.create();
        SharedInt value = SharedInt.create(7)) {
      before.lock();
      Path stopped = arm("arena.allocating");
      a().start(ProcessLock::create);
      awaitStopped("arena.allocating", stopped);
      Begun<Boolean> waiting = b().start(() -> ProcessLock.create().close());
      kill();
      waiting.value();
      List<ProcessLock> made = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        ProcessLock lock = i % 2 == 0 ? ProcessLock.create() : b().call(() -> ProcessLock.create());
        assertThat(lock.tryLock()).isTrue();
        assertThat(lock.deadOwner()).isEmpty();
        made.add(lock);
      }
      for (ProcessLock lock : made) {
        assertThat(b().call(() -> lock.tryLock())).isFalse();
        lock.unlock();
        lock.close();
      }
      assertThat(before.holdCount()).isEqualTo(1);
      before.unlock();
      assertThat(value.get()).isEqualTo(7);
    }
  }
}
