// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.shared.SharedLongArray;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** The contract of {@link ProcessReadWriteLock}; that of its write lock alone is that of every {@link LockKind}. */
abstract class ReadWriteLockContract extends SyncContract {
  private static final int ROUNDS = 500;

  @Test
  void readLock_allPartiesAtATime_share() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      int readers = 0;
      for (Party party : parties().all()) {
        party.run(() -> lock.readLock().lock());
        party.actor().run(() -> assertThat(lock.readLock().tryLock()).isTrue());
        readers += 2;
        assertThat(lock.readLockCount()).isEqualTo(readers);
        assertThat(party.call(lock::readHoldCount)).isEqualTo(1);
      }
      assertThat(lock.readHoldCount()).isZero();
      for (Party party : parties().all()) {
        assertThat(party.actor().call(() -> lock.writeLock().tryLock())).isFalse();
      }
      assertThat(lock.writeLock().isLocked()).isFalse();
    }
  }

  /** As long as nobody writes or wants to, nobody is ever told that it cannot read, however many come at a time. */
  @Test
  void readLock_noWriter_isAlwaysToBeHad() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        for (int thread = 0; thread < 3; thread++) {
          running.add(party.start(() -> {
            for (int i = 0; i < ROUNDS; i++) {
              assertThat(lock.readLock().tryLock()).isTrue();
              assertThat(lock.readHoldCount()).isEqualTo(1);
              lock.readLock().unlock();
            }
          }));
        }
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(lock.readLockCount()).isZero();
    }
  }

  /** At most 500 threads read at a time; one more waits until one of them leaves. */
  @Test
  void readLock_moreReadersThanPlaces_waits() throws Exception {
    int places = 500;
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create();
        SharedInt leaving = SharedInt.create(0)) {
      Begun<Boolean> readers = a().start(() -> {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < places; i++) {
          int number = i;
          Thread thread = new Thread(() -> {
            lock.readLock().lock();
            while (leaving.get() <= number) {
              LockSupport.parkNanos(5_000_000);
            }
            lock.readLock().unlock();
          });
          thread.setDaemon(true);
          thread.start();
          threads.add(thread);
        }
        for (Thread thread : threads) {
          thread.join(LONG_MILLIS);
        }
      });
      Faults.awaitLong("all places to be taken").until(() -> lock.readLockCount() == places);
      assertThat(lock.readLock().tryLock()).isFalse();
      assertThat(notEarly(() -> lock.readLock().tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      Begun<Boolean> waiting = b().start(() -> lock.readLock().lock());
      waiting.assertWaits();
      leaving.set(1);
      waiting.value();
      leaving.set(places);
      readers.value();
      assertThat(lock.readLockCount()).isEqualTo(1);
      assertThat(lock.writeLock().tryLock()).isFalse();
    }
  }

  /** A writer gets the lock when the last reader, of any party, has left. */
  @Test
  void writeLock_readersThere_waitsForAll() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party party : parties().all()) {
        party.run(() -> lock.readLock().lock());
      }
      Begun<Boolean> writer = b().start(() -> {
        lock.writeLock().lock();
        lock.writeLock().unlock();
      });
      writer.assertWaits();
      assertThat(notEarly(() -> lock.writeLock().tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      a().run(() -> lock.readLock().unlock());
      b().run(() -> lock.readLock().unlock());
      writer.assertWaits();
      master().run(() -> lock.readLock().unlock());
      writer.value();
      assertThat(lock.readLockCount()).isZero();
    }
  }

  @Test
  void writeLock_held_keepsReadersAndWritersOut() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party owner : parties().all()) {
        owner.run(() -> lock.writeLock().lock());
        List<Begun<Boolean>> waiting = new ArrayList<>();
        for (Party party : parties().all()) {
          Actor other = party.actor();
          assertThat(other.call(() -> lock.readLock().tryLock())).isFalse();
          assertThat(other.call(() -> lock.writeLock().tryLock())).isFalse();
          assertThat(other.call(() -> lock.readLock().tryLock(0, TimeUnit.DAYS)))
              .isFalse();
          waiting.add(other.start(() -> {
            lock.readLock().lock();
            lock.readLock().unlock();
          }));
        }
        assertThat(b().actor()
                .call(() -> notEarly(
                    () -> lock.readLock().tryLock(BRIEF.toMillis(), TimeUnit.MILLISECONDS))))
            .isFalse();
        for (Begun<Boolean> each : waiting) {
          each.awaitWaiting();
        }
        owner.run(() -> lock.writeLock().unlock());
        for (Begun<Boolean> each : waiting) {
          each.value();
        }
      }
      assertThat(lock.readLockCount()).isZero();
    }
  }

  /** As long as a writer waits nobody begins to read; who reads already may go deeper. When it gives up, all is as before. */
  @Test
  void readLock_writerWaits_isKeptFromNewReaders() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      a().run(() -> lock.readLock().lock());
      Actor writer = b().actor();
      Begun<Boolean> writing = writer.start(() -> lock.writeLock().lockInterruptibly());
      writing.assertWaits();
      for (Party party : parties().all()) {
        assertThat(party
                .actor()
                .call(() -> lock.readLock().tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
      }
      a().run(() -> {
        lock.readLock().lock();
        assertThat(lock.readHoldCount()).isEqualTo(2);
        lock.readLock().unlock();
      });
      Begun<Boolean> reader = b().start(() -> {
        lock.readLock().lock();
        lock.readLock().unlock();
      });
      reader.assertWaits();
      writer.interrupt();
      assertThat(writing.failure()).isInstanceOf(InterruptedException.class);
      reader.value();
      assertThat(lock.readLock().tryLock()).isTrue();
      lock.readLock().unlock();
      assertThat(b().call(() -> lock.writeLock().tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      assertThat(master().call(() -> lock.readLock().tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)))
          .isTrue(); // the writer's time was up
      master().run(() -> lock.readLock().unlock());
      a().run(() -> lock.readLock().unlock());
      assertThat(lock.writeLock().tryLock()).isTrue();
      lock.writeLock().unlock();
    }
  }

  @Test
  void bothLocks_areReentrant() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      a().run(() -> {
        Lock read = lock.readLock();
        read.lock();
        read.lockInterruptibly();
        assertThat(read.tryLock()).isTrue();
        assertThat(read.tryLock(1, TimeUnit.SECONDS)).isTrue();
        assertThat(lock.readHoldCount()).isEqualTo(4);
      });
      assertThat(lock.readLockCount()).isEqualTo(4);
      for (int i = 0; i < 4; i++) {
        assertThat(lock.writeLock().tryLock()).isFalse();
        a().run(() -> lock.readLock().unlock());
      }
      a().run(() -> {
        lock.writeLock().lock();
        lock.writeLock().lock();
        assertThat(lock.writeLock().holdCount()).isEqualTo(2);
        lock.writeLock().unlock();
      });
      assertThat(lock.readLock().tryLock()).isFalse();
      a().run(() -> lock.writeLock().unlock());
      assertThat(lock.readLock().tryLock()).isTrue();
      lock.readLock().unlock();
    }
  }

  /** A writer may read, and go on reading when it has stopped to write: nobody else wrote in between. */
  @Test
  void downgrade_writerReads_keepsReading() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      a().run(() -> {
        lock.writeLock().lock();
        lock.readLock().lock();
        assertThat(lock.readLock().tryLock()).isTrue();
        assertThat(lock.readHoldCount()).isEqualTo(2);
        lock.readLock().unlock();
      });
      Begun<Boolean> writer = b().start(() -> {
        lock.writeLock().lock();
        lock.writeLock().unlock();
      });
      writer.assertWaits();
      assertThat(lock.readLock().tryLock()).isFalse();
      a().run(() -> lock.writeLock().unlock());
      writer.assertWaits();
      assertThat(lock.readLockCount()).isEqualTo(1);
      a().run(() -> lock.readLock().unlock());
      writer.value();
      a().run(() -> {
        lock.writeLock().lock();
        lock.readLock().lock();
        lock.writeLock().unlock();
      });
      master().run(() -> lock.readLock().lock());
      assertThat(lock.readLockCount()).isEqualTo(2);
      a().run(() -> lock.readLock().unlock());
      master().run(() -> lock.readLock().unlock());
    }
  }

  /** A reader that wants to write would wait for itself: it fails at once and goes on reading. */
  @Test
  void upgrade_isAnError() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party party : parties().all()) {
        party.run(() -> {
          lock.readLock().lock();
          assertUpgradeRefused(() -> lock.writeLock().lock());
          assertUpgradeRefused(() -> lock.writeLock().lockInterruptibly());
          assertUpgradeRefused(() -> lock.writeLock().tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS));
          assertThat(lock.readHoldCount()).isEqualTo(1);
          assertThat(lock.writeLock().isHeldByCurrentThread()).isFalse();
        });
        assertThat(lock.readLockCount()).isEqualTo(1);
        party.run(() -> lock.readLock().unlock());
        assertThat(lock.writeLock().tryLock()).isTrue();
        lock.writeLock().unlock();
      }
    }
  }

  private static void assertUpgradeRefused(ThrowingCallable upgrade) {
    assertThatThrownBy(upgrade)
        .isInstanceOfAny(IllegalMonitorStateException.class, IllegalStateException.class);
  }

  @Test
  void unlock_notHeldByThisThread_isRefusedAndChangesNothing() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party party : parties().all()) {
        party.run(() -> assertNotReading(lock));
      }
      a().run(() -> lock.readLock().lock());
      for (Party party : List.of(b(), master())) {
        party.run(() -> assertNotReading(lock));
      }
      a().actor().run(() -> assertNotReading(lock));
      assertThat(lock.readLockCount()).isEqualTo(1);
      a().run(() -> lock.readLock().unlock());
      a().run(() -> lock.writeLock().lock());
      a().run(() -> assertNotReading(lock));
      b().run(() -> assertNotReading(lock));
      assertThat(lock.writeLock().isLocked()).isTrue();
      a().run(() -> lock.writeLock().unlock());
    }
  }

  private static void assertNotReading(ProcessReadWriteLock lock) {
    assertThatThrownBy(() -> lock.readLock().unlock())
        .isInstanceOf(IllegalMonitorStateException.class);
    assertThat(lock.readHoldCount()).isZero();
  }

  @Test
  void readLock_interruptedBefore_throwsAndHoldsNothing() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party party : parties().all()) {
        party.run(() -> {
          assertInterrupted(() -> lock.readLock().lockInterruptibly());
          assertInterrupted(() -> lock.readLock().tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS));
          Thread.currentThread().interrupt();
          lock.readLock().lock();
          assertThat(Thread.interrupted()).isTrue();
          lock.readLock().unlock();
        });
      }
      assertThat(lock.readLockCount()).isZero();
      assertThat(lock.writeLock().tryLock()).isTrue();
      lock.writeLock().unlock();
    }
  }

  @Test
  void readLock_interruptedWhileWaiting_throwsAndHoldsNothing() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      lock.writeLock().lock();
      for (Party party : parties().all()) {
        Actor first = party.actor();
        Actor second = party.actor();
        Begun<Boolean> interruptibly =
            first.start(() -> lock.readLock().lockInterruptibly()).awaitWaiting();
        Begun<Boolean> uninterruptibly = second.begin(() -> {
          lock.readLock().lock();
          lock.readLock().unlock();
          return Thread.interrupted();
        });
        uninterruptibly.awaitWaiting();
        first.interrupt();
        second.interrupt();
        assertThat(interruptibly.failure()).isInstanceOf(InterruptedException.class);
        assertThat(first.call(lock::readHoldCount)).isZero();
        uninterruptibly.assertWaits();
        lock.writeLock().unlock();
        assertThat(uninterruptibly.value()).isTrue();
        assertThat(lock.readLockCount()).isZero();
        lock.writeLock().lock();
      }
      lock.writeLock().unlock();
    }
  }

  @Test
  void newCondition_ofTheReadLock_isRefused() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      for (Party party : parties().all()) {
        party.run(() -> assertThatThrownBy(() -> lock.readLock().newCondition())
            .isInstanceOf(UnsupportedOperationException.class));
      }
      lock.writeLock().newCondition().close();
    }
  }

  @Test
  void deadWriter_nobodyDied_isEmpty() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      assertThat(lock.deadWriter()).isEmpty();
      a().run(() -> {
        lock.writeLock().lock();
        assertThat(lock.deadWriter()).isEmpty();
        lock.writeLock().unlock();
        lock.readLock().lock();
        assertThat(lock.deadWriter()).isEmpty();
        lock.readLock().unlock();
      });
    }
  }

  /** No reader sees a change that is half done, and no change is lost. */
  @Test
  void readersAndWriters_ofAllParties_neverMeet() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create();
        SharedLongArray data = SharedLongArray.create(8);
        SharedInt writers = SharedInt.create(0)) {
      List<Begun<Boolean>> running = new ArrayList<>();
      for (Party party : parties().all()) {
        running.add(party.start(() -> {
          for (int i = 0; i < ROUNDS; i++) {
            lock.writeLock().lock();
            assertThat(writers.incrementAndGet()).isEqualTo(1);
            for (int at = 0; at < 8; at++) {
              data.setPlain(at, data.getPlain(at) + 1);
            }
            writers.decrementAndGet();
            lock.writeLock().unlock();
          }
        }));
        running.add(party.start(() -> {
          for (int i = 0; i < ROUNDS; i++) {
            lock.readLock().lock();
            assertThat(writers.get()).isZero();
            long first = data.getPlain(0);
            for (int at = 1; at < 8; at++) {
              assertThat(data.getPlain(at)).isEqualTo(first);
            }
            lock.readLock().unlock();
          }
        }));
      }
      for (Begun<Boolean> each : running) {
        each.value();
      }
      assertThat(data.get(7)).isEqualTo(3L * ROUNDS);
      assertThat(lock.readLockCount()).isZero();
    }
  }

  /** The locks of the pair travel alone, too. */
  @Test
  void writeLock_passedAlone_isThatOfThePair() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      ProcessLock write = lock.writeLock();
      a().run(write::lock);
      assertThat(lock.readLock().tryLock()).isFalse();
      assertThat(a().call(() -> lock.writeLock().holdCount())).isEqualTo(1);
      a().run(write::unlock);
      assertThat(write).isEqualTo(lock.writeLock());
      assertThat(a().call(lock::writeLock)).isEqualTo(write);
    }
  }

  @Test
  void create_nameTooLong_isRefused() {
    String longest = "x".repeat(100);
    ProcessReadWriteLock.create(longest).close();
    assertRefused(() -> ProcessReadWriteLock.create(longest + "y"), "name: 101 characters");
  }
}
