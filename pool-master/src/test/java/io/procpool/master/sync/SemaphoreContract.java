// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.LongForm;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessSemaphore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of {@link ProcessSemaphore}. */
abstract class SemaphoreContract extends SyncContract {
  private static final int ROUNDS = 1000;
  private static final Duration FOR_EVER = Duration.ofSeconds(Long.MAX_VALUE);

  enum Kind {
    UNBOUNDED,
    BOUNDED,
    RECOVERING;

    /** Makes one; skips the test if there are none there. */
    ProcessSemaphore make(Home home, int permits) {
      assumeTrue(home.isSharedMemory() || this != RECOVERING);
      return switch (this) {
        case UNBOUNDED -> home.semaphore(permits);
        case BOUNDED -> home.boundedSemaphore(permits);
        case RECOVERING -> ProcessSemaphore.recovering(permits);
      };
    }
  }

  /** As many are inside as there are permits, and no more. */
  @ParameterizedTest
  @EnumSource
  void acquire_byThreadsOfAllParties_neverMoreThanPermits(Kind kind) throws Exception {
    int rounds = LongForm.choose(ROUNDS, ROUNDS / 4);
    try (ProcessSemaphore semaphore = kind.make(home(), 3);
        SharedInt inside = SharedInt.create(0)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        for (int thread = 0; thread < 2; thread++) {
          int permits = thread + 1;
          running.add(party.start(() -> {
            for (int i = 0; i < rounds; i++) {
              semaphore.acquire(permits);
              assertThat(inside.addAndGet(permits)).isBetween(permits, 3);
              inside.addAndGet(-permits);
              semaphore.release(permits);
            }
          }));
        }
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(semaphore.availablePermits()).isEqualTo(3);
    }
  }

