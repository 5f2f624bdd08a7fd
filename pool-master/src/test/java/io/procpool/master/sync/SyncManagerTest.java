// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.ChildProcess;
import io.procpool.LongForm;
import io.procpool.manager.Manager;
import io.procpool.manager.ManagerException;
import io.procpool.manager.ManagerGoneException;
import io.procpool.manager.ManagerOptions;
import io.procpool.master.process.Faults;
import io.procpool.master.sync.LockHistory.Kind;
import io.procpool.master.sync.LockHistory.Operation;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What locks and the like in a manager do beyond the contracts: order, names, and what happens when the server ends. */
class SyncManagerTest extends SyncContract {
  private static final byte[] KEY = "a key of sixteen bytes or more".getBytes();

  private static Manager manager;
  private static Parties parties;

  @BeforeAll
  static void open() {
    manager = Manager.start(ManagerOptions.builder().hosted(true).build());
    parties = Parties.ofProcesses();
  }

  @AfterAll
  static void close() {
    manager.close();
    parties.close();
  }

  @Override
  protected Parties parties() {
    return parties;
  }

  /** Who waits for a lock gets it in the order of coming, whatever process it is in and however it waits. */
  @Test
  void lock_manyWait_inOrderOfComing() throws Exception {
    int waiters = 12;
    try (ProcessLock lock = manager.lock();
        SharedInt next = SharedInt.create(0)) {
      lock.lock();
      List<Begun<Integer>> waiting = new ArrayList<>();
      for (int i = 0; i < waiters; i++) {
        Party party = parties.all().get(i % 3);
        boolean forATime = i % 2 == 0;
        waiting.add(party
            .begin(() -> {
              if (forATime) {
                assertThat(lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
              } else {
                lock.lock();
              }
              int place = next.getPlain();
              next.setPlain(place + 1);
              lock.unlock();
              return place;
            })
            .awaitWaiting());
        party.dispatch(() -> lock.isLocked()); // through the same connection, so it is in line
      }
      lock.unlock();
      for (int i = 0; i < waiters; i++) {
        assertThat(waiting.get(i).value()).isEqualTo(i);
      }
    }
  }

  private record Taken(List<Operation> operations) implements Serializable {}

  private static Taken play(ProcessLock lock, int steps, long seed) throws InterruptedException {
    Random random = new Random(seed);
    List<Operation> did = new ArrayList<>();
    while (did.size() < steps) {
      long from = System.nanoTime();
      boolean got = switch (random.nextInt(4)) {
        case 0 -> lock.tryLock();
        case 1 -> lock.tryLock(random.nextInt(100), TimeUnit.MICROSECONDS);
        default -> {
          lock.lock();
          yield true;
        }
      };
      long to = System.nanoTime();
      if (got) {
        did.add(new Operation(Kind.LOCK, from, to, lock.fencingToken()));
        long releasing = System.nanoTime();
        lock.unlock();
        did.add(new Operation(Kind.UNLOCK, releasing, System.nanoTime(), 0));
      } else {
        did.add(new Operation(Kind.TRY_FAILED, from, to, 0));
      }
    }
    return new Taken(did);
  }

  /** What threads of several processes see of one lock can be explained by an order in which one thing happened after the other. */
  @Test
  void lock_smallHistories_areLinearizable() throws Exception {
    long seed = Long.getLong("procpool.test.seed", System.nanoTime());
    for (int round = 0; round < 60; round++) {
      try (ProcessLock lock = manager.lock();
          ProcessBarrier begin = manager.barrier(4)) {
        List<Begun<Taken>> running = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          long mine = seed + 4L * round + i;
          running.add(parties.all().get(i % 3).begin(() -> {
            begin.await();
            return play(lock, 10, mine);
          }));
        }
        List<List<Operation>> threads = new ArrayList<>();
        for (Begun<Taken> each : running) {
          threads.add(each.value().operations());
        }
        LockHistory history = new LockHistory(threads);
        assertThat(history.isLinearizable()).as("seed %d\n%s", seed, history).isTrue();
      }
    }
  }

  /** The judge of histories finds those that cannot be. */
  @Test
  void history_thatCannotBe_isFound() {
    Operation lock = new Operation(Kind.LOCK, 0, 10, 1);
    Operation unlock = new Operation(Kind.UNLOCK, 20, 30, 0);
    Operation inside = new Operation(Kind.LOCK, 11, 19, 2);
    Operation around = new Operation(Kind.LOCK, 11, 25, 2);
    Operation unlockLater = new Operation(Kind.UNLOCK, 40, 50, 0);
    assertThat(history(List.of(lock, unlock), List.of(inside, unlockLater))).isFalse();
    assertThat(history(List.of(lock, unlock), List.of(around, unlockLater))).isTrue();
    Operation sameToken = new Operation(Kind.LOCK, 31, 32, 1);
    assertThat(history(List.of(lock, unlock), List.of(sameToken, unlockLater))).isFalse();
    Operation failedAfter = new Operation(Kind.TRY_FAILED, 31, 35, 0);
    Operation failedAround = new Operation(Kind.TRY_FAILED, 25, 35, 0);
    assertThat(history(List.of(lock, unlock), List.of(failedAfter))).isFalse();
    assertThat(history(List.of(lock, unlock), List.of(failedAround))).isTrue();
  }

