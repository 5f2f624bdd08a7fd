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

/** Processes that die at events, latches and barriers. */
abstract class MeetingKills extends KillContract {
  /**
   * Who sets an event, or counts a latch down, and dies before waking anybody has done it; one that dies while it waits harms nobody.
   */
  @Test
  void setterKilled_thoseWhoWaitGoOn() throws Exception {
    try (ProcessEvent event = ProcessEvent.create();
        ProcessEvent later = ProcessEvent.create();
        ProcessCountDownLatch latch = ProcessCountDownLatch.create(2)) {
      a().start(event::await).assertWaits();
      a().start(later::await).assertWaits();
      a().start(latch::await).assertWaits();
      a().run(latch::countDown);
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(b(), master())) {
        waiting.add(party.start(event::await));
        waiting.add(party.start(latch::await));
        waiting.add(party.begin(() -> latch.await(LONG)));
      }
      for (Begun<Boolean> each : waiting) {
        each.assertWaits();
      }
      Begun<Boolean> last = b().start(later::await).assertWaits();
      stopAt("event.set", event::set);
      stopAt("latch.counted", latch::countDown);
      kill();
      for (Begun<Boolean> each : waiting) {
        assertThat(each.value()).isTrue();
      }
      assertThat(event.isSet()).isTrue();
      assertThat(latch.count()).isZero();
      event.clear();
      Begun<Boolean> next = b().start(event::await).assertWaits();
      event.set();
      next.value();
      last.assertWaits();
      later.set();
      last.value();
    }
  }

  private void assertBroken(List<Begun<Integer>> waiting) throws Exception {
    for (Begun<Integer> each : waiting) {
      assertThat(each.failure()).isInstanceOf(BrokenBarrierException.class);
    }
  }

  /** A broken barrier stays so until its reset, and is as new then. */
  private void assertBrokenUntilReset(ProcessBarrier barrier) throws Exception {
    assertThat(barrier.isBroken()).isTrue();
    for (Party party : List.of(b(), master(), a())) {
      party.run(() ->
          assertThatThrownBy(() -> barrier.await(LONG)).isInstanceOf(BrokenBarrierException.class));
    }
    barrier.reset();
    assertThat(barrier.isBroken()).isFalse();
    assertPassed(startAll(barrier, a(), b(), master()));
  }

  private List<Begun<Integer>> startAll(ProcessBarrier barrier, Party... parties) throws Exception {
    List<Begun<Integer>> waiting = new ArrayList<>();
    for (Party party : parties) {
      waiting.add(party.begin(() -> barrier.await()));
    }
    return waiting;
  }

  private static void assertPassed(List<Begun<Integer>> waiting) throws Exception {
    List<Integer> numbers = new ArrayList<>();
    for (Begun<Integer> each : waiting) {
      numbers.add(each.value());
    }
    assertThat(numbers).containsExactlyInAnyOrder(0, 1, 2);
  }

  /** A party that dies while it waits breaks the barrier for the others, those who wait and those who come. */
  @Test
  void partyKilledWhileItWaits_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(4);
        ProcessBarrier three = ProcessBarrier.create(3)) {
      startAll(barrier, a()).get(0).awaitWaiting();
      startAll(three, a()).get(0).awaitWaiting();
      List<Begun<Integer>> waiting = startAll(barrier, b(), master());
      Faults.awaitLong("all to wait").until(() -> barrier.waiting() == 3);
      for (Begun<Integer> each : waiting) {
        each.assertWaits();
      }
      kill();
      assertBroken(waiting);
      assertThat(barrier.isBroken()).isTrue();
      assertThat(barrier.waiting()).isZero();
      assertThatThrownBy(() -> three.await(LONG)).isInstanceOf(BrokenBarrierException.class);
      assertBrokenUntilReset(three);
    }
  }

  /** The same if it dies before it sleeps. */
  @Test
  void partyKilledWhenItHasCome_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(3)) {
      List<Begun<Integer>> waiting = startAll(barrier, b());
      stopAt("barrier.arrived", () -> barrier.await());
      waiting.get(0).assertWaits();
      kill();
      assertBroken(waiting);
      assertBrokenUntilReset(barrier);
    }
  }

  /** A party that dies in the action has not done it. */
  @Test
  void partyKilledInTheAction_breaksTheBarrier() throws Exception {
    try (SharedInt acting = SharedInt.create(0);
        ProcessBarrier barrier = ProcessBarrier.create(3, () -> {
          acting.incrementAndGet();
          while (acting.get() == 1) {
            Thread.onSpinWait();
          }
        })) {
      List<Begun<Integer>> waiting = startAll(barrier, b(), master());
      Faults.awaitLong("both to wait").until(() -> barrier.waiting() == 2);
      startAll(barrier, a());
      Faults.awaitLong("the action to run").until(() -> acting.get() == 1);
      Begun<Integer> early = b().begin(() -> barrier.await()); // for the next generation
      for (Begun<Integer> each : waiting) {
        each.assertWaits();
      }
      early.assertWaits();
      kill();
      assertBroken(waiting);
      assertBroken(List.of(early));
      assertBrokenUntilReset(barrier);
    }
  }

  /** A party that dies as the last one, before anybody has gone: either all others pass or none, and nobody waits on. */
  @Test
  void lastPartyKilledWhileItLetsAllGo_nobodyHangs() throws Exception {
    List<ProcessBarrier> barriers = new ArrayList<>();
    List<Begun<Integer>> waiting = new ArrayList<>();
    for (String step : List.of("barrier.tripping", "lock.released")) {
      ProcessBarrier barrier = ProcessBarrier.create(3);
      barriers.add(barrier);
      waiting.addAll(startAll(barrier, b(), master()));
      Faults.awaitLong("both to wait").until(() -> barrier.waiting() == 2);
      waiting.get(waiting.size() - 1).assertWaits();
      waiting.get(waiting.size() - 2).assertWaits();
      stopAt(step, () -> barrier.await());
    }
    kill();
    for (ProcessBarrier barrier : barriers) {
      List<String> outcomes = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        try {
          assertThat(waiting.remove(0).value()).isPositive();
          outcomes.add("passed");
        } catch (BrokenBarrierException broken) {
          outcomes.add("broken");
        }
      }
      assertThat(outcomes.get(0)).isEqualTo(outcomes.get(1));
      if (barrier.isBroken()) {
        barrier.reset();
      }
      assertPassed(startAll(barrier, a(), b(), master()));
      barrier.close();
    }
  }

  /** A party that is stopped in the middle of a change holds up no timeout. */
  @Test
  void partyStoppedInside_timeoutsEnd() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(2)) {
      Begun<Integer> waiting = b().begin(() -> barrier.await(LONG));
      Faults.awaitLong("one to wait").until(() -> barrier.waiting() == 1);
      stopAt("barrier.tripping", () -> barrier.await());
      Begun<Integer> next = b().begin(() -> barrier.await(BRIEF));
      assertThat(next.failure()).isInstanceOf(TimeoutException.class);
      kill();
      try {
        assertThat(waiting.value()).isEqualTo(1);
      } catch (BrokenBarrierException broken) {
        assertThat(barrier.isBroken()).isTrue();
      }
    }
  }

  /** One that dies before it has come is not missed: a timeout ends the wait. */
  @Test
  void partyKilledBeforeItHasCome_isNotMissed() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(3)) {
      a().run(() -> assertThat(barrier.parties()).isEqualTo(3));
      kill();
      Begun<Integer> waiting = b().begin(() -> barrier.await());
      Faults.awaitLong("one to wait").until(() -> barrier.waiting() == 1);
      waiting.assertWaits();
      assertThatThrownBy(() -> barrier.await(BRIEF)).isInstanceOf(TimeoutException.class);
      assertBroken(List.of(waiting));
    }
  }

  /** One that has passed and dies then breaks nothing. */
  @Test
  void partyKilledAfterItHasPassed_breaksNothing() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(3)) {
      assertPassed(startAll(barrier, a(), b(), master()));
      kill();
      assertThat(barrier.isBroken()).isFalse();
      assertPassed(startAll(barrier, a(), b(), master()));
    }
  }

  /** A process that is only stopped is waited for. */
  @Test
  void partySuspended_isWaitedFor() throws Exception {
    try (ProcessBarrier barrier = ProcessBarrier.create(3)) {
      List<Begun<Integer>> waiting = startAll(barrier, a(), b());
      Faults.awaitLong("both to wait").until(() -> barrier.waiting() == 2);
      waiting.get(0).assertWaits();
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        waiting.get(1).assertWaits();
        assertThat(barrier.isBroken()).isFalse();
        assertThat(barrier.await(LONG)).isZero();
        assertThat(waiting.get(1).value()).isPositive();
      } finally {
        Faults.signal("CONT", victim());
      }
      assertThat(waiting.get(0).value()).isPositive();
    }
  }

  /** A party that sleeps through many generations after its own was broken is told that it was. */
  @Test
  void partySuspendedForManyGenerations_isToldHowItsOwnEnded() throws Exception {
    int generations = 70;
    try (ProcessBarrier barrier = ProcessBarrier.create(2)) {
      List<Begun<Integer>> waiting = startAll(barrier, a());
      waiting.get(0).assertWaits();
      Faults.signal("STOP", victim());
      try {
        Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
        barrier.abort();
        barrier.reset();
        Begun<Boolean> other = b().start(() -> {
          for (int i = 0; i < generations; i++) {
            barrier.await();
          }
        });
        for (int i = 0; i < generations; i++) {
          assertThat(barrier.await(LONG)).isBetween(0, 1);
        }
        other.value();
      } finally {
        Faults.signal("CONT", victim());
      }
      assertBroken(waiting);
    }
  }
}
