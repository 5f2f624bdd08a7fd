// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import static io.procpool.master.sync.ConditionContract.awaitWaiting;
import static io.procpool.master.sync.ConditionContract.locked;
import static io.procpool.master.sync.ConditionContract.lockedRun;
import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.master.process.Faults;
import io.procpool.sync.ProcessCondition;
import io.procpool.sync.ProcessLock;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Processes that die while they wait for a signal, have one, or give one. */
abstract class ConditionKills extends KillContract {
  /** A condition, those who wait for it and will die, and others. */
  private final class Row implements AutoCloseable {
    private final LockKind kind;
    private final ProcessLock lock;
    private final ProcessCondition condition;
    private final List<Begun<Boolean>> dying = new ArrayList<>();
    private final List<Begun<Boolean>> others = new ArrayList<>();

    Row(LockKind kind) {
      this.kind = kind;
      this.lock = kind.make();
      this.condition = lock.newCondition();
    }

    /** Lets threads of parties wait, one after the other; a value tells whether they found that the lock's owner had died. */
    void startWaiting(Party... parties) throws Exception {
      ProcessLock itsLock = lock;
      ProcessCondition itsCondition = condition;
      for (Party party : parties) {
        int before = waiting();
        (party == a() ? dying : others)
            .add(party.begin(() -> locked(itsLock, () -> {
              itsCondition.await();
              return itsLock.deadOwner().isPresent();
            })));
        awaitWaiting(lock, condition, before + 1);
      }
    }

    int waiting() throws Exception {
      return locked(lock, condition::waiting);
    }

    int signal(int count) throws Exception {
      return locked(lock, () -> condition.signal(count));
    }

    @Override
    public void close() {
      condition.close();
      lock.close();
    }
  }

  private List<Row> rows() {
    return Stream.of(LockKind.values()).map(Row::new).toList();
  }

  private static void closeAll(List<Row> rows) {
    rows.forEach(Row::close);
  }

  private static void assertAllWait(List<Begun<Boolean>> waiting) throws Exception {
    for (Begun<Boolean> each : waiting) {
      each.assertWaits();
    }
  }

  /** The dead are not counted, and no signal is for them. */
  @Test
  void waiterKilled_signalIsForTheNext() throws Exception {
    List<Row> rows = rows();
    for (Row row : rows) {
      row.startWaiting(a(), a(), b(), master(), b());
      assertThat(row.waiting()).isEqualTo(5);
    }
    kill();
    for (Row row : rows) {
      assertThat(row.waiting()).as("%s", row.kind).isEqualTo(3);
      assertThat(row.signal(2)).isEqualTo(2);
      row.others.get(0).value();
      row.others.get(1).value();
      row.others.get(2).assertWaits();
      assertThat(row.signal(5)).isEqualTo(1);
      assertThat(row.others.get(2).value()).isFalse();
    }
    closeAll(rows);
  }

  /** A signal that its receiver could not use, because it died before it had the lock again, is the next one's. */
  @Test
  void waiterKilledWithASignal_signalIsForTheNext() throws Exception {
    List<Row> rows = rows();
    for (Row row : rows) {
      row.startWaiting(a(), a(), b(), master(), b());
      row.lock.lock();
      assertThat(row.condition.signal(2)).isEqualTo(2);
      assertAllWait(row.dying); // for the lock
    }
    kill();
    for (Row row : rows) {
      row.others.get(0).assertWaits();
      row.lock.unlock();
    }
    for (Row row : rows) {
      row.others.get(0).value();
      row.others.get(1).value();
      row.others.get(2).assertWaits();
      assertThat(row.signal(2)).as("%s", row.kind).isEqualTo(1);
      row.others.get(2).value();
    }
    closeAll(rows);
  }

