// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.shared.SharedInt;
import io.procpool.sync.ProcessLock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Processes that die with locks. */
abstract class LockKills extends KillContract {
  /** Whoever comes next, in whatever way, has the lock alone, is told who died, and has a larger number than the dead. */
  @Test
  void ownerKilled_nextOneGetsItWithANotice() throws Exception {
    List<ProcessLock> locks = new ArrayList<>();
    List<Long> tokens = new ArrayList<>();
    for (LockKind kind : LockKind.values()) {
      for (int way = 0; way < 4; way++) {
        ProcessLock lock = kind.make();
        tokens.add(a().call(() -> {
          lock.lock();
          if (kind.isReentrant()) {
            lock.lock();
            lock.lock();
          }
          return lock.fencingToken();
        }));
        assertThat(lock.tryLock()).isFalse();
        locks.add(lock);
      }
    }
    kill();
    for (int i = 0; i < locks.size(); i++) {
      ProcessLock lock = locks.get(i);
      assertThat(lock.isLocked()).isFalse();
      switch (i % 4) {
        case 0 -> lock.lock();
        case 1 -> assertThat(lock.tryLock()).isTrue();
        case 2 -> assertThat(lock.tryLock(LONG_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        default -> lock.lockInterruptibly();
      }
      assertInherited(lock, tokens.get(i));
      assertThat(b().call(() -> lock.tryLock())).isFalse();
      lock.unlock();
      b().run(() -> {
        lock.lock();
        assertThat(lock.deadOwner()).isEmpty();
        lock.unlock();
      });
      lock.close();
    }
  }

  private void assertInherited(ProcessLock lock, long tokenOfTheDead) {
    assertThat(lock.isLocked()).isTrue();
    assertThat(lock.holdCount()).isEqualTo(1);
    assertThat(lock.fencingToken()).isGreaterThan(tokenOfTheDead);
    assertIsVictim(lock.deadOwner());
    assertIsVictim(lock.deadOwner());
  }

  /** The notice is for the hold that follows the death, also if its owner acquires the lock again; it goes with its release. */
  @Test
  void ownerKilled_noticeLastsAsLongAsTheHold() throws Exception {
    List<ProcessLock> locks = new ArrayList<>();
    for (LockKind kind : LockKind.values()) {
      if (kind.isReentrant()) {
        ProcessLock lock = kind.make();
        a().run(lock::lock);
        locks.add(lock);
      }
    }
    kill();
    for (ProcessLock lock : locks) {
      lock.lock();
      lock.lock();
      assertIsVictim(lock.deadOwner());
      lock.unlock();
      assertIsVictim(lock.deadOwner());
      lock.unlock();
      lock.lock();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
      lock.close();
    }
  }

  /** A lock of each kind, and who waits for it. */
  private static final class Row implements AutoCloseable {
    private final LockKind kind;
    private final ProcessLock lock;
    private final SharedInt inside = SharedInt.create(0);
    private final SharedInt told = SharedInt.create(0);
    private final List<Begun<Boolean>> waiting = new ArrayList<>();

    Row(LockKind kind) {
      this.kind = kind;
      this.lock = kind.make();
    }

    static List<Row> all() {
      return Stream.of(LockKind.values()).map(Row::new).toList();
    }

    void startWaiting(Party... parties) throws Exception {
      ProcessLock it = lock;
      SharedInt thoseInside = inside;
      SharedInt thoseTold = told;
      for (Party party : parties) {
        waiting.add(party.start(() -> {
          it.lock();
          assertThat(thoseInside.incrementAndGet()).isEqualTo(1);
          it.deadOwner().ifPresent(dead -> thoseTold.incrementAndGet());
          thoseInside.decrementAndGet();
          it.unlock();
        }));
      }
      for (Begun<Boolean> each : waiting) {
        each.awaitWaiting();
      }
    }

    /** Checks that all get it, and as many are told of a death as should be. */
    void assertAllGetIt(int toldOfDeath) throws Exception {
      for (Begun<Boolean> each : waiting) {
        each.value();
      }
      assertThat(told.get()).as("%s", kind).isEqualTo(toldOfDeath);
      assertThat(lock.isLocked()).as("%s", kind).isFalse();
      assertThat(lock.tryLock()).as("%s", kind).isTrue();
      assertThat(lock.deadOwner()).as("%s", kind).isEmpty();
      lock.unlock();
    }

    @Override
    public void close() {
      lock.close();
      inside.close();
      told.close();
    }
  }

  private static void closeAll(List<Row> rows) {
    rows.forEach(Row::close);
  }

  /** Those who wait get the lock, one after the other, and the first one of them is told. */
  @Test
  void ownerKilled_thoseWhoWaitGetIt() throws Exception {
    List<Row> rows = Row.all();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      a().run(lock::lock);
      row.startWaiting(b(), master(), b(), master());
      row.waiting.get(0).assertWaits();
    }
    kill();
    for (Row row : rows) {
      row.assertAllGetIt(1);
    }
    closeAll(rows);
  }

  /** As long as the owner lives, even if it does nothing, nobody gets the lock; when it is dead, one does. */
  @Test
  void ownerKilledInside_nextOneGetsItWithANotice() throws Exception {
    List<Row> rows = List.of(
        new Row(LockKind.PLAIN), new Row(LockKind.OF_SHARED_VALUE), new Row(LockKind.REENTRANT));
    List<Long> tokens = new ArrayList<>();
    for (String step : List.of("lock.acquired", "lock.releasing")) {
      for (Row row : rows) {
        ProcessLock lock = row.lock;
        lock.lock();
        tokens.add(lock.fencingToken());
        lock.unlock();
        stopAt(step, () -> {
          lock.lock();
          lock.unlock();
        });
        assertThat(lock.isLocked()).isTrue();
        assertThat(notEarly(() -> lock.tryLock(BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        row.startWaiting(b());
        row.waiting.get(row.waiting.size() - 1).assertWaits();
      }
      kill();
      for (Row row : rows) {
        row.assertAllGetIt(step.equals("lock.acquired") ? 1 : 2);
        row.waiting.clear();
        row.lock.lock();
        assertThat(row.lock.fencingToken()).isGreaterThan(tokens.remove(0) + 1);
        row.lock.unlock();
      }
      findVictim();
    }
    closeAll(rows);
  }

  /** Who has released a lock and dies before waking anybody has left it in order; nobody sleeps on. */
  @Test
  void ownerKilledAfterRelease_thoseWhoWaitGetIt() throws Exception {
    List<Row> rows = Row.all();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      Actor owner = a().actor();
      owner.run(lock::lock);
      row.startWaiting(b(), master());
      row.waiting.get(0).assertWaits();
      row.waiting.get(1).assertWaits();
      String step = row.kind == LockKind.WRITE ? "write.released" : "lock.released";
      stopAt(step, owner, lock::unlock);
    }
    kill();
    for (Row row : rows) {
      row.assertAllGetIt(0);
    }
    closeAll(rows);
  }

  /** One that dies while it waits takes nothing with it. */
  @Test
  void waiterKilled_othersGetTheLock() throws Exception {
    List<Row> rows = Row.all();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      lock.lock();
      if (row.kind == LockKind.WRITE) {
        a().start(lock::lock).assertWaits();
      } else {
        stopAt("lock.waiting", lock::lock);
        a().start(lock::lock).assertWaits();
      }
      row.startWaiting(b());
      row.waiting.get(0).assertWaits();
    }
    kill();
    for (Row row : rows) {
      row.waiting.get(0).assertWaits();
      row.lock.unlock();
      row.assertAllGetIt(0);
    }
    closeAll(rows);
  }

  /** One that is woken and cannot move takes the wake-up from nobody. */
  @Test
  void waiterSuspended_othersGetTheLock() throws Exception {
    List<Row> rows = Row.all();
    List<Begun<Boolean>> suspended = new ArrayList<>();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      lock.lock();
      suspended.add(a().start(() -> {
        lock.lock();
        lock.unlock();
      }));
      suspended.get(suspended.size() - 1).assertWaits();
      row.startWaiting(b());
      row.waiting.get(0).assertWaits();
    }
    suspend();
    try {
      for (Row row : rows) {
        row.lock.unlock();
        row.waiting.get(0).value();
      }
    } finally {
      resume();
    }
    for (Begun<Boolean> each : suspended) {
      each.value();
    }
    closeAll(rows);
  }

  private void suspend() throws Exception {
    Faults.signal("STOP", victim());
    Faults.awaitLong("the victim to be stopped").until(() -> Faults.isSuspended(victim()));
  }

  private void resume() throws Exception {
    Faults.signal("CONT", victim());
  }

  /** A process that is only stopped keeps its locks, and finds them as it left them. */
  @Test
  void ownerSuspended_keepsTheLock() throws Exception {
    List<Row> rows = Row.all();
    List<Long> tokens = new ArrayList<>();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      tokens.add(a().call(() -> {
        lock.lock();
        return lock.fencingToken();
      }));
    }
    suspend();
    try {
      for (Row row : rows) {
        ProcessLock lock = row.lock;
        assertThat(lock.isLocked()).isTrue();
        assertThat(lock.tryLock()).isFalse();
        assertThat(notEarly(() -> lock.tryLock(2 * BRIEF_NANOS, TimeUnit.NANOSECONDS)))
            .isFalse();
        row.startWaiting(b());
        row.waiting.get(0).assertWaits();
      }
    } finally {
      resume();
    }
    for (int i = 0; i < rows.size(); i++) {
      ProcessLock lock = rows.get(i).lock;
      long token = tokens.get(i);
      a().run(() -> {
        assertThat(lock.fencingToken()).isEqualTo(token);
        lock.unlock();
      });
      rows.get(i).assertAllGetIt(0);
    }
    closeAll(rows);
  }

