// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.Pool;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What holds for the handles of all things alike: however they travel they are the same thing, until they are closed. */
abstract class HandleContract extends SyncContract {
  enum Kind {
    PLAIN_LOCK(Home::lock),
    REENTRANT_LOCK(Home::reentrantLock),
    READ_WRITE_LOCK(home -> ProcessReadWriteLock.create()),
    CONDITION(home -> home.lock().newCondition()),
    SEMAPHORE(home -> home.semaphore(1)),
    BOUNDED_SEMAPHORE(home -> home.boundedSemaphore(1)),
    RECOVERING_SEMAPHORE(home -> ProcessSemaphore.recovering(1)),
    EVENT(Home::event),
    BARRIER(home -> home.barrier(2)),
    BARRIER_WITH_ACTION(home -> home.barrier(2, () -> {})),
    LATCH(home -> home.countDownLatch(1));

    private final Make make;

    Kind(Make make) {
      this.make = make;
    }

    private interface Make {
      AutoCloseable make(Home home);
    }

    /** Makes one; skips the test if there are none there. */
    AutoCloseable make(Home home) {
      assumeTrue(home.isSharedMemory() || this != READ_WRITE_LOCK && this != RECOVERING_SEMAPHORE);
      return make.make(home);
    }
  }

  @ParameterizedTest
  @EnumSource
  void equals_copies_areOneThing(Kind kind) throws Exception {
    AutoCloseable handle = kind.make(home());
    AutoCloseable other = kind.make(home());
    AutoCloseable copy = copyOf(handle);
    assertThat(copy).isEqualTo(handle).hasSameHashCodeAs(handle).isNotEqualTo(other);
    assertThat(handle).isEqualTo(handle).isNotEqualTo(null).isNotEqualTo("");
    for (Party party : List.of(a(), b())) {
      AutoCloseable back = party.call(() -> handle);
      assertThat(back).isEqualTo(handle).hasSameHashCodeAs(handle);
    }
    handle.close();
    other.close();
  }

  /** However deep a handle lies in arguments and results, it comes as itself. */
  @ParameterizedTest
  @EnumSource
  void handle_nestedInArgumentAndResult_isTheSame(Kind kind) throws Exception {
    AutoCloseable handle = kind.make(home());
    AutoCloseable other = kind.make(home());
    Map<String, List<AutoCloseable>> argument = new HashMap<>();
    argument.put("handles", new ArrayList<>(List.of(handle, other, handle)));
    Map<String, List<AutoCloseable>> result = a().call(() -> {
      assertThat(argument.get("handles").get(0))
          .isEqualTo(argument.get("handles").get(2));
      assertThat(argument.get("handles").get(0))
          .isNotEqualTo(argument.get("handles").get(1));
      return argument;
    });
    assertThat(result.get("handles")).containsExactly(handle, other, handle);
    Holder holder = b().call(new Holder(handle, new AutoCloseable[] {other, handle})::itself);
    assertThat(holder.one).isEqualTo(handle);
    assertThat(holder.more).containsExactly(other, handle);
    handle.close();
    other.close();
  }

  /** Has handles in a field and in an array. */
  private record Holder(AutoCloseable one, AutoCloseable[] more) implements Serializable {
    Holder itself() {
      return this;
    }
  }

  /** What another party has made is usable here and by third parties. */
  @ParameterizedTest
  @EnumSource
  void handle_madeByAnotherParty_isUsable(Kind kind) throws Exception {
    kind.make(home()).close(); // skips the test if need be
    Home home = home();
    AutoCloseable handle = a().call(() -> kind.make(home));
    for (Party party : List.of(b(), master(), a())) {
      party.run(() -> use(handle));
    }
    use(handle);
    handle.close();
  }