  private static boolean history(List<Operation> one, List<Operation> other) {
    return new LockHistory(List.of(one, other)).isLinearizable();
  }

  /** Whenever the interrupt comes: who is told of it has nothing, and who is not has the lock. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void lock_interruptedAtAnyMoment_isHeldOrNot(boolean forATime) throws Exception {
    int rounds = LongForm.choose(300, 100);
    try (ProcessLock lock = manager.lock();
        SharedInt begun = SharedInt.create(0)) {
      int got = 0;
      for (int round = 0; round < rounds; round++) {
        lock.lock();
        begun.set(0);
        Actor actor = a().actor();
        Begun<Boolean> waiting = actor.begin(() -> {
          boolean has;
          begun.set(1);
          try {
            if (forATime) {
              has = lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS);
            } else {
              lock.lockInterruptibly();
              has = true;
            }
          } catch (InterruptedException e) {
            has = false;
          }
          assertThat(lock.isHeldByCurrentThread()).isEqualTo(has);
          if (has) {
            lock.unlock();
          }
          return has;
        });
        while (begun.get() == 0) {
          Thread.onSpinWait();
        }
        if (round % 3 == 0) {
          waiting.awaitWaiting();
        }
        FutureTask<Boolean> interrupting = new FutureTask<>(() -> {
          actor.interrupt();
          return true;
        });
        new Thread(interrupting, "interrupts").start();
        for (int i = 0; i < round % 10; i++) {
          Thread.yield();
        }
        lock.unlock();
        interrupting.get(LONG_MILLIS, TimeUnit.MILLISECONDS);
        got += waiting.value() ? 1 : 0;
        assertThat(lock.tryLock()).isTrue();
        lock.unlock();
      }
      assertThat(got)
          .as("%d rounds, of which in so many it had the lock", rounds)
          .isBetween(1, rounds - 1);
    }
  }

  @Test
  void named_sameName_sameThing() throws Exception {
    InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    ManagerOptions options =
        ManagerOptions.builder().hosted(true).address(anywhere).key(KEY).build();
    try (Manager first = Manager.start(options)) {
      InetSocketAddress address = (InetSocketAddress) first.address();
      first.lock("lock").lock();
      first.reentrantLock("again").lock();
      first.semaphore("semaphore", 3).acquire();
      first.boundedSemaphore("bounded", 3).acquire();
      first.event("event").set();
      first.countDownLatch("latch", 2).countDown();
      ChildProcess child = ChildProcess.start(() -> {
        try (Manager second = Manager.connect(address, KEY)) {
          assertThat(second.lock("lock").tryLock()).isFalse();
          assertThat(second.reentrantLock("again").tryLock()).isFalse();
          assertThat(second.semaphore("semaphore", 7).availablePermits()).isEqualTo(2);
          assertThat(second.boundedSemaphore("bounded", 7).bound()).hasValue(3);
          assertThat(second.boundedSemaphore("bounded", 7).availablePermits()).isEqualTo(2);
          assertThat(second.event("event").isSet()).isTrue();
          assertThat(second.countDownLatch("latch", 7).count()).isEqualTo(1);
          second.barrier("barrier", 2).await(LONG);
        }
      });
      assertThat(first.barrier("barrier", 2).await(LONG)).isBetween(0, 1);
      child.join();
      assertThat(child.exitCode()).hasValue(0);
      assertThatThrownBy(() -> first.reentrantLock("lock"))
          .isInstanceOf(ManagerException.class)
          .hasMessageContaining("\"lock\" is a lock, not a reentrantLock; use another name");
      assertThatThrownBy(() -> first.lock(null)).isInstanceOf(NullPointerException.class);
    }
  }

  /** The action is that of the handle with which the last one came. */
  @Test
  void barrier_namedWithAction_lastOnesActionIsRun() throws Exception {
    try (SharedInt ran = SharedInt.create(0);
        ProcessBarrier with = manager.barrier("acting", 2, ran::incrementAndGet);
        ProcessBarrier without = manager.barrier("acting", 2)) {
      Begun<Integer> first = a().begin(() -> with.await());
      Faults.awaitLong("one to wait").until(() -> with.waiting() == 1);
      assertThat(without.await()).isZero();
      assertThat(first.value()).isEqualTo(1);
      assertThat(ran.get()).isZero();
      first = a().begin(() -> without.await());
      Faults.awaitLong("one to wait").until(() -> with.waiting() == 1);
      assertThat(with.await()).isZero();
      assertThat(first.value()).isEqualTo(1);
      assertThat(ran.get()).isEqualTo(1);
    }
  }