  /** The process that comes in the place of a dead one is another one: what that held is not its own. */
  @Test
  void ownerKilled_itsSuccessorIsAnother() throws Exception {
    try (ProcessLock lock = ProcessLock.reentrant();
        ProcessLock other = ProcessLock.reentrant()) {
      for (int round = 0; round < 2; round++) {
        a().run(() -> {
          lock.lock();
          other.lock();
        });
        kill();
        assertThat(a().pid()).isNotEqualTo(victim());
        a().run(() -> {
          assertThat(lock.isLocked()).isFalse();
          assertThat(lock.isHeldByCurrentThread()).isFalse();
          assertThat(lock.holdCount()).isZero();
          assertThat(lock.tryLock()).isTrue();
        });
        assertThat(other.tryLock()).isTrue();
        assertIsVictim(other.deadOwner());
        other.unlock();
        long dead = victim();
        a().run(() -> {
          assertThat(lock.deadOwner().orElseThrow().pid()).hasValue(dead);
          lock.unlock();
        });
        findVictim();
      }
    }
  }

  /** Who dies after it has inherited a lock leaves it to the next one, which is told of the last death. */
  @Test
  void heirKilled_nextOneGetsItWithANotice() throws Exception {
    try (ProcessLock lock = ProcessLock.create()) {
      long token = a().call(() -> {
        lock.lock();
        return lock.fencingToken();
      });
      kill();
      findVictim();
      stopAt("lock.acquired", lock::lock);
      Begun<Boolean> waiting = b().start(() -> {
        lock.lock();
        assertThat(lock.deadOwner()).isPresent();
        assertThat(lock.fencingToken()).isGreaterThan(token);
        lock.unlock();
      });
      waiting.assertWaits();
      kill();
      waiting.value();
      lock.lock();
      assertThat(lock.deadOwner()).isEmpty();
      lock.unlock();
    }
  }

  /** Who dies while it makes things leaves others able to, and what there is unharmed. */
  @Test
  void makerKilledInTheAllocator_othersCanMakeThings() throws Exception {
    try (ProcessLock before = ProcessLock.create();
        SharedInt value = SharedInt.create(7)) {
      before.lock();
      Path stopped = arm("arena.allocating");
      a().start(ProcessLock::create);
      awaitStopped("arena.allocating", stopped);
      Begun<Boolean> waiting = b().start(() -> ProcessLock.create().close());
      kill();
      waiting.value();
      List<ProcessLock> made = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        ProcessLock lock = i % 2 == 0 ? ProcessLock.create() : b().call(() -> ProcessLock.create());
        assertThat(lock.tryLock()).isTrue();
        assertThat(lock.deadOwner()).isEmpty();
        made.add(lock);
      }
      for (ProcessLock lock : made) {
        assertThat(b().call(() -> lock.tryLock())).isFalse();
        lock.unlock();
        lock.close();
      }
      assertThat(before.holdCount()).isEqualTo(1);
      before.unlock();
      assertThat(value.get()).isEqualTo(7);
    }
  }
}