  /** As above, if there is nobody to give the signal to. */
  @Test
  void waiterKilledWithASignal_othersAreNotHarmed() throws Exception {
    List<Row> rows = rows();
    for (Row row : rows) {
      row.startWaiting(a());
      row.lock.lock();
      row.condition.signal();
      assertAllWait(row.dying);
    }
    kill();
    for (Row row : rows) {
      assertThat(row.condition.waiting()).isZero();
      assertThat(row.condition.signal(3)).isZero();
      row.lock.unlock();
      ProcessLock lock = row.lock;
      ProcessCondition condition = row.condition;
      Begun<Boolean> later = b().start(() -> lockedRun(lock, condition::await));
      // The signal of the dead may or may not be the later one's: it was given before that one
      // waited.
      Faults.awaitLong("the later one to have a signal").until(() -> {
        row.signal(1);
        return later.isDone();
      });
      later.value();
      assertThat(row.waiting()).isZero();
    }
    closeAll(rows);
  }

  /** Who dies between being counted and releasing the lock leaves the lock with a notice, and is not counted. */
  @Test
  void waiterKilledWhileItBegins_lockIsInherited() throws Exception {
    List<Row> rows = rows();
    List<Begun<Boolean>> waiting = new ArrayList<>();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      ProcessCondition condition = row.condition;
      row.startWaiting(b());
      stopAt("condition.registered", () -> lockedRun(lock, condition::await));
      waiting.add(b().begin(() -> locked(lock, () -> lock.deadOwner().isPresent())));
      waiting.get(waiting.size() - 1).assertWaits();
    }
    kill();
    for (Row row : rows) {
      assertThat(waiting.remove(0).value()).as("%s", row.kind).isTrue();
      assertThat(row.waiting()).isEqualTo(1);
      assertThat(row.signal(2)).isEqualTo(1);
      assertThat(row.others.get(0).value()).isFalse();
    }
    closeAll(rows);
  }

  /** Who dies between releasing the lock and waking those who wait for that leaves it free. */
  @Test
  void waiterKilledAfterItHasReleasedTheLock_othersGoOn() throws Exception {
    List<Row> rows = rows();
    List<Begun<Boolean>> waiting = new ArrayList<>();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      ProcessCondition condition = row.condition;
      Actor actor = a().actor();
      actor.run(lock::lock);
      waiting.add(b().begin(() -> locked(lock, () -> lock.deadOwner().isPresent())));
      waiting.get(waiting.size() - 1).assertWaits();
      String step = row.kind == LockKind.WRITE ? "write.released" : "lock.released";
      stopAt(step, actor, condition::await);
    }
    kill();
    for (Row row : rows) {
      assertThat(waiting.remove(0).value()).as("%s", row.kind).isFalse();
      assertThat(row.waiting()).isZero();
    }
    closeAll(rows);
  }

  /**
   * Who dies when it has changed the state of one it signals, and has woken nobody, leaves the lock with a notice: that one goes on, with
   * its signal, and no others do.
   */
  @Test
  void signallerKilled_whoWasSignalledGoesOn() throws Exception {
    List<Row> rows = rows();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      ProcessCondition condition = row.condition;
      row.startWaiting(b(), master());
      stopAt("condition.signalled", () -> lockedRun(lock, condition::signal));
      assertAllWait(row.others); // the first for the lock
    }
    kill();
    for (Row row : rows) {
      assertThat(row.others.get(0).value()).as("%s", row.kind).isTrue();
      row.others.get(1).assertWaits();
      assertThat(row.signal(5)).isEqualTo(1);
      assertThat(row.others.get(1).value()).isFalse();
    }
    closeAll(rows);
  }

  /** Of a signal for all, cut short, nothing hangs: who was not signalled yet still can be. */
  @Test
  void signallerOfAllKilled_nobodyIsForgotten() throws Exception {
    List<Row> rows = rows();
    for (Row row : rows) {
      ProcessLock lock = row.lock;
      ProcessCondition condition = row.condition;
      row.startWaiting(b(), master(), b());
      stopAt("condition.signalled", () -> lockedRun(lock, condition::signalAll));
    }
    kill();
    for (Row row : rows) {
      row.others.get(0).value();
      row.signal(Integer.MAX_VALUE);
      row.others.get(1).value();
      row.others.get(2).value();
      assertThat(row.waiting()).as("%s", row.kind).isZero();
    }
    closeAll(rows);
  }
}
