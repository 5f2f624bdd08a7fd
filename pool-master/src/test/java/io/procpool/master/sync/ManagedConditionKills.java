// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.sync.ConditionContract.awaitWaiting;
import static io.procpool.master.sync.ConditionContract.locked;
import static io.procpool.master.sync.ConditionContract.lockedRun;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import org.junit.jupiter.api.Test;

/** Processes that die at conditions of a manager. */
abstract class ManagedConditionKills extends KillContract {
  /** A signal is not wasted on one that has died, and its lock is nobody's. */
  @Test
  void waiterKilled_signalIsForTheNext() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      a().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 1);
      Begun<Boolean> next = b().begin(() -> locked(lock, () -> {
        condition.await();
        return lock.deadOwner().isPresent();
      }));
      awaitWaiting(lock, condition, 2);
      kill();
      awaitWaiting(lock, condition, 1);
      next.assertWaits();
      assertThat(locked(lock, () -> condition.signal(2))).isEqualTo(1);
      assertThat(next.value()).isFalse();
    }
  }

  /** One that dies with a signal, while who has signalled still holds the lock, leaves that to the next. */
  @Test
  void signalledWaiterKilled_signalGoesToTheNext() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      a().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 1);
      Begun<Boolean> next = b().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 2);
      Begun<Boolean> last = b().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 3);
      lock.lock();
      assertThat(condition.signal(1)).isEqualTo(1);
      kill();
      Faults.awaitLong("the signal to go on")
          .pollInSameThread()
          .until(() -> condition.waiting() == 1);
      lock.unlock();
      next.value();
      last.assertWaits();
      lockedRun(lock, condition::signal);
      last.value();
    }
  }

  /** The same if the server has given it the lock already, but it dies before it knew. The next owner is told of the death, too. */
  @Test
  void signalledWaiterKilledWithTheLock_signalGoesToTheNext() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      a().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 1);
      Begun<Boolean> next = b().begin(() -> locked(lock, () -> {
        condition.await();
        return lock.deadOwner().isPresent();
      }));
      awaitWaiting(lock, condition, 2);
      Faults.signal("STOP", victim());
      Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
      lockedRun(lock, condition::signal);
      assertThat(lock.isLocked()).isTrue();
      next.assertWaits();
      kill();
      assertThat(next.value()).isTrue();
      lock.lock();
      assertThat(condition.waiting()).isZero();
      lock.unlock();
    }
  }

  /** Who has got a signal and the lock, and has done something with it, has used up the signal. */
  @Test
  void ownerKilledSomeTimeAfterItsSignal_signalIsUsedUp() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      Begun<Boolean> signalled = a().start(() -> {
        lock.lock();
        condition.await();
        assertThat(lock.isHeldByCurrentThread()).isTrue();
      });
      awaitWaiting(lock, condition, 1);
      Begun<Boolean> next = b().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 2);
      lockedRun(lock, condition::signal);
      signalled.value();
      kill();
      lock.lock();
      assertIsVictim(lock.deadOwner());
      assertThat(condition.waiting()).isEqualTo(1);
      condition.signal();
      lock.unlock();
      next.value();
    }
  }

  /** One that dies after its time was up, while it waits for the lock, takes nothing with it. */
  @Test
  void waiterKilledAfterItsTime_takesNothing() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      Begun<Boolean> impatient =
          a().start(() -> lockedRun(lock, () -> condition.awaitNanos(BRIEF_NANOS)));
      Faults.awaitLong("it to wait, or to be through")
          .until(() -> impatient.isDone() || locked(lock, condition::waiting) == 1);
      lock.lock();
      Faults.awaitLong("its time to be up")
          .pollInSameThread()
          .until(() -> condition.waiting() == 0);
      Begun<Boolean> next = b().start(() -> lockedRun(lock, () -> {}));
      next.assertWaits();
      kill();
      lock.unlock();
      next.value();
    }
  }
}
