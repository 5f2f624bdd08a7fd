// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessSemaphore;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes that die with permits. */
abstract class SemaphoreKills extends KillContract {
  private static Begun<Boolean> startAcquiring(Party party, ProcessSemaphore semaphore, int permits)
      throws Exception {
    return party.start(() -> {
      semaphore.acquire(permits);
      semaphore.release(permits);
    });
  }

  /** The permits of a dead process come back to those who wait, and to those who only ask. */
  @Test
  void holderKilled_recovering_permitsComeBack() throws Exception {
    try (ProcessSemaphore semaphore = ProcessSemaphore.recovering(4);
        ProcessSemaphore drained = ProcessSemaphore.recovering(4)) {
      a().run(() -> {
        semaphore.acquire(2);
        semaphore.acquire();
        drained.drainPermits();
      });
      a().actor().run(() -> semaphore.release());
      Begun<Boolean> all = startAcquiring(b(), semaphore, 4);
      Begun<Boolean> most = startAcquiring(master(), semaphore, 3);
      all.assertWaits();
      most.assertWaits();
      assertThat(drained.availablePermits()).isZero();
      kill();
      all.value();
      most.value();
      assertThat(semaphore.availablePermits()).isEqualTo(4);
      assertThat(drained.availablePermits()).isEqualTo(4);
      assertThat(drained.tryAcquire(4)).isTrue();
      drained.release(4);
      a().run(() -> assertThatThrownBy(() -> semaphore.release())
          .isInstanceOf(IllegalStateException.class)); // the successor has none
      assertThat(semaphore.tryAcquire(4)).isTrue();
      semaphore.release(4);
    }
  }

  /** Without an account the permits of the dead are lost, as documented, and no more than those. */
  @ParameterizedTest
  @EnumSource(
      value = SemaphoreContract.Kind.class,
      names = {"UNBOUNDED", "BOUNDED"})
  void holderKilled_noAccount_permitsStayAway(SemaphoreContract.Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(3)) {
      a().run(() -> semaphore.acquire());
      stopAt("semaphore.acquired", () -> semaphore.acquire());
      kill();
      assertThat(semaphore.availablePermits()).isEqualTo(1);
      assertThat(semaphore.tryAcquire(1)).isTrue();
      b().run(() -> semaphore.release(3)); // anybody may
      assertThat(semaphore.availablePermits()).isEqualTo(3);
    }
  }

  @Test
  void holderKilledWhileItAcquires_recovering_permitsComeBack() throws Exception {
    try (ProcessSemaphore semaphore = ProcessSemaphore.recovering(2)) {
      stopAt("semaphore.acquired", () -> semaphore.acquire(2));
      Begun<Boolean> waiting = startAcquiring(b(), semaphore, 1);
      waiting.assertWaits();
      kill();
      waiting.value();
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }

  /** Who has released permits and dies before waking anybody has released them; nobody sleeps on. */
  @ParameterizedTest
  @EnumSource(SemaphoreContract.Kind.class)
  void holderKilledAfterRelease_thoseWhoWaitGoOn(SemaphoreContract.Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(2)) {
      Actor holder = a().actor();
      holder.run(() -> semaphore.acquire(2));
      List<Begun<Boolean>> waiting = List.of(
          startAcquiring(b(), semaphore, 1),
          startAcquiring(b(), semaphore, 2),
          startAcquiring(master(), semaphore, 1));
      for (Begun<Boolean> each : waiting) {
        each.assertWaits();
      }
      stopAt("semaphore.released", holder, () -> semaphore.release(2));
      kill();
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }

  /** As above, but dead when all is done except for the wake-up. */
  @Test
  void holderKilledAfterTheGuardIsOpen_thoseWhoWaitGoOn() throws Exception {
    try (ProcessSemaphore semaphore = ProcessSemaphore.recovering(1)) {
      Actor holder = a().actor();
      holder.run(() -> semaphore.acquire());
      Begun<Boolean> waiting = startAcquiring(b(), semaphore, 1);
      Begun<Boolean> another = startAcquiring(master(), semaphore, 1);
      waiting.assertWaits();
      another.assertWaits();
      stopAt("lock.released", holder, () -> semaphore.release());
      kill();
      waiting.value();
      another.value();
      assertThat(semaphore.availablePermits()).isEqualTo(1);
    }
  }

  /** One that dies while it waits takes no permit with it, and no wake-up. */
  @ParameterizedTest
  @EnumSource(SemaphoreContract.Kind.class)
  void waiterKilled_othersGetThePermits(SemaphoreContract.Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(2)) {
      semaphore.acquire(2);
      a().start(() -> semaphore.acquire()).assertWaits();
      a().start(() -> semaphore.acquire(2)).assertWaits();
      Begun<Boolean> waiting = startAcquiring(b(), semaphore, 1);
      waiting.assertWaits();
      kill();
      assertThat(semaphore.availablePermits()).isZero();
      waiting.assertWaits();
      semaphore.release();
      waiting.value();
      semaphore.release();
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }

  /** A process that is stopped in the middle of a change holds up no timeout; that of a waiter ends as it should. */
  @ParameterizedTest
  @EnumSource(SemaphoreContract.Kind.class)
  void holderStoppedInside_timeoutsEnd(SemaphoreContract.Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(2)) {
      semaphore.acquire();
      Begun<Boolean> waiting = b().begin(() -> semaphore.tryAcquire(2, BRIEF.multipliedBy(3)));
      waiting.awaitWaiting();
      stopAt("semaphore.acquired", () -> semaphore.acquire());
      assertThat(notEarly(() -> semaphore.tryAcquire(2, BRIEF))).isFalse();
      assertThat(semaphore.tryAcquire(2)).isFalse();
      assertThat(waiting.value()).isFalse();
      kill();
      if (kind != SemaphoreContract.Kind.RECOVERING) {
        semaphore.release();
      }
      semaphore.release();
      assertThat(semaphore.tryAcquire(2)).isTrue();
    }
  }

  /** A process that is only stopped keeps its permits; woken ones that cannot move take no wake-up with them. */
  @ParameterizedTest
  @EnumSource(SemaphoreContract.Kind.class)
  void holderSuspended_keepsItsPermits(SemaphoreContract.Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(2)) {
      a().run(() -> semaphore.acquire());
      semaphore.acquire();
      Begun<Boolean> suspended = startAcquiring(a(), semaphore, 1);
      suspended.assertWaits();
      Begun<Boolean> waiting = startAcquiring(b(), semaphore, 1);
      waiting.assertWaits();
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        assertThat(notEarly(() -> semaphore.tryAcquire(BRIEF))).isFalse();
        semaphore.release();
        waiting.value();
        assertThat(semaphore.availablePermits()).isEqualTo(1);
        assertThat(semaphore.tryAcquire(2)).isFalse();
      } finally {
        Faults.signal("CONT", victim());
      }
      suspended.value();
      a().run(() -> semaphore.release());
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }
}
