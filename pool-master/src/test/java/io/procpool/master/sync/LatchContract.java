// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.LongForm;
import io.procpool.sync.ProcessCountDownLatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The contract of {@link ProcessCountDownLatch}. */
abstract class LatchContract extends SyncContract {
  @Test
  void countDown_byAllParties_letsAllGoOnAtZero() throws Exception {
    try (ProcessCountDownLatch latch = home().countDownLatch(3)) {
      List<Begun<?>> waiting = new ArrayList<>();
      for (Party party : parties().all()) {
        waiting.add(party.start(latch::await));
        waiting.add(party.begin(() -> latch.await(LONG)));
      }
      for (Begun<?> each : waiting) {
        each.awaitWaiting();
      }
      int left = 3;
      for (Party party : parties().all()) {
        for (Party asked : parties().all()) {
          assertThat(asked.call(latch::count)).isEqualTo(left);
          assertThat(asked.call(() -> latch.await(Duration.ZERO))).isFalse();
        }
        waiting.get(0).assertWaits();
        party.run(latch::countDown);
        left--;
      }
      for (Begun<?> each : waiting) {
        assertThat(each.value()).isEqualTo(true);
      }
    }
  }

  @Test
  void countDown_atZero_hasNoEffect() throws Exception {
    try (ProcessCountDownLatch latch = home().countDownLatch(1);
        ProcessCountDownLatch none = home().countDownLatch(0)) {
      for (ProcessCountDownLatch each : List.of(latch, none)) {
        for (Party party : parties().all()) {
          party.run(each::countDown);
          assertThat(each.count()).isZero();
          party.run(each::await);
          assertThat(party.call(() -> each.await(Duration.ZERO))).isTrue();
          assertThat(party.call(() -> each.await(Duration.ofSeconds(Long.MIN_VALUE))))
              .isTrue();
          assertThat(party.call(() -> each.await(Duration.ofSeconds(Long.MAX_VALUE))))
              .isTrue();
        }
      }
    }
  }

  /** None of many is lost, and none waits when all have counted. */
  @Test
  void countDown_manyAtATime_losesNone() throws Exception {
    for (int round = 0; round < LongForm.choose(10, 4); round++) {
      try (ProcessCountDownLatch latch = home().countDownLatch(3000)) {
        List<Begun<Boolean>> running = new ArrayList<>();
        for (Party party : parties().all()) {
          running.add(party.start(() -> {
            for (int i = 0; i < 1000; i++) {
              latch.countDown();
            }
          }));
          running.add(party.begin(() -> latch.await(LONG)));
        }
        for (Begun<Boolean> each : running) {
          assertThat(each.value()).isTrue();
        }
        assertThat(latch.count()).isZero();
      }
    }
  }

  @Test
  void await_aboveZero_waitsItsTime() throws Exception {
    try (ProcessCountDownLatch latch = home().countDownLatch(Integer.MAX_VALUE)) {
      for (Party party : parties().all()) {
        assertThat(party.call(() -> notEarly(() -> latch.await(BRIEF)))).isFalse();
        assertThat(party.call(() -> latch.await(Duration.ofSeconds(Long.MIN_VALUE))))
            .isFalse();
      }
      assertThat(latch.count()).isEqualTo(Integer.MAX_VALUE);
    }
  }

  @Test
  void await_interrupted_throws() throws Exception {
    try (ProcessCountDownLatch latch = home().countDownLatch(1)) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertInterrupted(latch::await);
          assertInterrupted(() -> latch.await(LONG));
        });
        Actor first = party.actor();
        Actor second = party.actor();
        Begun<Boolean> ever = first.start(latch::await).awaitWaiting();
        Begun<Boolean> forAWhile = second.begin(() -> latch.await(LONG)).awaitWaiting();
        first.interrupt();
        second.interrupt();
        assertThat(ever.failure()).isInstanceOf(InterruptedException.class);
        assertThat(forAWhile.failure()).isInstanceOf(InterruptedException.class);
      }
      assertThat(latch.count()).isEqualTo(1);
      Begun<Boolean> waiting = b().start(latch::await).awaitWaiting();
      latch.countDown();
      waiting.value();
    }
  }

  @Test
  void create_negative_isRefused() {
    assertRefused(() -> home().countDownLatch(-1), "count: -1");
  }
}
