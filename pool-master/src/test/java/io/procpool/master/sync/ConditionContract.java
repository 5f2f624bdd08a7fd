// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.process.Faults.LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.Task;
import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedIntArray;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The contract of {@link ProcessCondition}. */
abstract class ConditionContract extends SyncContract {
  private static final int WAITERS = 10;

  /** Threads of all parties that wait, one after the other, and note in which order they go on. */
  private final class Row implements AutoCloseable {
    private final ProcessLock lock;
    private final ProcessCondition condition;
    private final SharedInt gone = SharedInt.create(0);
    private final SharedIntArray order = SharedIntArray.create(WAITERS);
    private final List<Begun<Boolean>> waiting = new ArrayList<>();

    Row(ProcessLock lock, ProcessCondition condition) {
      this.lock = lock;
      this.condition = condition;
    }

    void add(int count) throws Exception {
      int before = locked(lock, condition::waiting);
      for (int i = 0; i < count; i++) {
        Party party = parties().all().get(waiting.size() % 3);
        waiting.add(party.start(waiter(waiting.size() + 1)));
        awaitWaiting(lock, condition, before + i + 1);
      }
    }

    private Action waiter(int number) {
      ProcessLock itsLock = lock;
      ProcessCondition itsCondition = condition;
      SharedInt goneByNow = gone;
      SharedIntArray itsOrder = order;
      return () -> {
        itsLock.lock();
        try {
          if (number % 2 == 0) {
            itsCondition.await();
          } else {
            assertThat(itsCondition.await(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
          }
          itsOrder.set(goneByNow.getPlain(), number);
          goneByNow.set(goneByNow.getPlain() + 1);
        } finally {
          itsLock.unlock();
        }
      };
    }

    /** Checks that so many go on, those that came first, and no more. */
    void assertGone(int count) throws Exception {
      Faults.awaitLong(count + " to go on").until(() -> gone.get() >= count);
      long end = System.nanoTime() + BRIEF_NANOS / 2;
      do {
        assertThat(gone.get()).isEqualTo(count);
      } while (System.nanoTime() < end);
      List<Integer> seen = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        seen.add(order.get(i));
      }
      assertThat(seen)
          .containsExactlyInAnyOrderElementsOf(
              IntStream.rangeClosed(1, count).boxed().toList());
    }

    void assertAllGone() throws Exception {
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
      assertThat(gone.get()).isEqualTo(waiting.size());
    }

    @Override
    public void close() {
      gone.close();
      order.close();
    }
  }

  static void awaitWaiting(ProcessLock lock, ProcessCondition condition, int count) {
    Faults.awaitLong(count + " to wait").until(() -> locked(lock, condition::waiting) == count);
  }

  static <T> T locked(ProcessLock lock, Task<T> task) throws Exception {
    lock.lock();
    try {
      return task.call();
    } finally {
      lock.unlock();
    }
  }

  static void lockedRun(ProcessLock lock, Action action) throws Exception {
    locked(lock, () -> {
      action.run();
      return true;
    });
  }

  /** A signal is for exactly as many as it says, those that have waited longest, of whatever parties. */
  @ParameterizedTest
  @EnumSource(names = {"PLAIN", "WRITE"})
  void signal_tenWait_letsExactlySoManyGoOn(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        ProcessCondition condition = lock.newCondition();
        Row row = new Row(lock, condition)) {
      row.add(WAITERS);
      assertThat(locked(lock, () -> condition.signal(0))).isZero();
      row.assertGone(0);
      assertThat(a().<Integer>call(() -> locked(lock, () -> condition.signal(1))))
          .isEqualTo(1);
      row.assertGone(1);
      assertThat(locked(lock, condition::waiting)).isEqualTo(WAITERS - 1);
      b().run(() -> lockedRun(lock, condition::signal));
      row.assertGone(2);
      assertThat(locked(lock, () -> condition.signal(3))).isEqualTo(3);
      row.assertGone(5);
      assertThat(b().<Integer>call(() -> locked(lock, () -> condition.signal(4))))
          .isEqualTo(4);
      row.assertGone(9);
      assertThat(locked(lock, () -> condition.signal(100))).isEqualTo(1);
      row.assertAllGone();
      assertThat(locked(lock, () -> condition.signal(1))).isZero();
      assertThat(locked(lock, condition::waiting)).isZero();
    }
  }

