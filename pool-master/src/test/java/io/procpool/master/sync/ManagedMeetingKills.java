// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Processes that die at events, latches and barriers of a manager. */
abstract class ManagedMeetingKills extends KillContract {
  /** One that dies while it waits harms nobody. */
  @Test
  void waiterKilled_othersGoOn() throws Exception {
    try (ProcessEvent event = home().event();
        ProcessCountDownLatch latch = home().countDownLatch(2)) {
      a().start(event::await).assertWaits();
      a().start(latch::await).assertWaits();
      a().run(latch::countDown);
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(b(), master())) {
        waiting.add(party.start(event::await).awaitWaiting());
        waiting.add(party.begin(() -> latch.await(LONG)).awaitWaiting());
      }
      kill();
      for (Begun<Boolean> each : waiting) {
        each.assertWaits();
      }
      event.set();
      latch.countDown();
      for (Begun<Boolean> each : waiting) {
        assertThat(each.value()).isTrue();
      }
    }
  }

  private List<Begun<Integer>> startAll(ProcessBarrier barrier, Party... parties) throws Exception {
    List<Begun<Integer>> waiting = new ArrayList<>();
    for (Party party : parties) {
      waiting.add(party.begin(() -> barrier.await()));
    }
    return waiting;
  }

  private static void awaitWaiting(ProcessBarrier barrier, int count) {
    Faults.awaitLong(count + " to wait").until(() -> barrier.waiting() == count);
  }

  private static void assertPassed(List<Begun<Integer>> waiting) throws Exception {
    List<Integer> numbers = new ArrayList<>();
    for (Begun<Integer> each : waiting) {
      numbers.add(each.value());
    }
    assertThat(numbers).containsExactlyInAnyOrder(0, 1, 2);
  }

  private static void assertBroken(List<Begun<Integer>> waiting) throws Exception {
    for (Begun<Integer> each : waiting) {
      assertThat(each.failure()).isInstanceOf(BrokenBarrierException.class);
    }
  }

  /** A broken barrier stays so until its reset, and is as new then. */
  private void assertBrokenUntilReset(ProcessBarrier barrier) throws Exception {
    assertThat(barrier.isBroken()).isTrue();
    assertThat(barrier.waiting()).isZero();
    for (Party party : List.of(b(), master(), a())) {
      party.run(() ->
          assertThatThrownBy(() -> barrier.await(LONG)).isInstanceOf(BrokenBarrierException.class));
    }
    barrier.reset();
    assertThat(barrier.isBroken()).isFalse();
    assertPassed(startAll(barrier, a(), b(), master()));
  }

  @Test
  void partyKilledWhileItWaits_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      List<Begun<Integer>> waiting = startAll(barrier, b());
      startAll(barrier, a());
      awaitWaiting(barrier, 2);
      waiting.get(0).assertWaits();
      kill();
      assertBroken(waiting);
      assertBrokenUntilReset(barrier);
    }
  }

  /** A party that dies in the action has not done it; who came too early for the next generation is told, too. */
  @Test
  void partyKilledInTheAction_breaksTheBarrier() throws Exception {
    try (SharedInt acting = SharedInt.create(0);
        ProcessBarrier barrier = home().barrier(3, () -> {
          acting.incrementAndGet();
          while (acting.get() == 1) {
            Thread.onSpinWait();
          }
        })) {
      List<Begun<Integer>> waiting = startAll(barrier, b(), master());
      awaitWaiting(barrier, 2);
      startAll(barrier, a());
      Faults.awaitLong("the action to run").until(() -> acting.get() == 1);
      assertThat(barrier.waiting()).isEqualTo(3);
      assertThatThrownBy(() -> barrier.await(BRIEF)).isInstanceOf(TimeoutException.class);
      assertThat(barrier.isBroken()).isFalse();
      Begun<Integer> early = b().begin(() -> barrier.await());
      early.assertWaits();
      waiting.get(0).assertWaits();
      kill();
      assertBroken(waiting);
      assertBroken(List.of(early));
      assertBrokenUntilReset(barrier);
    }
  }

  /** One that came while others were acting and dies is not missed by those, and has not come for the next generation. */
  @Test
  void earlyPartyKilled_breaksNothing() throws Exception {
    try (SharedInt acting = SharedInt.create(0);
        ProcessBarrier barrier = home().barrier(3, () -> {
          acting.incrementAndGet();
          while (acting.get() == 1) {
            Thread.onSpinWait();
          }
        })) {
      List<Begun<Integer>> waiting = startAll(barrier, b(), master(), b());
      Faults.awaitLong("the action to run").until(() -> acting.get() == 1);
      startAll(barrier, a()).get(0).assertWaits();
      Begun<Integer> early = master().begin(() -> barrier.await());
      early.assertWaits();
      kill();
      early.assertWaits();
      acting.incrementAndGet();
      assertPassed(waiting);
      awaitWaiting(barrier, 1);
      List<Begun<Integer>> next = startAll(barrier, a(), b());
      next.add(early);
      assertPassed(next);
    }
  }

  /** One that has passed and dies then breaks nothing. */
  @Test
  void partyKilledAfterItHasPassed_breaksNothing() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      assertPassed(startAll(barrier, a(), b(), master()));
      kill();
      assertPassed(startAll(barrier, a(), b(), master()));
      assertThat(barrier.isBroken()).isFalse();
    }
  }

  /** A process that is only stopped is waited for. */
  @Test
  void partySuspended_isWaitedFor() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      List<Begun<Integer>> waiting = startAll(barrier, a(), b());
      awaitWaiting(barrier, 2);
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        waiting.get(1).assertWaits();
        assertThat(barrier.await(LONG)).isZero();
        assertThat(waiting.get(1).value()).isPositive();
      } finally {
        Faults.signal("CONT", victim());
      }
      assertThat(waiting.get(0).value()).isPositive();
    }
  }
}