  private static void use(Object handle) throws Exception {
    if (handle instanceof ProcessLock lock) {
      assertThat(lock.tryLock()).isTrue();
      lock.unlock();
    } else if (handle instanceof ProcessReadWriteLock lock) {
      assertThat(lock.readLock().tryLock()).isTrue();
      lock.readLock().unlock();
      use(lock.writeLock());
    } else if (handle instanceof ProcessCondition condition) {
      assertThatThrownBy(condition::signal).isInstanceOf(IllegalMonitorStateException.class);
    } else if (handle instanceof ProcessSemaphore semaphore) {
      assertThat(semaphore.tryAcquire()).isTrue();
      semaphore.release();
    } else if (handle instanceof ProcessEvent event) {
      event.set();
      event.await();
    } else if (handle instanceof ProcessBarrier barrier) {
      barrier.reset();
      assertThat(barrier.parties()).isEqualTo(2);
    } else if (handle instanceof ProcessCountDownLatch latch) {
      latch.countDown();
      latch.await();
    } else {
      throw new AssertionError(handle);
    }
  }

  private static List<Action> methodsOf(AutoCloseable handle) {
    if (handle instanceof ProcessLock lock) {
      return List.of(
          lock::lock,
          lock::lockInterruptibly,
          lock::tryLock,
          () -> lock.tryLock(1, TimeUnit.SECONDS),
          lock::unlock,
          lock::newCondition,
          lock::isLocked,
          lock::isHeldByCurrentThread,
          lock::holdCount,
          lock::fencingToken,
          lock::deadOwner);
    } else if (handle instanceof ProcessReadWriteLock lock) {
      return List.of(
          () -> lock.readLock().lock(),
          () -> lock.readLock().tryLock(),
          () -> lock.readLock().unlock(),
          () -> lock.writeLock().lock(),
          () -> lock.writeLock().tryLock(),
          lock::readLockCount,
          lock::readHoldCount,
          lock::deadWriter);
    } else if (handle instanceof ProcessCondition condition) {
      return List.of(
          condition::await,
          condition::awaitUninterruptibly,
          () -> condition.awaitNanos(1),
          () -> condition.await(1, TimeUnit.SECONDS),
          () -> condition.awaitUntil(new Date()),
          condition::signal,
          () -> condition.signal(1),
          condition::signalAll,
          condition::waiting);
    } else if (handle instanceof ProcessSemaphore semaphore) {
      return List.of(
          semaphore::acquire,
          () -> semaphore.acquire(1),
          () -> semaphore.acquireUninterruptibly(1),
          semaphore::tryAcquire,
          () -> semaphore.tryAcquire(BRIEF),
          semaphore::release,
          semaphore::drainPermits,
          semaphore::availablePermits);
    } else if (handle instanceof ProcessEvent event) {
      return List.of(
          event::isSet, event::set, event::clear, event::await, () -> event.await(BRIEF));
    } else if (handle instanceof ProcessBarrier barrier) {
      return List.of(
          barrier::await,
          () -> barrier.await(BRIEF),
          barrier::abort,
          barrier::reset,
          barrier::isBroken,
          barrier::waiting);
    } else if (handle instanceof ProcessCountDownLatch latch) {
      return List.of(latch::countDown, latch::count, latch::await, () -> latch.await(BRIEF));
    }
    throw new AssertionError(handle);
  }

  /** A closed handle is of no use for anything, but to be closed again; it cannot be passed on. */
  @ParameterizedTest
  @EnumSource
  void close_thenUse_isRefused(Kind kind) throws Exception {
    AutoCloseable handle = kind.make(home());
    List<Action> methods = methodsOf(handle);
    handle.close();
    handle.close();
    for (int i = 0; i < methods.size(); i++) {
      assertThatThrownBy(methods.get(i)::run)
          .as("method %d", i)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
    }
    assertThatThrownBy(() -> copyOf(handle)).isInstanceOf(IllegalStateException.class);
    assertThat(handle.toString()).isNotEmpty();
  }

