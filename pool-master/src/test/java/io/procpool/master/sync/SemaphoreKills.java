// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.master.process.Faults;
import io.procpool.master.sync.SemaphoreContract.Kind;
import io.procpool.sync.ProcessSemaphore;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processes that die with permits. */
abstract class SemaphoreKills extends KillContract {
  private static List<ProcessSemaphore> all(int permits) {
    return Stream.of(Kind.values())
        .map(kind -> kind.make(Home.SHARED_MEMORY, permits))
        .toList();
  }

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
  @Test
  void holderKilled_noAccount_permitsStayAway() throws Exception {
    List<ProcessSemaphore> semaphores = List.of(
        Kind.UNBOUNDED.make(Home.SHARED_MEMORY, 3), Kind.BOUNDED.make(Home.SHARED_MEMORY, 3));
    for (ProcessSemaphore semaphore : semaphores) {
      a().run(() -> semaphore.acquire());
      stopAt("semaphore.acquired", () -> semaphore.acquire());
    }
    kill();
    for (ProcessSemaphore semaphore : semaphores) {
      assertThat(semaphore.availablePermits()).isEqualTo(1);
      assertThat(semaphore.tryAcquire(1)).isTrue();
      b().run(() -> semaphore.release(3)); // anybody may
      assertThat(semaphore.availablePermits()).isEqualTo(3);
      semaphore.close();
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
  @Test
  void holderKilledAfterRelease_thoseWhoWaitGoOn() throws Exception {
    List<ProcessSemaphore> semaphores = all(2);
    List<Begun<Boolean>> waiting = new ArrayList<>();
    for (ProcessSemaphore semaphore : semaphores) {
      Actor holder = a().actor();
      holder.run(() -> semaphore.acquire(2));
      waiting.add(startAcquiring(b(), semaphore, 1));
      waiting.add(startAcquiring(b(), semaphore, 2));
      waiting.add(startAcquiring(master(), semaphore, 1));
      for (Begun<Boolean> each : waiting.subList(waiting.size() - 3, waiting.size())) {
        each.assertWaits();
      }
      stopAt("semaphore.released", holder, () -> semaphore.release(2));
    }
    kill();
    for (Begun<Boolean> each : waiting) {
      each.value();
    }
    for (ProcessSemaphore semaphore : semaphores) {
      assertThat(semaphore.availablePermits()).isEqualTo(2);
      semaphore.close();
    }
  }

  /** The same where those who go on keep what they get, so that none of them wakes the others. */
  @Test
  void holderKilledAfterRelease_thoseWhoWaitKeepThePermits() throws Exception {
    List<ProcessSemaphore> semaphores = all(3);
    List<Begun<Boolean>> waiting = new ArrayList<>();
    for (ProcessSemaphore semaphore : semaphores) {
      Actor holder = a().actor();
      holder.run(() -> semaphore.acquire(3));
      for (Party party : List.of(b(), master(), b())) {
        waiting.add(party.start(() -> semaphore.acquire()).assertWaits());
      }
      stopAt("semaphore.released", holder, () -> semaphore.release(3));
    }
    kill();
    for (Begun<Boolean> each : waiting) {
      each.value();
    }
    for (ProcessSemaphore semaphore : semaphores) {
      assertThat(semaphore.availablePermits()).isZero();
      semaphore.close();
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
  @Test
  void waiterKilled_othersGetThePermits() throws Exception {
    List<ProcessSemaphore> semaphores = all(2);
    List<Begun<Boolean>> waiting = new ArrayList<>();
    for (ProcessSemaphore semaphore : semaphores) {
      semaphore.acquire(2);
      a().start(() -> semaphore.acquire()).assertWaits();
      a().start(() -> semaphore.acquire(2)).assertWaits();
      waiting.add(startAcquiring(b(), semaphore, 1).assertWaits());
    }
    kill();
    for (ProcessSemaphore semaphore : semaphores) {
      assertThat(semaphore.availablePermits()).isZero();
      Begun<Boolean> one = waiting.remove(0);
      one.assertWaits();
      semaphore.release();
      one.value();
      semaphore.release();
      assertThat(semaphore.availablePermits()).isEqualTo(2);
      semaphore.close();
    }
  }

  /** A process that is stopped in the middle of a change holds up no timeout; that of a waiter ends as it should. */
  @Test
  void holderStoppedInside_timeoutsEnd() throws Exception {
    List<ProcessSemaphore> semaphores = all(2);
    for (ProcessSemaphore semaphore : semaphores) {
      semaphore.acquire();
      Begun<Boolean> waiting = b().begin(() -> semaphore.tryAcquire(2, BRIEF.multipliedBy(10)));
      waiting.awaitWaiting();
      stopAt("semaphore.acquired", () -> semaphore.acquire());
      assertThat(notEarly(() -> semaphore.tryAcquire(2, BRIEF))).isFalse();
      assertThat(waiting.value()).isFalse();
    }
    kill();
    for (ProcessSemaphore semaphore : semaphores) {
      semaphore.release();
      if (semaphore != semaphores.get(Kind.RECOVERING.ordinal())) {
        semaphore.release();
      }
      assertThat(semaphore.tryAcquire(2)).isTrue();
      semaphore.close();
    }
  }

  /** A process that is only stopped keeps its permits; woken ones that cannot move take no wake-up with them. */
  @ParameterizedTest
  @EnumSource(Kind.class)
  void holderSuspended_keepsItsPermits(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(Home.SHARED_MEMORY, 2)) {
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
