// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.LongForm;
import io.procpool.PoolOptions;
import io.procpool.sync.Deadlock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The programs about what processes share, and how they wait for each other, on threads and on processes. */
@Timeout(120)
class SharedProgramsTest extends ProgramTestBase {
  @OnEachBackend
  void s01_sharedNumbers_negatedTwice(String backend) throws Exception {
    SharedNumbers.Seen seen = SharedNumbers.run(settings(backend));

    assertThat(seen.number()).isEqualTo(3.333333333333333);
    assertThat(seen.array()).isEqualTo(IntStream.rangeClosed(0, 10).boxed().toList());
    assertRanIn(seen.pids(), 2, backend);
  }

  /** Run as users run it, because the children print to the standard output of its JVM. */
  @OnEachBackend
  void s05_wholeLines_neverInterleaved(String backend) throws Exception {
    List<String> lines =
        launch(0, "S05", "--backend", backend, "--second", "100").out();

    assertThat(lines)
        .containsExactlyInAnyOrderElementsOf(
            IntStream.range(0, 10).mapToObj(i -> "hello world " + i).toList());
  }

  @OnEachBackend
  void s06_lostUpdates_onlyWithoutLock(String backend) throws Exception {
    // Long enough that what is done once in each worker, on a busy machine, does not matter.
    Duration second = Duration.ofMillis(LongForm.choose(300, 150));
    LostUpdates.Seen seen = LostUpdates.run(settings(backend).withSecond(second));

    assertThat(seen.unlocked().left()).isBetween(1, 99);
    assertThat(seen.locked().left()).isZero();
    assertThat(seen.oneByOne().left()).isZero();
    assertThat(seen.oneByOne().took())
        .isGreaterThan(seen.unlocked().took())
        .isGreaterThan(seen.locked().took());
  }

  @OnEachBackend
  void s07_bankBalance_unchanged(String backend) throws Exception {
    BankBalance.Seen seen = BankBalance.run(settings(backend));

    assertThat(seen.after()).isEqualTo(seen.before());
    assertThat(seen.times()).isEqualTo(400_000);
  }

  @OnEachBackend
  void y01_lockTwice_plainLockWaitsForItselfAndThatIsReported(String backend) throws Exception {
    LockTwice.Seen seen = LockTwice.run(settings(backend));

    assertThat(seen.holds()).containsExactly(1, 2, 1, 0);
    assertThat(seen.freeAgain()).isTrue();
    assertThat(seen.plainTwice()).isFalse();
    assertThat(seen.deadlocks()).singleElement().satisfies(deadlock -> {
      assertThat(deadlock.cycle()).singleElement().satisfies(waiting -> {
        assertThat(waiting.pid() == MASTER).isEqualTo(backend.equals(PoolOptions.THREADS));
        assertThat(waiting.waitsFor()).isEqualTo("ProcessLock \"plain\"");
        assertThat(waiting.stack()).anyMatch(frame -> frame.contains("LockTwice"));
      });
      assertThat(printed()).contains(deadlock.toString());
    });
  }

  @OnEachBackend
  void y02_fiveAtATime_neverMoreAndNoSixthPermit(String backend) throws Exception {
    FiveAtATime.Seen seen = FiveAtATime.run(settings(backend));

    assertThat(seen.inside()).hasSize(20).allMatch(inside -> inside >= 1 && inside <= 5);
    assertThat(Collections.max(seen.inside())).isGreaterThan(1);
    assertThat(seen.refusal()).startsWith(IllegalStateException.class.getName());
    assertThat(seen.permits()).isEqualTo(5);
  }

  @Test
  void y03_semaphoreAgainstPool_poolWins() throws Exception {
    int tasks = LongForm.choose(100, 10);
    SemaphoreAgainstPool.Seen seen =
        SemaphoreAgainstPool.run(settings(PoolOptions.PROCESSES), tasks);

    assertThat(seen.semaphore().tasks()).isEqualTo(tasks);
    assertThat(seen.semaphore().pids()).isEqualTo(tasks);
    assertThat(seen.semaphore().mostAtOnce()).isBetween(1, 4);
    assertThat(seen.pool().tasks()).isEqualTo(tasks);
    assertThat(seen.pool().pids()).isBetween(1L, 4L);
    assertThat(seen.pool().mostAtOnce()).isBetween(1, 4);
    assertThat(seen.pool().took()).isPositive().isLessThan(seen.semaphore().took());
    assertThat(lines()).hasSize(2);
  }

