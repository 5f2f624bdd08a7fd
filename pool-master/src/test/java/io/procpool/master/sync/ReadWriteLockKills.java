// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessReadWriteLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Processes that die with one half of a read-write lock; what {@link LockKills} says of write locks is not repeated. */
abstract class ReadWriteLockKills extends KillContract {
  private Begun<Boolean> startWriter(Party party, ProcessReadWriteLock lock) throws Exception {
    return party.begin(() -> {
      lock.writeLock().lock();
      try {
        return lock.writeLock().deadOwner().isPresent();
      } finally {
        lock.writeLock().unlock();
      }
    });
  }

  private Begun<Boolean> startReader(Party party, ProcessReadWriteLock lock) throws Exception {
    return party.begin(() -> {
      lock.readLock().lock();
      try {
        return lock.deadWriter().isPresent();
      } finally {
        lock.readLock().unlock();
      }
    });
  }

  /** A dead reader keeps nobody out, however many threads of it read how often, and leaves nothing behind. */
  @Test
  void readerKilled_writersGoOn() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create();
        ProcessReadWriteLock later = ProcessReadWriteLock.create()) {
      for (int thread = 0; thread < 3; thread++) {
        a().actor().run(() -> {
          lock.readLock().lock();
          lock.readLock().lock();
          later.readLock().lock();
        });
      }
      b().run(() -> later.readLock().lock());
      assertThat(lock.readLockCount()).isEqualTo(6);
      assertThat(later.readLockCount()).isEqualTo(4);
      Begun<Boolean> writer = startWriter(b(), lock);
      Begun<Boolean> another = startWriter(master(), lock);
      writer.assertWaits();
      another.assertWaits();
      kill();
      assertThat(writer.value()).isFalse();
      assertThat(another.value()).isFalse();
      assertThat(lock.readLockCount()).isZero();
      assertThat(lock.deadWriter()).isEmpty();
      // Nobody waited for this one, and who has seen a process alive believes that for some
      // milliseconds.
      Faults.awaitLong("the dead readers to be gone").until(() -> later.readLockCount() == 1);
      b().run(() -> later.readLock().unlock());
      assertThat(later.writeLock().tryLock()).isTrue();
      later.writeLock().unlock();
    }
  }

  @Test
  void readerKilledWhileItAcquires_writersGoOn() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      stopAt("read.acquired", () -> lock.readLock().lock());
      Begun<Boolean> writer = startWriter(b(), lock);
      writer.assertWaits();
      kill();
      assertThat(writer.value()).isFalse();
      assertThat(lock.readLockCount()).isZero();
      assertThat(lock.deadWriter()).isEmpty();
    }
  }

  /** A reader that dies between its release and the wake-up leaves no writer asleep. */
  @Test
  void readerKilledAfterRelease_writersGoOn() throws Exception {
    List<Begun<Boolean>> writers = new ArrayList<>();
    List<ProcessReadWriteLock> locks = new ArrayList<>();
    for (String step : List.of("read.released", "lock.released")) {
      ProcessReadWriteLock lock = ProcessReadWriteLock.create();
      locks.add(lock);
      Actor reader = a().actor();
      reader.run(() -> lock.readLock().lock());
      writers.add(startWriter(b(), lock).assertWaits());
      writers.add(startWriter(master(), lock).assertWaits());
      stopAt(step, reader, () -> lock.readLock().unlock());
    }
    kill();
    for (Begun<Boolean> writer : writers) {
      assertThat(writer.value()).isFalse();
    }
    for (ProcessReadWriteLock lock : locks) {
      assertThat(lock.readLockCount()).isZero();
      lock.close();
    }
  }

  /** Everybody is told of a dead writer, readers too, until one has written and released the lock. */
  @Test
  void writerKilled_allAreToldUntilOneHasWritten() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      a().run(() -> {
        lock.writeLock().lock();
        lock.readLock().lock();
      });
      Begun<Boolean> reader = startReader(b(), lock);
      Begun<Boolean> another = startReader(master(), lock);
      reader.assertWaits();
      another.assertWaits();
      kill();
      assertThat(reader.value()).isTrue();
      assertThat(another.value()).isTrue();
      assertThat(lock.readLockCount()).isZero();
      assertIsVictim(lock.deadWriter());
      assertThat(startReader(a(), lock).value()).isTrue();
      lock.writeLock().lock();
      assertIsVictim(lock.writeLock().deadOwner());
      assertIsVictim(lock.deadWriter());
      lock.readLock().lock();
      lock.writeLock().unlock();
      assertThat(lock.deadWriter()).isEmpty();
      lock.readLock().unlock();
      assertThat(startWriter(b(), lock).value()).isFalse();
    }
  }

  @Test
  void writerKilledWhileItAcquires_othersGoOn() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      stopAt("write.acquired", () -> lock.writeLock().lock());
      Begun<Boolean> reader = startReader(b(), lock);
      reader.assertWaits();
      kill();
      assertThat(reader.value()).isTrue();
      assertIsVictim(lock.deadWriter());
      assertThat(startWriter(b(), lock).value()).isTrue();
      assertThat(lock.deadWriter()).isEmpty();
    }
  }

  @Test
  void writerKilledAfterRelease_readersGoOn() throws Exception {
    List<Begun<Boolean>> readers = new ArrayList<>();
    List<ProcessReadWriteLock> locks = new ArrayList<>();
    for (String step : List.of("write.released", "lock.released")) {
      ProcessReadWriteLock lock = ProcessReadWriteLock.create();
      locks.add(lock);
      Actor writer = a().actor();
      writer.run(() -> lock.writeLock().lock());
      readers.add(startReader(b(), lock).assertWaits());
      readers.add(startReader(master(), lock).assertWaits());
      stopAt(step, writer, () -> lock.writeLock().unlock());
    }
    kill();
    for (Begun<Boolean> reader : readers) {
      assertThat(reader.value()).isFalse();
    }
    for (ProcessReadWriteLock lock : locks) {
      assertThat(lock.writeLock().tryLock()).isTrue();
      lock.writeLock().unlock();
      lock.close();
    }
  }

  /** The same where those who go on keep reading, so that none of them wakes the others. */
  @Test
  void writerKilledAfterRelease_readersKeepReading() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      Actor writer = a().actor();
      writer.run(() -> lock.writeLock().lock());
      List<Begun<Boolean>> readers = new ArrayList<>();
      for (Party party : List.of(b(), master(), b())) {
        readers.add(party.start(() -> lock.readLock().lock()).assertWaits());
      }
      stopAt("write.released", writer, () -> lock.writeLock().unlock());
      kill();
      for (Begun<Boolean> reader : readers) {
        reader.value();
      }
      assertThat(lock.readLockCount()).isEqualTo(3);
    }
  }

  /** A process that is stopped in the middle of a change holds up no timeout, and no interrupt. */
  @Test
  void holderStoppedInside_timeoutsEnd() throws Exception {
    List<ProcessReadWriteLock> locks =
        List.of(ProcessReadWriteLock.create(), ProcessReadWriteLock.create());
    stopAt("read.acquired", () -> locks.get(0).readLock().lock());
    stopAt("write.acquired", () -> locks.get(1).writeLock().lock());
    for (ProcessReadWriteLock lock : locks) {
      Begun<Boolean> waiting =
          b().begin(() -> lock.writeLock().tryLock(2 * BRIEF_NANOS, TimeUnit.NANOSECONDS));
      assertThat(notEarly(() -> lock.writeLock().tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      assertThat(waiting.value()).isFalse();
      Actor interrupted = b().actor();
      Begun<Boolean> interruptibly = interrupted.start(() -> lock.readLock().lockInterruptibly());
      interruptibly.assertWaits();
      interrupted.interrupt();
      assertThat(interruptibly.failure()).isInstanceOf(InterruptedException.class);
    }
    kill();
    for (ProcessReadWriteLock lock : locks) {
      lock.writeLock().lock();
      lock.writeLock().unlock();
      assertThat(lock.readLockCount()).isZero();
      lock.close();
    }
  }

  /** A dead thread that wanted to write does not keep new readers out. */
  @Test
  void waitingWriterKilled_newReadersGoOn() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      lock.readLock().lock();
      startWriter(a(), lock).assertWaits();
      Begun<Boolean> reader = startReader(b(), lock);
      reader.assertWaits();
      kill();
      assertThat(reader.value()).isFalse();
      assertThat(startReader(master(), lock).value()).isFalse();
      lock.readLock().unlock();
      assertThat(startWriter(b(), lock).value()).isFalse();
    }
  }

  /** A writer that has died does not take the turn of the next one with it. */
  @Test
  void waitingWriterKilled_nextWriterGoesOn() throws Exception {
    try (ProcessReadWriteLock lock = ProcessReadWriteLock.create()) {
      lock.readLock().lock();
      startWriter(a(), lock).assertWaits();
      Begun<Boolean> next = startWriter(b(), lock);
      next.assertWaits();
      kill();
      Actor asking = b().actor();
      Faults.awaitLong("the next writer to keep new readers out")
          .until(() -> !asking.call(() -> {
            boolean got = lock.readLock().tryLock();
            if (got) {
              lock.readLock().unlock();
            }
            return got;
          }));
      Begun<Boolean> reader = startReader(b(), lock);
      next.assertWaits();
      reader.assertWaits();
      lock.readLock().unlock();
      assertThat(next.value()).isFalse();
      assertThat(reader.value()).isFalse();
    }
  }
}