  /** Who comes while others act waits for the next generation, which ends without those who went. */
  @Test
  void barrier_cameWhileOthersAct_isOfTheNextGeneration() throws Exception {
    try (SharedInt acting = SharedInt.create(0);
        ProcessBarrier barrier = manager.barrier(2, () -> {
          acting.incrementAndGet();
          while (acting.get() == 1) {
            Thread.onSpinWait();
          }
        })) {
      List<Begun<Integer>> first =
          List.of(a().begin(() -> barrier.await()), b().begin(() -> barrier.await()));
      Faults.awaitLong("the action to run").until(() -> acting.get() == 1);
      List<Begun<Integer>> next = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        next.add(parties.all().get(i).begin(() -> barrier.await(LONG)));
        next.get(i).assertWaits();
      }
      Actor third = b().actor();
      Begun<Integer> interrupted = third.begin(() -> barrier.await());
      interrupted.assertWaits();
      third.interrupt();
      assertThat(interrupted.failure()).isInstanceOf(InterruptedException.class);
      acting.incrementAndGet();
      List<Integer> numbers = new ArrayList<>();
      for (Begun<Integer> each : first) {
        numbers.add(each.value());
      }
      for (Begun<Integer> each : next) {
        numbers.add(each.value());
      }
      assertThat(numbers).containsExactlyInAnyOrder(0, 1, 0, 1);
      assertThat(barrier.isBroken()).isFalse();
    }
  }

  /** A reset while the action runs: the action was for nothing, and who came meanwhile has come for the generation after that. */
  @Test
  void barrier_resetWhileOthersAct_sendsThemAway() throws Exception {
    try (SharedInt acting = SharedInt.create(0);
        ProcessBarrier barrier = manager.barrier(2, () -> {
          acting.incrementAndGet();
          while (acting.get() == 1) {
            Thread.onSpinWait();
          }
        })) {
      List<Begun<Integer>> first =
          List.of(a().begin(() -> barrier.await()), b().begin(() -> barrier.await()));
      Faults.awaitLong("the action to run").until(() -> acting.get() == 1);
      Begun<Integer> early = a().begin(() -> barrier.await());
      early.assertWaits();
      barrier.reset();
      assertThat(barrier.isBroken()).isFalse();
      assertThat(barrier.waiting()).isEqualTo(1);
      acting.incrementAndGet();
      for (Begun<Integer> each : first) {
        assertThat(each.failure()).isInstanceOf(BrokenBarrierException.class);
      }
      assertThat(barrier.await()).isZero();
      assertThat(early.value()).isEqualTo(1);
    }
  }

  @Test
  void make_badNumber_saysWhat() {
    assertRefused(() -> manager.semaphore(-1), "permits: -1");
    assertRefused(() -> manager.boundedSemaphore(0), "permits: 0");
    assertRefused(() -> manager.barrier(0), "parties: 0");
    assertRefused(() -> manager.countDownLatch(-1), "count: -1");
  }

  /** When the server ends nobody gets what others had: all that wait are told that it is gone. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void server_endsWhileAllWait_allAreTold(boolean killed) throws Exception {
    for (int round = 0; round < (killed ? 1 : LongForm.choose(8, 3)); round++) {
      Manager ending = Manager.start(ManagerOptions.builder().hosted(!killed).build());
      ProcessLock lock = ending.lock();
      ProcessLock free = ending.lock();
      ProcessCondition condition = free.newCondition();
      ProcessSemaphore semaphore = ending.boundedSemaphore(1);
      ProcessEvent event = ending.event();
      ProcessBarrier barrier = ending.barrier(9);
      ProcessCountDownLatch latch = ending.countDownLatch(1);
      parties.all().get(round % 3).run(() -> {
        lock.lock();
        semaphore.acquire();
      });
      List<Action> waits = List.of(
          lock::lock,
          () -> lock.tryLock(1, TimeUnit.DAYS),
          () -> {
            free.lock();
            condition.await();
          },
          () -> semaphore.acquire(),
          event::await,
          () -> barrier.await(Duration.ofDays(1)),
          latch::await);
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : parties.all()) {
        for (Action wait : waits) {
          waiting.add(party.start(wait).awaitWaiting());
        }
      }
      long start = System.nanoTime();
      if (killed) {
        ChildProcess server = ChildProcess.activeChildren().stream()
            .filter(each -> each.name().equals("manager"))
            .findFirst()
            .orElseThrow();
        Faults.signal("KILL", server.pid());
      } else {
        ending.close();
      }
      for (Begun<Boolean> each : waiting) {
        assertThat(each.failure())
            .isInstanceOf(ManagerGoneException.class)
            .hasMessageContaining("the manager ");
      }
      assertThat(System.nanoTime() - start).isLessThan(LONG.toNanos());
      assertThatThrownBy(lock::isLocked).isInstanceOf(ManagerException.class);
      ending.close();
    }
  }
}
