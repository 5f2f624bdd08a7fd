// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessSemaphore;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Processes that die with permits of a manager's semaphores. */
abstract class ManagedSemaphoreKills extends KillContract {
  private static void awaitAvailable(ProcessSemaphore semaphore, int permits) {
    Faults.awaitLong(permits + " permits").until(() -> semaphore.availablePermits() == permits);
  }

  /** What a dead process has acquired comes back, to those who wait first. */
  @Test
  void holderKilled_permitsComeBack() throws Exception {
    for (ProcessSemaphore semaphore : List.of(home().semaphore(5), home().boundedSemaphore(5))) {
      findVictim();
      a().run(() -> {
        semaphore.acquire(2);
        assertThat(semaphore.tryAcquire(2)).isTrue();
        semaphore.release();
      });
      b().run(() -> semaphore.acquire());
      Begun<Boolean> waiting = b().start(() -> semaphore.acquire(3));
      waiting.assertWaits();
      kill();
      waiting.value();
      awaitAvailable(semaphore, 1);
      b().run(() -> semaphore.release(4));
      assertThat(semaphore.availablePermits()).isEqualTo(5);
      semaphore.close();
    }
  }

  @Test
  void drainerKilled_permitsComeBack() throws Exception {
    try (ProcessSemaphore semaphore = home().boundedSemaphore(3)) {
      assertThat(a().call(semaphore::drainPermits)).isEqualTo(3);
      kill();
      awaitAvailable(semaphore, 3);
    }
  }

  /** What others have released in its place does not come back a second time. */
  @Test
  void holderKilled_releasedByOthers_comesBackOnce() throws Exception {
    for (ProcessSemaphore semaphore : List.of(home().semaphore(3), home().boundedSemaphore(3))) {
      findVictim();
      a().run(() -> semaphore.acquire(3));
      b().run(() -> semaphore.release(2));
      assertThat(semaphore.tryAcquire()).isTrue();
      kill();
      awaitAvailable(semaphore, 2);
      semaphore.release();
      awaitAvailable(semaphore, 3);
      semaphore.close();
    }
  }

  /** A semaphore that counts what was made does not count again what a dead process has used up. */
  @Test
  void consumerKilled_whatItUsedUpDoesNotComeBack() throws Exception {
    try (ProcessSemaphore made = home().semaphore(0);
        ProcessSemaphore sign = home().boundedSemaphore(1)) {
      made.release(10);
      a().run(() -> {
        sign.acquire();
        made.acquire(4);
      });
      kill();
      awaitAvailable(sign, 1); // the server knows of the death
      assertThat(made.availablePermits()).isEqualTo(6);
    }
  }

  /** One that dies while it waits takes nothing, and is not in the way of others. */
  @Test
  void waiterKilled_takesNothing() throws Exception {
    try (ProcessSemaphore semaphore = home().boundedSemaphore(2)) {
      semaphore.acquire(2);
      a().start(() -> semaphore.acquire()).assertWaits();
      a().start(() -> semaphore.acquire(2)).assertWaits();
      Begun<Boolean> next = b().start(() -> semaphore.acquire(2));
      next.assertWaits();
      kill();
      semaphore.release(2);
      Faults.awaitLong("the next one to have it").until(next::isDone);
      next.value();
      assertThat(semaphore.availablePermits()).isZero();
      assertThatThrownBy(() -> semaphore.release(3)).isInstanceOf(IllegalStateException.class);
      semaphore.release(2);
    }
  }

  /** A process that is only stopped keeps its permits. */
  @Test
  void holderSuspended_keepsItsPermits() throws Exception {
    try (ProcessSemaphore semaphore = home().boundedSemaphore(2)) {
      a().run(() -> semaphore.acquire(2));
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        assertThat(notEarly(() -> semaphore.tryAcquire(BRIEF))).isFalse();
      } finally {
        Faults.signal("CONT", victim());
      }
      a().run(() -> semaphore.release(2));
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }
}