  /** Who comes when others have gone is the last one, wherever it finds a place. */
  @Test
  void signal_othersCameMeanwhile_letsTheLongestWaitingGoOn() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition();
        Row row = new Row(lock, condition)) {
      row.add(3);
      for (int gone = 1; gone < WAITERS - 3; gone++) {
        assertThat(locked(lock, () -> condition.signal(1))).isEqualTo(1);
        row.assertGone(gone);
        row.add(1);
      }
      lockedRun(lock, condition::signalAll);
      row.assertAllGone();
    }
  }

  @ParameterizedTest
  @EnumSource
  void signalAll_letsAllGoOn(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        ProcessCondition condition = lock.newCondition();
        Row row = new Row(lock, condition)) {
      a().run(() -> lockedRun(lock, condition::signalAll)); // for nobody
      row.add(WAITERS);
      a().run(() -> lockedRun(lock, condition::signalAll));
      row.assertAllGone();
    }
  }

  /** Nobody goes on before who signals has released the lock; signals under one hold add up. */
  @Test
  void signal_lockStillHeld_waitersWaitForIt() throws Exception {
    try (ProcessLock lock = home().reentrantLock();
        ProcessCondition condition = lock.newCondition();
        Row row = new Row(lock, condition)) {
      row.add(5);
      lock.lock();
      condition.signal();
      assertThat(condition.waiting()).isEqualTo(4);
      assertThat(condition.signal(2)).isEqualTo(2);
      assertThat(condition.waiting()).isEqualTo(2);
      row.assertGone(0);
      lock.unlock();
      row.assertGone(3);
      lockedRun(lock, condition::signalAll);
      row.assertAllGone();
    }
  }

  @Test
  void signal_beforeAnybodyWaits_isForNobody() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      assertThat(locked(lock, () -> condition.signal(5))).isZero();
      Begun<Boolean> waiting = a().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 1);
      waiting.assertWaits();
      lockedRun(lock, condition::signal);
      waiting.value();
    }
  }

  @Test
  void signal_negative_isRefused() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      lockedRun(lock, () -> assertRefused(() -> condition.signal(-1), "count: -1"));
    }
  }

  /** Conditions of one lock have nothing to do with each other. */
  @Test
  void signal_ofAnotherCondition_isForNobodyHere() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition one = lock.newCondition();
        ProcessCondition other = lock.newCondition()) {
      Begun<Boolean> waiting = a().start(() -> lockedRun(lock, one::await));
      awaitWaiting(lock, one, 1);
      assertThat(locked(lock, other::waiting)).isZero();
      assertThat(locked(lock, () -> other.signal(1))).isZero();
      lockedRun(lock, other::signalAll);
      waiting.assertWaits();
      assertThat(locked(lock, () -> one.signal(1))).isEqualTo(1);
      waiting.value();
    }
  }

  @ParameterizedTest
  @EnumSource
  void allMethods_lockNotHeld_areRefused(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        ProcessCondition condition = lock.newCondition()) {
      for (Party party : parties().all()) {
        party.run(() -> assertNotHolding(condition));
      }
      a().run(lock::lock);
      b().run(() -> assertNotHolding(condition));
      a().actor().run(() -> assertNotHolding(condition));
      assertThat(a().call(lock::holdCount)).isEqualTo(1);
      a().run(lock::unlock);
    }
  }

  private static void assertNotHolding(ProcessCondition condition) {
    List<Action> all = List.of(
        condition::await,
        condition::awaitUninterruptibly,
        () -> condition.awaitNanos(1),
        () -> condition.await(1, TimeUnit.SECONDS),
        () -> condition.awaitUntil(new Date(0)),
        () -> condition.awaitTrue(() -> false),
        () -> condition.awaitTrue(() -> false, BRIEF),
        condition::signal,
        () -> condition.signal(1),
        () -> condition.signal(0),
        condition::signalAll,
        condition::waiting);
    for (Action each : all) {
      assertThatThrownBy(each::run).isInstanceOf(IllegalMonitorStateException.class);
    }
  }

  /** Who waits releases the lock, however often it is held, and has it as often again afterwards. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "PLAIN")
  void await_heldSeveralTimes_releasesAndGetsAllBack(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        ProcessCondition condition = lock.newCondition()) {
      Actor actor = a().actor();
      List<Action> waits = List.of(
          condition::await,
          condition::awaitUninterruptibly,
          () -> condition.awaitNanos(Long.MAX_VALUE),
          () -> condition.await(LONG_MILLIS, TimeUnit.MILLISECONDS),
          () -> condition.awaitUntil(new Date(Long.MAX_VALUE)),
          () -> condition.awaitNanos(1000),
          () -> condition.await(-1, TimeUnit.SECONDS),
          () -> condition.awaitUntil(new Date(0)),
          () -> assertInterrupted(condition::await));
      for (Action wait : waits) {
        Begun<Boolean> waiting = actor.start(() -> {
          lock.lock();
          lock.lock();
          lock.lock();
          wait.run();
          assertThat(lock.holdCount()).isEqualTo(3);
          lock.unlock();
          lock.unlock();
          assertThat(lock.isHeldByCurrentThread()).isTrue();
          lock.unlock();
          assertThat(lock.isHeldByCurrentThread()).isFalse();
        });
        if (waits.indexOf(wait) < 5) {
          awaitWaiting(lock, condition, 1);
          assertThat(b().call(() -> lock.tryLock())).isTrue();
          b().run(condition::signal);
          waiting.assertWaits();
          b().run(lock::unlock);
        }
        waiting.value();
        assertThat(lock.isLocked()).isFalse();
      }
    }
  }

  /** A hold that goes on after a wait has a larger number than those that others had meanwhile. */
  @ParameterizedTest
  @EnumSource
  void fencingToken_afterAWait_isLargerThanThoseBetween(LockKind kind) throws Exception {
    try (ProcessLock lock = kind.make(home());
        ProcessCondition condition = lock.newCondition()) {
      Begun<List<Long>> waiting = a().begin(() -> locked(lock, () -> {
        long before = lock.fencingToken();
        condition.await();
        return List.of(before, lock.fencingToken());
      }));
      awaitWaiting(lock, condition, 1);
      long between = b().call(() -> locked(lock, () -> {
        condition.signal();
        return lock.fencingToken();
      }));
      List<Long> around = waiting.value();
      assertThat(around.get(0)).isLessThan(between);
      assertThat(around.get(1)).isGreaterThan(between);
    }
  }

  @Test
  void awaitWithTime_noSignal_lastsItsTime() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      for (Party party : parties().all()) {
        party.run(() -> lockedRun(lock, () -> {
          assertThat(notEarly(() -> condition.awaitNanos(BRIEF_NANOS))).isNotPositive();
          assertThat(notEarly(() -> condition.await(BRIEF.toMillis(), TimeUnit.MILLISECONDS)))
              .isFalse();
          assertThat(notEarly(() -> condition.awaitTrue(() -> false, BRIEF))).isFalse();
          long until = System.currentTimeMillis() + BRIEF.toMillis();
          assertThat(condition.awaitUntil(new Date(until))).isFalse();
          assertThat(System.currentTimeMillis()).isGreaterThanOrEqualTo(until);
          assertThat(condition.awaitNanos(0)).isNotPositive();
          assertThat(condition.awaitNanos(Long.MIN_VALUE)).isNotPositive();
          assertThat(condition.await(0, TimeUnit.DAYS)).isFalse();
          assertThat(condition.await(Long.MIN_VALUE, TimeUnit.DAYS)).isFalse();
          assertThat(condition.awaitUntil(new Date(Long.MIN_VALUE))).isFalse();
          assertThat(condition.waiting()).isZero();
          assertThat(lock.isHeldByCurrentThread()).isTrue();
        }));
      }
    }
  }

  /** Who waits for a time and is signalled is told so, and what time is left; however long the time was. */
  @Test
  void awaitWithTime_signal_tellsSo() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      long nanos = LONG.toNanos();
      List<Begun<Boolean>> waiting = new ArrayList<>();
      waiting.add(a().begin(() -> {
        long left = locked(lock, () -> condition.awaitNanos(nanos));
        assertThat(left).isPositive().isLessThan(nanos);
        return true;
      }));
      waiting.add(b().begin(() -> locked(lock, () -> condition.awaitNanos(Long.MAX_VALUE)) > 0));
      waiting.add(a().begin(
              () -> locked(lock, () -> condition.await(Long.MAX_VALUE, TimeUnit.DAYS))));
      waiting.add(b().begin(
              () -> locked(lock, () -> condition.awaitUntil(new Date(Long.MAX_VALUE)))));
      waiting.add(master()
          .begin(() -> locked(
              lock,
              () -> condition.awaitUntil(new Date(System.currentTimeMillis() + LONG_MILLIS)))));
      awaitWaiting(lock, condition, waiting.size());
      waiting.get(1).assertWaits();
      lockedRun(lock, condition::signalAll);
      for (Begun<Boolean> each : waiting) {
        assertThat(each.value()).isTrue();
      }
    }
  }

  /** Whose time is up is not counted, and no signal is for it. */
  @Test
  void signal_whoWaitedLongestIsGone_isForTheNext() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      for (Party leaving : parties().all()) {
        Actor interrupted = leaving.actor();
        Begun<Boolean> first = leaving.begin(
            () -> locked(lock, () -> condition.await(BRIEF_NANOS, TimeUnit.NANOSECONDS)));
        Begun<Boolean> second = interrupted.start(() -> lockedRun(lock, condition::await));
        Faults.awaitLong("both to wait or be gone")
            .until(() -> locked(lock, condition::waiting) == 2 || first.isDone());
        Begun<Boolean> third = b().start(() -> lockedRun(lock, condition::await));
        assertThat(first.value()).isFalse();
        awaitWaiting(lock, condition, 2);
        second.awaitWaiting();
        interrupted.interrupt();
        assertThat(second.failure()).isInstanceOf(InterruptedException.class);
        assertThat(locked(lock, condition::waiting)).isEqualTo(1);
        assertThat(locked(lock, () -> condition.signal(2))).isEqualTo(1);
        third.value();
      }
    }
  }

  /** Who is interrupted has the lock when it is told, and no signal is lost with it. */
  @Test
  void await_interruptedBefore_throwsAndHoldsTheLock() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      for (Party party : parties().all()) {
        party.run(() -> lockedRun(lock, () -> {
          assertInterrupted(condition::await);
          assertInterrupted(() -> condition.awaitNanos(LONG.toNanos()));
          assertInterrupted(() -> condition.await(LONG_MILLIS, TimeUnit.MILLISECONDS));
          assertInterrupted(() -> condition.awaitUntil(new Date(Long.MAX_VALUE)));
          assertInterrupted(() -> condition.awaitTrue(() -> false));
          assertInterrupted(() -> condition.awaitTrue(() -> false, LONG));
          assertThat(lock.holdCount()).isEqualTo(1);
          assertThat(condition.waiting()).isZero();
        }));
      }
    }
  }

  @Test
  void await_interruptedWhileWaiting_throwsWithTheLockHeld() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      List<Task<Boolean>> waits = List.of(
          () -> {
            condition.await();
            return true;
          },
          () -> condition.awaitNanos(Long.MAX_VALUE) > 0,
          () -> condition.await(LONG_MILLIS, TimeUnit.MILLISECONDS),
          () -> condition.awaitUntil(new Date(Long.MAX_VALUE)));
      for (Party party : parties().all()) {
        for (Task<Boolean> wait : waits) {
          Actor actor = party.actor();
          Begun<Boolean> waiting = actor.start(() -> {
            lock.lock();
            try {
              assertThatThrownBy(wait::call).isInstanceOf(InterruptedException.class);
              assertThat(lock.holdCount()).isEqualTo(1);
            } finally {
              lock.unlock();
            }
          });
          awaitWaiting(lock, condition, 1);
          waiting.awaitWaiting();
          lock.lock();
          actor.interrupt();
          waiting.assertWaits(); // for the lock
          lock.unlock();
          waiting.value();
          assertThat(locked(lock, condition::waiting)).isZero();
        }
      }
    }
  }

  /** An interrupt that comes after the signal does not undo it, and is kept. */
  @Test
  void await_interruptedAfterTheSignal_returnsAndStaysInterrupted() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      for (Party party : parties().all()) {
        Actor actor = party.actor();
        Begun<Boolean> waiting = actor.begin(() -> {
          lockedRun(lock, condition::await);
          return Thread.interrupted();
        });
        Begun<Boolean> next = b().start(() -> {
          awaitWaiting(lock, condition, 1);
          lockedRun(lock, condition::await);
        });
        awaitWaiting(lock, condition, 2);
        lock.lock();
        assertThat(condition.signal(1)).isEqualTo(1);
        actor.interrupt();
        waiting.assertWaits();
        lock.unlock();
        assertThat(waiting.value()).isTrue();
        next.assertWaits();
        lockedRun(lock, condition::signal);
        next.value();
      }
    }
  }

  @Test
  void awaitUninterruptibly_interrupted_waitsOnAndStaysInterrupted() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      for (Party party : parties().all()) {
        Actor actor = party.actor();
        Begun<Boolean> waiting = actor.begin(() -> {
          lockedRun(lock, condition::awaitUninterruptibly);
          return Thread.interrupted();
        });
        awaitWaiting(lock, condition, 1);
        waiting.awaitWaiting();
        actor.interrupt();
        waiting.assertWaits();
        assertThat(locked(lock, condition::waiting)).isEqualTo(1);
        lockedRun(lock, condition::signal);
        assertThat(waiting.value()).isTrue();
        Begun<Boolean> interruptedBefore = actor.begin(() -> {
          Thread.currentThread().interrupt();
          lockedRun(lock, condition::awaitUninterruptibly);
          return Thread.interrupted();
        });
        awaitWaiting(lock, condition, 1);
        interruptedBefore.assertWaits();
        lockedRun(lock, condition::signal);
        assertThat(interruptedBefore.value()).isTrue();
      }
    }
  }

  @Test
  void awaitTrue_returnsWhenItIs() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition();
        SharedInt value = SharedInt.create(0);
        SharedInt asked = SharedInt.create(0)) {
      a().run(() -> lockedRun(lock, () -> {
        condition.awaitTrue(() -> true);
        assertThat(condition.awaitTrue(() -> true, Duration.ZERO)).isTrue();
        assertThat(condition.awaitTrue(() -> true, BRIEF.negated())).isTrue();
        assertThat(condition.awaitTrue(() -> false, Duration.ZERO)).isFalse();
        assertThat(condition.awaitTrue(() -> false, Duration.ofSeconds(Long.MIN_VALUE)))
            .isFalse();
      }));
      List<Begun<Boolean>> waiting = List.of(
          a().start(() -> lockedRun(
              lock,
              () -> condition.awaitTrue(() -> {
                asked.setPlain(asked.getPlain() + 1);
                return value.getPlain() == 2;
              }))),
          b().begin(() -> locked(
              lock,
              () -> condition.awaitTrue(
                  () -> value.getPlain() == 2, Duration.ofSeconds(Long.MAX_VALUE)))));
      awaitWaiting(lock, condition, 2);
      assertThat(asked.get()).isEqualTo(1);
      lockedRun(lock, () -> {
        value.setPlain(1);
        condition.signalAll();
      });
      awaitWaiting(lock, condition, 2);
      waiting.get(0).assertWaits();
      assertThat(asked.get()).isEqualTo(2);
      lockedRun(lock, () -> {
        value.setPlain(2);
        condition.signalAll();
      });
      assertThat(waiting.get(0).value()).isTrue();
      assertThat(waiting.get(1).value()).isTrue();
      assertThat(asked.get()).isEqualTo(3);
    }
  }

  /** Producers and consumers of all parties hand over all they have, each once, and nobody is forgotten. */
  @ParameterizedTest
  @EnumSource
  void signal_boundedBuffer_losesNothing(LockKind kind) throws Exception {
    int perThread = LongForm.choose(500, 200);
    int capacity = 4;
    try (ProcessLock lock = kind.make(home());
        ProcessCondition notFull = lock.newCondition();
        ProcessCondition notEmpty = lock.newCondition();
        SharedIntArray buffer = SharedIntArray.create(capacity);
        SharedInt size = SharedInt.create(0);
        SharedIntArray taken = SharedIntArray.create(3 * perThread)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (int number = 0; number < 3; number++) {
        int first = number * perThread;
        running.add(parties().all().get(number).start(() -> {
          for (int i = first; i < first + perThread; i++) {
            lock.lock();
            try {
              assertThat(notFull.awaitTrue(() -> size.getPlain() < capacity, LONG))
                  .isTrue();
              buffer.setPlain(size.getPlain(), i);
              size.setPlain(size.getPlain() + 1);
              notEmpty.signal();
            } finally {
              lock.unlock();
            }
          }
        }));
        running.add(parties().all().get(number).start(() -> {
          for (int i = 0; i < perThread; i++) {
            lock.lock();
            try {
              assertThat(notEmpty.awaitTrue(() -> size.getPlain() > 0, LONG)).isTrue();
              size.setPlain(size.getPlain() - 1);
              taken.getAndAdd(buffer.getPlain(size.getPlain()), 1);
              notFull.signal();
            } finally {
              lock.unlock();
            }
          }
        }));
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(taken.toArray()).containsOnly(1);
    }
  }

  /** More may wait than have a place each. */
  @Test
  void awaitTrue_moreThanThereArePlaces_allGoOn() throws Exception {
    int threads = 520;
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition();
        SharedInt value = SharedInt.create(0);
        SharedInt there = SharedInt.create(0)) {
      List<Begun<Boolean>> waiting = new ArrayList<>();
      for (Party party : List.of(a(), b())) {
        waiting.add(party.start(() -> {
          List<Thread> all = new ArrayList<>();
          SharedInt ended = SharedInt.create(0);
          for (int i = 0; i < threads / 2; i++) {
            Thread thread = new Thread(() -> {
              lock.lock();
              try {
                there.incrementAndGet();
                if (condition.awaitTrue(() -> value.getPlain() == 1, LONG)) {
                  ended.incrementAndGet();
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              } finally {
                lock.unlock();
              }
            });
            thread.setDaemon(true);
            thread.start();
            all.add(thread);
          }
          for (Thread thread : all) {
            thread.join(LONG_MILLIS);
          }
          assertThat(ended.get()).isEqualTo(threads / 2);
        }));
      }
      Faults.awaitLong("all to be there").until(() -> there.get() == threads);
      lockedRun(lock, () -> {
        value.setPlain(1);
        condition.signalAll();
      });
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
    }
  }

  /** A condition that was passed with its lock is the same one, however it came. */
  @Test
  void handle_ofACopy_isTheSame() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = lock.newCondition()) {
      ProcessCondition copy = copyOf(condition);
      ProcessLock lockCopy = copyOf(lock);
      Begun<Boolean> waiting = a().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lockCopy, copy, 1);
      assertThat(locked(lock, () -> copy.signal(1))).isEqualTo(1);
      waiting.value();
      assertThat(copy).isEqualTo(condition).hasSameHashCodeAs(condition);
      assertThat(copyOf(new Pair(lock, condition)).condition).isEqualTo(condition);
    }
  }

  private record Pair(ProcessLock lock, ProcessCondition condition) implements Serializable {}

  /** A condition made in a worker is one for all. */
  @Test
  void newCondition_byAnotherParty_isUsable() throws Exception {
    try (ProcessLock lock = home().lock();
        ProcessCondition condition = a().call(lock::newCondition)) {
      Begun<Boolean> waiting = b().start(() -> lockedRun(lock, condition::await));
      awaitWaiting(lock, condition, 1);
      lockedRun(lock, condition::signal);
      waiting.value();
    }
  }
}