  /** One handle that is closed leaves the others alone, and what they have begun. */
  @Test
  void close_oneOfSeveral_leavesTheOthersAlone() throws Exception {
    try (ProcessLock lock = home().reentrantLock();
        ProcessCondition condition = lock.newCondition();
        ProcessEvent event = home().event()) {
      ProcessLock copy = copyOf(lock);
      copy.lock();
      assertThat(lock.holdCount()).isEqualTo(1);
      lock.lock();
      assertThat(copy.holdCount()).isEqualTo(2);
      assertThat(copy.fencingToken()).isEqualTo(lock.fencingToken());
      copy.close();
      assertThat(lock.holdCount()).isEqualTo(2);
      assertThat(a().call(() -> lock.tryLock())).isFalse();
      lock.unlock();
      lock.unlock();
      assertThat(a().call(() -> lock.tryLock())).isTrue();
      a().run(lock::unlock);
      Begun<Boolean> waiting = a().start(event::await).awaitWaiting();
      copyOf(event).close();
      event.set();
      waiting.value();
      copyOf(condition).close();
      lock.lock();
      assertThat(condition.waiting()).isZero();
      lock.unlock();
    }
  }

  /** To close a lock is not to release it: another handle in the same process still holds it. */
  @Test
  void close_lockHeld_doesNotReleaseIt() throws Exception {
    ProcessLock lock = home().lock();
    ProcessLock copy = copyOf(lock);
    a().run(() -> {
      assertThat(copy.tryLock()).isTrue();
      copyOf(copy).close();
    });
    assertThat(lock.tryLock()).isFalse();
    a().run(copy::unlock);
    assertThat(lock.tryLock()).isTrue();
    lock.close();
    assertThat(copy.isHeldByCurrentThread()).isTrue();
    assertThat(copy.holdCount()).isEqualTo(1);
    copy.unlock();
    assertThat(copy.isLocked()).isFalse();
    copy.close();
  }

  /** To close the write lock is to close the pair. */
  @Test
  void close_writeLock_closesThePair() {
    ProcessReadWriteLock lock = ProcessReadWriteLock.create();
    lock.writeLock().close();
    assertThatThrownBy(lock::readLockCount).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> lock.readLock().lock()).isInstanceOf(IllegalStateException.class);
    lock.close();
  }

  /** The lock of a shared value is closed with it. */
  @Test
  void close_sharedValue_closesItsLock() {
    SharedInt value = SharedInt.create(0);
    ProcessLock lock = value.lock();
    value.close();
    assertThatThrownBy(lock::lock).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(value::lock).isInstanceOf(IllegalStateException.class);
  }

  /** As the documentation of the lock has it: captured by the function of a map. */
  @Test
  void lock_capturedByAMap_excludes() throws Exception {
    try (ProcessLock lock = home().lock();
        SharedInt count = SharedInt.create(0);
        Pool pool = parties().openPool()) {
      List<Integer> lines = new ArrayList<>();
      for (int i = 0; i < 500; i++) {
        lines.add(i);
      }
      List<Integer> seen = pool.map(
          line -> {
            lock.lock();
            try {
              count.setPlain(count.getPlain() + 1);
              return count.getPlain();
            } finally {
              lock.unlock();
            }
          },
          lines);
      assertThat(seen).doesNotHaveDuplicates().hasSize(500);
      assertThat(count.get()).isEqualTo(500);
    }
  }

  /** As an argument, as a result, and captured by a lambda in an argument. */
  @Test
  void handle_inTasksOfAPool_isTheSame() throws Exception {
    try (Pool pool = parties().openPool();
        ProcessSemaphore semaphore = home().boundedSemaphore(10)) {
      List<ProcessSemaphore> back = pool.map(
          each -> {
            each.acquire();
            return each;
          },
          List.of(semaphore, semaphore, semaphore));
      assertThat(back).containsExactly(semaphore, semaphore, semaphore);
      assertThat(semaphore.availablePermits()).isEqualTo(7);
      Home home = home();
      ProcessEvent event = pool.apply(() -> home.event());
      Action set = event::set;
      pool.apply(
          action -> {
            action.run();
            return true;
          },
          set);
      assertThat(event.isSet()).isTrue();
      event.close();
    }
  }
}