  /** Where there is enough for all nobody is ever told that there is none, however many come at a time. */
  @ParameterizedTest
  @EnumSource
  void tryAcquire_enoughForAll_alwaysGetsThem(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 9)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        for (int thread = 0; thread < 3; thread++) {
          running.add(party.start(() -> {
            for (int i = 0; i < ROUNDS; i++) {
              assertThat(semaphore.tryAcquire()).isTrue();
              semaphore.release();
            }
          }));
        }
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(semaphore.availablePermits()).isEqualTo(9);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tryAcquire_tellsWhetherItGotThem(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 3)) {
      assertThat(a().call(() -> semaphore.tryAcquire())).isTrue();
      assertThat(b().call(() -> semaphore.tryAcquire(2))).isTrue();
      assertThat(semaphore.availablePermits()).isZero();
      for (Party party : parties().all()) {
        assertThat(party.call(semaphore::availablePermits)).isZero();
        assertThat(party.call(() -> semaphore.tryAcquire())).isFalse();
        assertThat(party.call(() -> semaphore.tryAcquire(Duration.ZERO))).isFalse();
        assertThat(party.call(() -> semaphore.tryAcquire(FOR_EVER.negated()))).isFalse();
      }
      b().run(() -> semaphore.release());
      assertThat(semaphore.tryAcquire(2)).isFalse();
      assertThat(semaphore.availablePermits()).isEqualTo(1);
      assertThat(semaphore.tryAcquire(FOR_EVER)).isTrue();
      a().run(() -> semaphore.release());
      b().run(() -> semaphore.release());
      semaphore.release();
      assertThat(semaphore.tryAcquire(3, Duration.ofNanos(-1))).isTrue();
      semaphore.release(3);
      assertThat(semaphore.availablePermits()).isEqualTo(3);
    }
  }

  @ParameterizedTest
  @EnumSource
  void tryAcquire_noneThere_waitsItsTime(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 2)) {
      a().run(() -> semaphore.acquire());
      assertThat(notEarly(() -> semaphore.tryAcquire(2, BRIEF))).isFalse();
      assertThat(semaphore.availablePermits()).isEqualTo(1);
      b().run(() -> semaphore.acquire());
      assertThat(b().call(() -> notEarly(() -> semaphore.tryAcquire(BRIEF)))).isFalse();
      Begun<Boolean> waiting = b().begin(() -> {
        boolean got = semaphore.tryAcquire(FOR_EVER);
        semaphore.release();
        return got;
      });
      waiting.assertWaits();
      a().run(() -> semaphore.release());
      assertThat(waiting.value()).isTrue();
      b().run(() -> semaphore.release());
    }
  }

  /** Permits that are released let as many go on, of whatever parties. */
  @ParameterizedTest
  @EnumSource
  void release_somebodyWaits_letsAsManyGoOn(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 6);
        SharedInt got = SharedInt.create(0)) {
      semaphore.acquire(6);
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : parties().all()) {
        waiting.add(party.start(() -> {
          semaphore.acquire();
          got.incrementAndGet();
        }));
        waiting.add(party.start(() -> {
          assertThat(semaphore.tryAcquire(1, LONG)).isTrue();
          got.incrementAndGet();
        }));
      }
      for (Begun<Boolean> each : waiting) {
        each.awaitWaiting();
      }
      int released = 0;
      for (int permits = 1; permits <= 3; permits++) {
        semaphore.release(permits);
        released += permits;
        int expected = released;
        Faults.awaitLong("those that got permits").until(() -> got.get() == expected);
        assertThat(semaphore.availablePermits()).isZero();
      }
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
    }
  }

  /** Who waits for several permits holds none of them meanwhile. */
  @ParameterizedTest
  @EnumSource
  void acquire_several_getsThemAllAtOnce(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 3)) {
      b().run(() -> semaphore.acquire());
      Begun<Boolean> waiting = a().start(() -> {
        semaphore.acquire(3);
        semaphore.release(3);
      });
      waiting.assertWaits();
      assertThat(semaphore.availablePermits()).isEqualTo(2);
      assertThat(semaphore.tryAcquire(2)).isTrue();
      b().run(() -> semaphore.release());
      waiting.assertWaits();
      semaphore.release();
      waiting.assertWaits();
      semaphore.release();
      waiting.value();
      assertThat(semaphore.availablePermits()).isEqualTo(3);
    }
  }

  /** Somebody who waits for much does not keep one who wants what is there, also if the latter comes later. */
  @ParameterizedTest
  @EnumSource
  void release_enoughForASmallOneOnly_letsThatGoOn(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 2)) {
      semaphore.acquire(2);
      Begun<Boolean> large = a().start(() -> {
        semaphore.acquire(2);
        semaphore.release(2);
      });
      large.awaitWaiting();
      Begun<Boolean> small = b().start(() -> semaphore.acquire());
      small.assertWaits();
      semaphore.release();
      small.value();
      large.assertWaits();
      b().actor().run(() -> semaphore.release());
      large.assertWaits();
      semaphore.release();
      large.value();
    }
  }

  @ParameterizedTest
  @EnumSource
  void acquire_interruptedBefore_throwsAndTakesNothing(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 2)) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertInterrupted(() -> semaphore.acquire());
          assertInterrupted(() -> semaphore.acquire(2));
          assertInterrupted(() -> semaphore.tryAcquire(LONG));
          Thread.currentThread().interrupt();
          semaphore.acquireUninterruptibly(1);
          assertThat(Thread.interrupted()).isTrue();
          Thread.currentThread().interrupt();
          assertThat(semaphore.tryAcquire()).isTrue();
          assertThat(Thread.interrupted()).isTrue();
          semaphore.release(2);
        });
        assertThat(semaphore.availablePermits()).isEqualTo(2);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void acquire_interruptedWhileWaiting_throwsAndTakesNothing(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 1)) {
      semaphore.acquire();
      for (Party party : parties().all()) {
        Actor first = party.actor();
        Actor second = party.actor();
        Actor third = party.actor();
        Begun<Boolean> interruptibly = first.start(() -> semaphore.acquire()).awaitWaiting();
        Begun<Boolean> forAWhile =
            second.begin(() -> semaphore.tryAcquire(LONG)).awaitWaiting();
        Begun<Boolean> uninterruptibly = third.begin(() -> {
          semaphore.acquireUninterruptibly(1);
          semaphore.release();
          return Thread.interrupted();
        });
        uninterruptibly.awaitWaiting();
        first.interrupt();
        second.interrupt();
        third.interrupt();
        assertThat(interruptibly.failure()).isInstanceOf(InterruptedException.class);
        assertThat(forAWhile.failure()).isInstanceOf(InterruptedException.class);
        uninterruptibly.assertWaits();
        semaphore.release();
        assertThat(uninterruptibly.value()).isTrue();
        assertThat(semaphore.availablePermits()).isEqualTo(1);
        semaphore.acquire();
      }
    }
  }

  /** Where no account is kept anybody may release, up to the bound if there is one. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RECOVERING")
  void release_byAnotherProcess_isAllowed(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 2)) {
      a().run(() -> semaphore.acquire(2));
      b().run(() -> semaphore.release());
      assertThat(semaphore.availablePermits()).isEqualTo(1);
      semaphore.release();
      assertThat(semaphore.availablePermits()).isEqualTo(2);
    }
  }

  @Test
  void release_ofUnbounded_makesMorePermits() throws Exception {
    try (ProcessSemaphore semaphore = home().semaphore(0)) {
      assertThat(semaphore.bound()).isEmpty();
      assertThat(semaphore.tryAcquire()).isFalse();
      Begun<Boolean> waiting = a().start(() -> semaphore.acquire(7));
      waiting.awaitWaiting();
      b().run(() -> semaphore.release(10));
      waiting.value();
      assertThat(semaphore.availablePermits()).isEqualTo(3);
      semaphore.release(Integer.MAX_VALUE - 3);
      assertThat(semaphore.availablePermits()).isEqualTo(Integer.MAX_VALUE);
      assertThatThrownBy(semaphore::release).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> semaphore.release(Integer.MAX_VALUE))
          .isInstanceOf(IllegalStateException.class);
      assertThat(semaphore.availablePermits()).isEqualTo(Integer.MAX_VALUE);
      assertThat(a().call(semaphore::drainPermits)).isEqualTo(Integer.MAX_VALUE);
      assertThat(semaphore.availablePermits()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "UNBOUNDED")
  void release_moreThanTheBound_isRefusedAndReleasesNothing(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 3)) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertThat(semaphore.bound()).hasValue(3);
          assertReleaseRefused(semaphore, 1);
          assertReleaseRefused(semaphore, Integer.MAX_VALUE);
          semaphore.acquire(2);
          assertReleaseRefused(semaphore, 3);
          assertThat(semaphore.availablePermits()).isEqualTo(1);
          semaphore.release(2);
          assertReleaseRefused(semaphore, 1);
          assertThat(semaphore.availablePermits()).isEqualTo(3);
        });
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = "BOUNDED")
  void bound_largest_isABound(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), Integer.MAX_VALUE)) {
      assertThat(semaphore.bound()).hasValue(Integer.MAX_VALUE);
      assertReleaseRefused(semaphore, 1);
      semaphore.acquire(Integer.MAX_VALUE);
      assertThat(semaphore.availablePermits()).isZero();
      semaphore.release(Integer.MAX_VALUE);
    }
  }

  private static void assertReleaseRefused(ProcessSemaphore semaphore, int permits) {
    assertThatThrownBy(() -> semaphore.release(permits)).isInstanceOf(IllegalStateException.class);
  }

  /** A process can release what any of its threads has acquired, and not what others have. */
  @Test
  void release_ofRecovering_isOfTheProcess() throws Exception {
    assumeTrue(home().isSharedMemory());
    try (ProcessSemaphore semaphore = ProcessSemaphore.recovering(4)) {
      a().run(() -> semaphore.acquire(3));
      a().actor().run(() -> semaphore.release());
      assertThat(semaphore.availablePermits()).isEqualTo(2);
      if (parties().isProcesses()) {
        for (Party party : List.of(b(), master())) {
          party.run(() -> assertReleaseRefused(semaphore, 1));
        }
        b().run(() -> {
          semaphore.acquire();
          assertReleaseRefused(semaphore, 2);
          semaphore.release();
          assertReleaseRefused(semaphore, 1);
        });
      }
      assertThat(semaphore.availablePermits()).isEqualTo(2);
      a().run(() -> {
        assertReleaseRefused(semaphore, 3);
        semaphore.release(2);
      });
      assertThat(semaphore.availablePermits()).isEqualTo(4);
    }
  }

  /** What was drained is held by who has drained it. */
  @ParameterizedTest
  @EnumSource
  void drainPermits_takesAll(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 5)) {
      semaphore.acquire(2);
      assertThat(a().call(semaphore::drainPermits)).isEqualTo(3);
      assertThat(b().call(semaphore::drainPermits)).isZero();
      assertThat(semaphore.tryAcquire()).isFalse();
      a().run(() -> semaphore.release(3));
      assertThat(semaphore.availablePermits()).isEqualTo(3);
      semaphore.release(2);
      assertThat(b().call(semaphore::drainPermits)).isEqualTo(5);
    }
  }

  @ParameterizedTest
  @EnumSource
  void permits_notANumberThatCanBe_areRefused(Kind kind) throws Exception {
    try (ProcessSemaphore semaphore = kind.make(home(), 3)) {
      for (int bad : new int[] {0, -1, Integer.MIN_VALUE}) {
        String value = "permits: " + bad;
        assertRefused(() -> semaphore.acquire(bad), value);
        assertRefused(() -> semaphore.acquireUninterruptibly(bad), value);
        assertRefused(() -> semaphore.tryAcquire(bad), value);
        assertRefused(() -> semaphore.tryAcquire(bad, BRIEF), value);
        assertRefused(() -> semaphore.release(bad), value);
      }
      if (kind != Kind.UNBOUNDED) {
        String value = "permits: 4";
        assertRefused(() -> semaphore.acquire(4), value);
        assertRefused(() -> semaphore.acquireUninterruptibly(4), value);
        assertRefused(() -> semaphore.tryAcquire(4), value);
        assertRefused(() -> semaphore.tryAcquire(4, BRIEF), value);
      }
      assertThat(semaphore.availablePermits()).isEqualTo(3);
    }
    assertRefused(() -> kind.make(home(), -1), "permits: -1");
    if (kind != Kind.UNBOUNDED) {
      assertRefused(() -> kind.make(home(), 0), "permits: 0");
    }
  }
}
