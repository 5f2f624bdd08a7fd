// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.shared.SharedLong;
import io.procpool.sync.ProcessBarrier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The contract of {@link ProcessBarrier}. */
abstract class BarrierContract extends SyncContract {
  private static final int GENERATIONS = 500;

  /** Each gets a number of its own: the first to come the largest, the last zero. */
  @Test
  void await_allCome_letsThemGoWithTheirNumbers() throws Exception {
    try (ProcessBarrier barrier = home().barrier(6)) {
      assertThat(a().call(barrier::parties)).isEqualTo(6);
      for (int generation = 0; generation < 3; generation++) {
        List<Begun<Integer>> waiting = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          Party party = parties().all().get((i + generation) % 3);
          waiting.add(
              i % 2 == 0
                  ? party.begin(() -> barrier.await())
                  : party.begin(() -> barrier.await(LONG)));
          waiting.get(i).awaitWaiting();
          awaitWaiting(barrier, i + 1);
        }
        waiting.get(generation).assertWaits();
        assertThat(a().call(() -> barrier.await())).isZero();
        for (int i = 0; i < 5; i++) {
          assertThat(waiting.get(i).value()).isEqualTo(5 - i);
        }
        assertThat(barrier.waiting()).isZero();
        assertThat(barrier.isBroken()).isFalse();
      }
    }
  }

  private static void awaitWaiting(ProcessBarrier barrier, int count) {
    Faults.awaitLong(count + " to wait").until(() -> barrier.waiting() == count);
  }

  /** Nobody begins a generation before all have ended the one before, and all numbers are given once in each. */
  @Test
  void await_manyGenerations_staysInStep() throws Exception {
    int generations = LongForm.choose(GENERATIONS, GENERATIONS / 4);
    int threads = 6;
    try (SharedIntArray numbers = SharedIntArray.create(threads * generations);
        SharedInt actions = SharedInt.create(0);
        SharedLong arrived = SharedLong.create(0);
        ProcessBarrier barrier = home().barrier(threads, () -> {
          actions.setPlain(actions.getPlain() + 1);
        })) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        for (int thread = 0; thread < threads / 3; thread++) {
          running.add(party.start(() -> {
            for (int generation = 1; generation <= generations; generation++) {
              arrived.getAndAdd(1);
              int number = barrier.await();
              assertThat(arrived.get())
                  .isBetween((long) generation * threads, (generation + 1L) * threads - 1);
              assertThat(actions.getPlain()).isEqualTo(generation);
              numbers.getAndAdd((generation - 1) * threads + number, 1);
            }
          }));
        }
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(actions.get()).isEqualTo(generations);
      assertThat(numbers.toArray()).containsOnly(1);
    }
  }

  /** As many as there may be come, and all pass, each with a number of its own. */
  @Test
  void await_mostParties_allPass() throws Exception {
    int most = 500;
    try (ProcessBarrier barrier = home().barrier(most);
        SharedIntArray numbers = SharedIntArray.create(most)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : List.of(a(), b())) {
        running.add(party.start(() -> {
          List<Thread> threads = new ArrayList<>();
          for (int i = 0; i < most / 2; i++) {
            Thread thread = new Thread(() -> {
              try {
                numbers.getAndAdd(barrier.await(LONG), 1);
              } catch (Exception e) {
                throw new AssertionError(e); // its number will be missing
              }
            });
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
          }
          for (Thread thread : threads) {
            thread.join(LONG_MILLIS);
          }
        }));
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(numbers.toArray()).containsOnly(1);
      assertThat(barrier.waiting()).isZero();
    }
  }

  /** The action is run by the last one to come, once, before anybody goes on. */
  @Test
  void action_isRunByTheLastOne() throws Exception {
    try (SharedLong runBy = SharedLong.create(0);
        SharedInt runs = SharedInt.create(0);
        ProcessBarrier barrier = home().barrier(3, () -> {
          runBy.setPlain(ProcessHandle.current().pid());
          runs.setPlain(runs.getPlain() + 1);
        })) {
      int expected = 0;
      for (Party last : parties().all()) {
        List<Begun<Long>> waiting = new ArrayList<>();
        for (Party party : parties().all()) {
          if (party != last) {
            waiting.add(party.begin(() -> {
              barrier.await();
              return runBy.getPlain();
            }));
          }
        }
        awaitWaiting(barrier, 2);
        assertThat(runs.get()).isEqualTo(expected);
        assertThat(last.call(() -> barrier.await())).isZero();
        expected++;
        for (Begun<Long> each : waiting) {
          assertThat(each.value()).isEqualTo(last.pid());
        }
        assertThat(runs.get()).isEqualTo(expected);
      }
    }
  }

  /** An action that fails fails the party that ran it, and breaks the barrier for the others. */
  @Test
  void action_fails_breaksTheBarrier() throws Exception {
    try (SharedInt bad = SharedInt.create(1);
        ProcessBarrier barrier = home().barrier(3, () -> {
          if (bad.get() == 1) {
            throw new UnsupportedOperationException("bad on purpose");
          }
        })) {
      Begun<Integer> first = a().begin(() -> barrier.await());
      Begun<Integer> second = master().begin(() -> barrier.await(LONG));
      awaitWaiting(barrier, 2);
      assertThat(b().begin(() -> barrier.await()).failure())
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessage("bad on purpose");
      assertBroken(first);
      assertBroken(second);
      assertBrokenForAll(barrier);
      bad.set(0);
      barrier.reset();
      assertWorks(barrier);
    }
  }

  private static void assertBroken(Begun<Integer> waiting) throws Exception {
    assertThat(waiting.failure()).isInstanceOf(BrokenBarrierException.class);
  }

  private void assertBrokenForAll(ProcessBarrier barrier) throws Exception {
    assertThat(barrier.waiting()).isZero();
    for (Party party : parties().all()) {
      assertThat(party.call(barrier::isBroken)).isTrue();
      party.run(() -> {
        assertThatThrownBy(barrier::await).isInstanceOf(BrokenBarrierException.class);
        assertThatThrownBy(() -> barrier.await(LONG)).isInstanceOf(BrokenBarrierException.class);
      });
    }
  }

  private void assertWorks(ProcessBarrier barrier) throws Exception {
    assertThat(barrier.isBroken()).isFalse();
    Set<Integer> numbers = new HashSet<>();
    List<Begun<Integer>> running = new ArrayList<>();
    for (Party party : parties().all()) {
      running.add(party.begin(() -> barrier.await()));
    }
    for (Begun<Integer> each : running) {
      numbers.add(each.value());
    }
    assertThat(numbers).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(a().call(barrier::isBroken)).isFalse();
  }

  /** Whose time is up is told so; who waits with it, and who comes later, that the barrier is broken. */
  @Test
  void await_timeIsUp_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      for (Party impatient : List.of(a(), master())) {
        Begun<Integer> other = b().begin(() -> barrier.await());
        awaitWaiting(barrier, 1);
        impatient.run(() -> notEarly(() -> {
          assertThatThrownBy(() -> barrier.await(BRIEF)).isInstanceOf(TimeoutException.class);
          return true;
        }));
        assertBroken(other);
        assertBrokenForAll(barrier);
        barrier.reset();
        assertWorks(barrier);
      }
      Begun<Integer> other = b().begin(() -> barrier.await(LONG));
      awaitWaiting(barrier, 1);
      assertThatThrownBy(() -> barrier.await(Duration.ZERO)).isInstanceOf(TimeoutException.class);
      assertBroken(other);
      barrier.reset();
      assertThatThrownBy(() -> barrier.await(Duration.ofSeconds(Long.MIN_VALUE)))
          .isInstanceOf(TimeoutException.class);
      assertBrokenForAll(barrier);
    }
  }

  /** The last one to come need not wait, whatever its timeout. */
  @Test
  void await_lastWithoutTime_passes() throws Exception {
    try (ProcessBarrier barrier = home().barrier(2)) {
      Begun<Integer> first = a().begin(() -> barrier.await(Duration.ofSeconds(Long.MAX_VALUE)));
      awaitWaiting(barrier, 1);
      assertThat(b().call(() -> barrier.await(Duration.ZERO))).isZero();
      assertThat(first.value()).isEqualTo(1);
    }
  }

  @Test
  void await_interrupted_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      for (Party party : List.of(a(), master())) {
        Actor actor = party.actor();
        Begun<Integer> other = b().begin(() -> barrier.await());
        Begun<Integer> interrupted = actor.begin(() -> barrier.await());
        awaitWaiting(barrier, 2);
        interrupted.awaitWaiting();
        actor.interrupt();
        assertThat(interrupted.failure()).isInstanceOf(InterruptedException.class);
        assertBroken(other);
        assertBrokenForAll(barrier);
        barrier.reset();
        Begun<Integer> another = b().begin(() -> barrier.await(LONG));
        awaitWaiting(barrier, 1);
        party.run(() -> assertInterrupted(barrier::await));
        assertBroken(another);
        assertBrokenForAll(barrier);
        barrier.reset();
        assertWorks(barrier);
      }
    }
  }

  @Test
  void abort_breaksTheBarrier() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      barrier.abort();
      assertBrokenForAll(barrier);
      barrier.reset();
      List<Begun<Integer>> waiting =
          List.of(a().begin(() -> barrier.await()), master().begin(() -> barrier.await(LONG)));
      awaitWaiting(barrier, 2);
      b().run(barrier::abort);
      for (Begun<Integer> each : waiting) {
        assertBroken(each);
      }
      assertBrokenForAll(barrier);
      a().run(barrier::abort);
      b().run(barrier::reset);
      assertWorks(barrier);
    }
  }

  /** Who waits during a reset is told that the barrier is broken; who comes after it is not. */
  @Test
  void reset_somebodyWaits_sendsThemAway() throws Exception {
    try (ProcessBarrier barrier = home().barrier(3)) {
      barrier.reset();
      assertWorks(barrier);
      for (Party resetting : parties().all()) {
        List<Begun<Integer>> waiting =
            List.of(a().begin(() -> barrier.await()), master().begin(() -> barrier.await(LONG)));
        awaitWaiting(barrier, 2);
        resetting.run(barrier::reset);
        assertThat(barrier.isBroken()).isFalse();
        for (Begun<Integer> each : waiting) {
          assertBroken(each);
        }
        assertThat(barrier.waiting()).isZero();
        assertWorks(barrier);
      }
    }
  }

  @Test
  void await_onlyParty_passes() throws Exception {
    try (SharedInt runs = SharedInt.create(0);
        ProcessBarrier barrier = home().barrier(1, runs::incrementAndGet)) {
      for (Party party : parties().all()) {
        assertThat(party.call(() -> barrier.await())).isZero();
        assertThat(party.call(() -> barrier.await(Duration.ZERO))).isZero();
      }
      assertThat(runs.get()).isEqualTo(6);
    }
  }

  @Test
  void create_partiesThatCannotBe_areRefused() {
    home().barrier(500).close();
    int[] tooMany = home().isSharedMemory() ? new int[] {501, Integer.MAX_VALUE} : new int[0];
    for (int bad : IntStream.concat(IntStream.of(Integer.MIN_VALUE, -1, 0), IntStream.of(tooMany))
        .toArray()) {
      assertRefused(() -> home().barrier(bad), "parties: " + bad);
      assertRefused(() -> home().barrier(bad, () -> {}), "parties: " + bad);
    }
  }
}