  @OnEachBackend
  void y04_trafficLight_noCarMovesOnRed(String backend) throws Exception {
    List<TrafficLight.Car> cars = TrafficLight.run(settings(backend));

    assertThat(cars.stream().map(TrafficLight.Car::number))
        .isEqualTo(IntStream.range(0, 12).boxed().toList());
    assertThat(cars).allMatch(TrafficLight.Car::greenWhileDriving);
    assertThat(cars).anyMatch(TrafficLight.Car::waited);
  }

  @OnEachBackend
  void y05_closingDoor_everybodyGetsIn(String backend) throws Exception {
    List<ClosingDoor.Entry> entries = ClosingDoor.run(settings(backend));

    assertThat(entries.stream().map(ClosingDoor.Entry::number))
        .isEqualTo(IntStream.range(0, 9).boxed().toList());
    assertThat(entries).anyMatch(entry -> entry.swipes() > 0);
  }

  /** A check of one second is in time for a client that waits for one and a half. */
  @OnEachBackend
  void y06_databaseCheck_inTime(String backend) throws Exception {
    DatabaseCheck.Seen seen =
        DatabaseCheck.run(settings(backend).withSecond(Duration.ofSeconds(2)), 1);

    assertThat(seen.failure()).isEmpty();
    assertThat(seen.attempt()).hasValueSatisfying(attempt -> assertThat(attempt).isIn(2, 3));
  }

  /** The check takes so long that it is too late on a busy machine, too; it is cancelled then. */
  @OnEachBackend
  void y06_databaseCheck_tooLate(String backend) throws Exception {
    DatabaseCheck.Seen seen = DatabaseCheck.run(settings(backend), 60);

    assertThat(seen.attempt()).isEmpty();
    assertThat(seen.failure())
        .hasValueSatisfying(failure -> assertThat(failure)
            .isInstanceOf(TimeoutException.class)
            .hasMessage("no connection in 3 attempts"));
  }

  @OnEachBackend
  void y07_notifySome_countsExact(String backend) throws Exception {
    assertThat(NotifySome.run(settings(backend)))
        .isEqualTo(new NotifySome.Seen(10, 3, 3, 7, 10, 0));
  }

  @OnEachBackend
  void y08_meetingPoint_leaveTogetherAndBreakTogether(String backend) throws Exception {
    MeetingPoint.Seen seen = MeetingPoint.run(settings(backend));

    assertThat(seen.passages().stream().map(MeetingPoint.Passage::number))
        .as("exactly one is told 0")
        .containsExactlyInAnyOrder(0, 1, 2, 3);
    Instant lastCame =
        Collections.max(seen.passages().stream().map(MeetingPoint.Passage::came).toList());
    assertThat(seen.passages()).noneMatch(passage -> passage.left().isBefore(lastCame));
    assertThat(seen.failures()).hasSize(3).allMatch(BrokenBarrierException.class::isInstance);
    assertThat(seen.late()).isInstanceOf(BrokenBarrierException.class);
  }

  @OnEachBackend
  void y10_philosophers_deadlockNamedAndAvoided(String backend) throws Exception {
    Philosophers.Seen seen = Philosophers.run(settings(backend));

    assertThat(seen.deadlocks()).singleElement().satisfies(deadlock -> {
      assertThat(deadlock.cycle().stream().map(Deadlock.Waiting::waitsFor))
          .containsExactlyInAnyOrder(
              "ProcessLock \"fork 0\"", "ProcessLock \"fork 1\"", "ProcessLock \"fork 2\"");
      assertRanIn(deadlock.cycle().stream().map(Deadlock.Waiting::pid).toList(), 3, backend);
      assertThat(printed()).contains(deadlock.toString());
    });
    assertThat(seen.meals()).containsExactly(20, 20, 20);
  }

  /** On processes each child had one of its own; threads are in this one. */
  private static void assertRanIn(Collection<Long> pids, int children, String backend) {
    if (backend.equals(PoolOptions.THREADS)) {
      assertThat(pids).containsOnly(MASTER);
    } else {
      assertThat(pids).doesNotHaveDuplicates().hasSize(children).doesNotContain(MASTER);
    }
  }
}
