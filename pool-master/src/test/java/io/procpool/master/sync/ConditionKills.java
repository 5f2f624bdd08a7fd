// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.sync.ConditionContract.awaitWaiting;
import static io.procpool.master.sync.ConditionContract.locked;
import static io.procpool.master.sync.ConditionContract.lockedRun;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes that die while they wait for a signal, have one, or give one. */
abstract class ConditionKills extends KillContract {
  private List<Begun<Boolean>> startWaiting(
      ProcessLock lock, ProcessCondition condition, Party... parties) throws Exception {
    List<Begun<Boolean>> waiting = new ArrayList<>();
    int before = locked(lock, condition::waiting);
    for (Party party : parties) {
      waiting.add(party.start(() -> lockedRun(lock, condition::await)));
      awaitWaiting(lock, condition, before + waiting.size());
    }
    return waiting;
  }

  private static void assertAllWait(List<Begun<Boolean>> waiting) throws Exception {
    for (Begun<Boolean> each : waiting) {
      each.assertWaits();
    }
  }

  /** The dead are not counted, and no signal is for them. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void waiterKilled_signalIsForTheNext(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      startWaiting(lock, condition, a(), a());
      List<Begun<Boolean>> others = startWaiting(lock, condition, b(), master(), b());
      assertThat(locked(lock, condition::waiting)).isEqualTo(5);
      kill();
      assertThat(locked(lock, condition::waiting)).isEqualTo(3);
      assertThat(locked(lock, () -> condition.signal(2))).isEqualTo(2);
      others.get(0).value();
      others.get(1).value();
      others.get(2).assertWaits();
      assertThat(locked(lock, () -> condition.signal(5))).isEqualTo(1);
      others.get(2).value();
      lockedRun(lock, () -> assertThat(lock.deadOwner()).isEmpty());
    }
  }

  /** A signal that its receiver could not use, because it died before it had the lock again, is the next one's. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void waiterKilledWithASignal_signalIsForTheNext(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      List<Begun<Boolean>> dying = startWaiting(lock, condition, a(), a());
      List<Begun<Boolean>> others = startWaiting(lock, condition, b(), master(), b());
      lock.lock();
      assertThat(condition.signal(2)).isEqualTo(2);
      assertAllWait(dying); // for the lock
      kill();
      assertAllWait(others);
      lock.unlock();
      others.get(0).value();
      others.get(1).value();
      others.get(2).assertWaits();
      lockedRun(lock, condition::signal);
      others.get(2).value();
    }
  }

  /** As above, if there is nobody to give the signal to at first. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void waiterKilledWithASignal_othersAreNotHarmed(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      List<Begun<Boolean>> dying = startWaiting(lock, condition, a());
      lock.lock();
      condition.signal();
      dying.get(0).assertWaits();
      kill();
      assertThat(condition.waiting()).isZero();
      assertThat(condition.signal(3)).isZero();
      lock.unlock();
      Begun<Boolean> later = b().start(() -> lockedRun(lock, condition::await));
      // The signal may or may not be the later one's: it came before that one waited.
      lockedRun(lock, condition::signal);
      while (!later.isDone()) {
        lockedRun(lock, condition::signal);
      }
      later.value();
      assertThat(locked(lock, condition::waiting)).isZero();
    }
  }

  /** Who dies between being counted and releasing the lock leaves the lock with a notice, and is not counted. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void waiterKilledWhileItBegins_lockIsInherited(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      List<Begun<Boolean>> others = startWaiting(lock, condition, b());
      stopAt("condition.registered", () -> lockedRun(lock, condition::await));
      Begun<Boolean> waiting = b().start(() -> lockedRun(lock, () -> {}));
      waiting.assertWaits();
      kill();
      waiting.value();
      assertThat(locked(lock, condition::waiting)).isEqualTo(1);
      assertThat(locked(lock, () -> condition.signal(2))).isEqualTo(1);
      others.get(0).value();
    }
  }

  /** Who dies between releasing the lock and waking those who wait for that leaves it free. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void waiterKilledAfterItHasReleasedTheLock_othersGoOn(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      Actor actor = a().actor();
      actor.run(lock::lock);
      Begun<Boolean> waiting =
          b().start(() -> lockedRun(lock, () -> assertThat(lock.deadOwner()).isEmpty()));
      waiting.assertWaits();
      stopAt(kind == LockKind.WRITE ? "write.released" : "lock.released", actor, condition::await);
      kill();
      waiting.value();
      assertThat(locked(lock, condition::waiting)).isZero();
    }
  }

  /**
   * Who dies when it has changed the state of one it signals, and has woken nobody, leaves the lock with a notice: that one goes on, with
   * its signal, and no others do.
   */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void signallerKilled_whoWasSignalledGoesOn(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(b(), master())) {
        waiting.add(party.begin(() -> locked(lock, () -> {
          condition.await();
          return lock.deadOwner().isPresent();
        })));
        awaitWaiting(lock, condition, waiting.size());
      }
      stopAt("condition.signalled", () -> lockedRun(lock, condition::signal));
      assertAllWait(waiting); // the first for the lock
      kill();
      assertThat(waiting.get(0).value()).isTrue();
      waiting.get(1).assertWaits();
      assertThat(locked(lock, () -> condition.signal(5))).isEqualTo(1);
      assertThat(waiting.get(1).value()).isFalse();
    }
  }

  /** Of a signal for all, cut short, nothing hangs: who was not signalled yet still can be. */
  @ParameterizedTest
  @EnumSource(names = {"REENTRANT", "WRITE"})
  void signallerOfAllKilled_nobodyIsForgotten(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make();
        ProcessCondition condition = lock.newCondition()) {
      List<Begun<Boolean>> waiting = startWaiting(lock, condition, b(), master(), b());
      stopAt("condition.signalled", () -> lockedRun(lock, condition::signalAll));
      kill();
      waiting.get(0).value();
      lockedRun(lock, condition::signalAll);
      for (Begun<Boolean> each : waiting.subList(1, 3)) {
        each.value();
      }
      assertThat(locked(lock, condition::waiting)).isZero();
    }
  }
}
