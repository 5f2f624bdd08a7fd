// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.Pool;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import io.procpool.channel.QueueOptions;
import io.procpool.master.process.Faults;
import io.procpool.master.sync.Actor;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.KillContract;
import io.procpool.master.sync.Parties;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that are killed at each step of a put and of a take: at most that element is lost, and everybody else goes on. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "signals")
class QueueKillTest extends KillContract {
  private static final List<Object> HELD = new CopyOnWriteArrayList<>(); // by the victim

  private static Parties parties;

  @BeforeAll
  static void open() {
    parties = Parties.ofMortals();
  }

  @AfterAll
  static void close() {
    parties.close();
  }

  @Override
  protected Parties parties() {
    return parties;
  }

  /** Two of these fill the first segment of a queue, so that a third one needs another segment. */
  private static byte[] half(int number) {
    byte[] bytes = new byte[60_000];
    bytes[0] = (byte) number;
    return bytes;
  }

  private static int numberOf(Object element) {
    return element instanceof byte[] bytes ? bytes[0] : (Integer) element;
  }

  private static List<Integer> drained(ProcessQueue<Object> queue) {
    List<Object> all = new ArrayList<>();
    queue.drainTo(all);
    return all.stream().map(QueueKillTest::numberOf).toList();
  }

  /** The dead one's element is not there; whoever takes is not held up at all, whoever puts waits no longer than he wants to. */
  @ParameterizedTest
  @ValueSource(strings = {"ring.written", "ring.grown", "ring.ended", "file.written"})
  void putterKilled_beforeItIsPut_elementIsLost(String step) throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      queue.put(half(1));
      queue.put(half(2));
      stopAt(step, () -> queue.put(half(3)));
      assertThat(b().call(() -> queue.offer(4, BRIEF)))
          .as("put beside one who is stopped")
          .isFalse();
      assertThat(numberOf(b().call(queue::take))).isEqualTo(1);
      Begun<Boolean> small = b().start(() -> queue.put(4)).assertWaits();
      Begun<Boolean> large = master().start(() -> queue.put(half(5))).assertWaits();
      kill();
      small.value();
      large.value();
      assertThat(queue.offer(half(6))).isTrue();
      assertThat(drained(queue)).hasSize(4).startsWith(2).contains(4, 5).endsWith(6);
    }
  }

  static List<Arguments> stepsAndBytes() {
    List<Arguments> all = new ArrayList<>();
    for (String step : List.of("ring.grown", "ring.ended", "file.written")) {
      for (int bytes : new int[] {10, 60_000, 20_000_000}) {
        all.add(Arguments.of(step, bytes));
      }
    }
    return LongForm.choose(all, 4); // each of both
  }

  /** The same if those after it need less room, or more, than it would have. */
  @ParameterizedTest
  @MethodSource("stepsAndBytes")
  void putterKilled_whileItMakesALargeSegment_othersMakeTheirs(String step, int bytes)
      throws Exception {
    try (ProcessQueue<byte[]> queue = ProcessQueue.unbounded()) {
      queue.put(new byte[1]);
      stopAt(step, () -> queue.put(new byte[8_000_000]));
      kill();
      for (int i = 0; i < 3; i++) {
        assertThat(b().call(() -> queue.offer(new byte[bytes]))).isTrue();
      }
      assertThat(queue.take()).hasSize(1);
      for (int i = 0; i < 3; i++) {
        assertThat(queue.take()).hasSize(bytes);
      }
      assertThat(queue).isEmpty();
    }
  }

  /** It is put, although nobody was told; who waits for an element gets it while the one who put it is stopped. */
  @ParameterizedTest
  @ValueSource(strings = {"ring.put", "lock.released"})
  void putterKilled_afterItIsPut_elementIsThere(String step) throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      Begun<Object> taking = b().begin(queue::take).assertWaits();
      stopAt(step, () -> queue.put(1));
      assertThat(taking.value()).isEqualTo(1);
      kill();
      assertThat(queue.offer(2)).isTrue();
      assertThat(drained(queue)).containsExactly(2);
    }
  }

  /** Who is killed with a copy of an element that was not taken yet loses nothing. */
  @Test
  void takerKilled_beforeItIsTaken_elementIsThere() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.ofCapacity(3)) {
      queue.put(1);
      queue.put(2);
      stopAt("ring.copied", queue::take);
      assertThat(queue).hasSize(2);
      queue.put(3);
      assertThat(b().call(() -> queue.poll(BRIEF)))
          .as("taken beside one who is stopped")
          .isNull();
      Begun<Object> taking = b().begin(queue::take).assertWaits();
      Begun<Boolean> putting = master().start(() -> queue.put(4)).assertWaits();
      kill();
      assertThat(taking.value()).isEqualTo(1);
      putting.value();
      assertThat(drained(queue)).containsExactly(2, 3, 4);
    }
  }

  /** Who waits for room gets it although the one who made it did not say so. */
  @ParameterizedTest
  @ValueSource(strings = {"ring.taken", "lock.released"})
  void takerKilled_afterItIsTaken_onlyThatElementIsLost(String step) throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.ofCapacity(2)) {
      queue.put(1);
      queue.put(2);
      Begun<Boolean> putting = b().start(() -> queue.put(3)).assertWaits();
      stopAt(step, queue::take);
      putting.value();
      kill();
      assertThat(drained(queue)).containsExactly(2, 3);
    }
  }

  /** Who is killed on the way from one segment to the next leaves both in order. */
  @Test
  void takerKilled_betweenSegments_othersFollow() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      for (int i = 0; i < 9; i++) {
        queue.put(half(i));
      }
      assertThat(numberOf(queue.take())).isZero();
      assertThat(numberOf(queue.take())).isEqualTo(1);
      stopAt("ring.followed", queue::take);
      kill();
      assertThat(numberOf(b().call(queue::take))).isEqualTo(2);
      assertThat(drained(queue)).containsExactly(3, 4, 5, 6, 7, 8);
      assertThat(queue.offer(9)).isTrue();
      assertThat(queue.take()).isEqualTo(9);
    }
  }

  /** Those who wait for the lock of a side, behind one of their own who has it, die with it. */
  @Test
  void killed_withLocksAndWhileWaitingForThem_othersGoOn() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      queue.put(1);
      queue.put(2);
      stopAt("ring.written", () -> queue.put(3));
      stopAt("lock.waiting", () -> queue.put(4));
      stopAt("ring.copied", queue::take);
      stopAt("lock.waiting", queue::take);
      Begun<Boolean> putting = b().start(() -> queue.put(5)).assertWaits();
      Begun<Object> taking = master().begin(queue::take).assertWaits();
      kill();
      putting.value();
      assertThat(taking.value()).isEqualTo(1);
      assertThat(drained(queue)).containsExactly(2, 5);
    }
  }

  /** Who waits and is killed takes nothing with him, neither elements nor wake-ups. */
  @Test
  void killed_whileWaiting_othersGetTheRest() throws Exception {
    try (ProcessQueue<Object> empty = ProcessQueue.unbounded();
        ProcessQueue<Object> full = ProcessQueue.ofCapacity(1)) {
      full.put(0);
      List<Begun<?>> dying = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        dying.add(a().begin(empty::take));
        dying.add(a().start(() -> full.put(-1)));
      }
      for (Begun<?> each : dying) {
        each.awaitWaiting();
      }
      List<Begun<Object>> taking =
          List.of(b().begin(empty::take).assertWaits(), b().begin(empty::take).assertWaits());
      Begun<Boolean> putting = b().start(() -> full.put(1)).assertWaits();
      kill();
      empty.put(1);
      empty.put(2);
      assertThat(List.of(taking.get(0).value(), taking.get(1).value()))
          .containsExactlyInAnyOrder(1, 2);
      assertThat(full.take()).isEqualTo(0);
      putting.value();
      assertThat(drained(full)).containsExactly(1);
      assertThat(empty).isEmpty();
    }
  }

  /** The queue is closed, and all who wait know, whoever was to tell them. */
  @Test
  void closerKilled_beforeAnybodyWasWoken_allKnow() throws Exception {
    ProcessQueue<Object> empty = ProcessQueue.unbounded();
    ProcessQueue<Object> full = ProcessQueue.ofCapacity(1);
    full.put(0);
    Begun<Object> taking = b().begin(empty::take).assertWaits();
    Begun<Boolean> putting = b().start(() -> full.put(1)).assertWaits();
    stopAt("ring.closed", empty::close);
    stopAt("ring.closed", full::close);
    kill();
    assertThat(taking.failure()).isInstanceOf(QueueClosedException.class);
    assertThat(putting.failure()).isInstanceOf(QueueClosedException.class);
    assertThat(full.take()).isEqualTo(0);
    empty.close();
    full.close();
  }

  /** All that a killed process had put is there, and all that it had not taken. */
  @Test
  void killed_afterManyPuts_allAreThere() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      a().run(() -> {
        for (int i = 0; i < 1000; i++) {
          queue.put(i);
        }
      });
      a().call(queue::take);
      kill();
      assertThat(drained(queue)).hasSize(999).startsWith(1).endsWith(999).isSorted();
    }
  }

  /** What a process had put that has ended is there, also if it made the queue. */
  @Test
  void ended_afterPuts_allAreThere() throws Exception {
    ProcessQueue<Integer> queue;
    try (Pool pool = Pool.open(Faults.options("ended").workers(1).build())) {
      queue = pool.apply(() -> {
        ProcessQueue<Integer> made = ProcessQueue.ofCapacity(500);
        for (int i = 0; i < 500; i++) {
          made.put(i);
        }
        return made;
      });
    }
    assertThat(b().call(queue::take)).isEqualTo(0);
    assertThat(queue).hasSize(499);
    assertThat(queue.offer(7)).isTrue();
    queue.close();
    queue.clear();
  }

  // Done.

  /** It will never be done: who waits for it is told, and how many. */
  @Test
  void takerKilled_beforeTaskDone_joinTells() throws Exception {
    try (ProcessQueue<Integer> queue =
        ProcessQueue.open(QueueOptions.builder().joinable(true).build())) {
      queue.addAll(List.of(1, 2, 3, 4));
      a().run(() -> {
        queue.take();
        queue.take();
        queue.take();
        queue.taskDone();
      });
      Begun<Boolean> joining = b().start(queue::join).assertWaits();
      kill();
      assertThat(joining.failure())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("2 elements");
      assertThatThrownBy(() -> queue.join(Duration.ofDays(1))).hasMessageContaining("2 elements");
      assertThat(queue.take()).isEqualTo(4);
      queue.taskDone();
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
    }
  }

  /** One that has done all and is killed hurts nobody. */
  @Test
  void takerKilled_afterTaskDone_joinEnds() throws Exception {
    try (ProcessQueue<Integer> queue =
        ProcessQueue.open(QueueOptions.builder().joinable(true).build())) {
      queue.addAll(List.of(1, 2));
      a().run(() -> {
        queue.take();
        queue.taskDone();
      });
      Begun<Boolean> joining = b().start(queue::join).assertWaits();
      kill();
      joining.assertWaits();
      queue.take();
      queue.taskDone();
      joining.value();
    }
  }

  /** The last one says that he is done, and dies before waking anybody. */
  @Test
  void takerKilled_inTaskDone_joinEnds() throws Exception {
    try (ProcessQueue<Integer> queue =
        ProcessQueue.open(QueueOptions.builder().joinable(true).build())) {
      queue.add(1);
      Actor taker = a().actor();
      taker.run(queue::take);
      Begun<Boolean> joining = b().start(queue::join).assertWaits();
      stopAt("lock.released", taker, queue::taskDone);
      joining.value();
      kill();
      assertThat(queue.join(Duration.ZERO)).isTrue();
    }
  }

  // Stopped.

  /** One that is stopped in the middle holds others up until it goes on, and no longer; timeouts are kept. */
  @Test
  void putterSuspended_othersWaitAndGoOn() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      Path stopped = arm("ring.written");
      a().start(() -> queue.put(1));
      awaitStopped("ring.written", stopped);
      Faults.signal("STOP", victim());
      Faults.awaitLong("the victim to be suspended").until(() -> Faults.isSuspended(victim()));
      assertThat(notEarly(() -> queue.offer(2, BRIEF))).isFalse();
      assertThat(b().call(() -> queue.offer(2, BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      Begun<Boolean> putting = b().start(() -> queue.put(3)).assertWaits();
      Actor impatient = b().actor();
      Begun<Boolean> interrupted = impatient.start(() -> queue.put(4)).assertWaits();
      impatient.interrupt();
      assertThat(interrupted.failure()).isInstanceOf(InterruptedException.class);
      kill();
      putting.value();
      assertThat(drained(queue)).containsExactly(3);
    }
  }

  /** A closed queue goes with its last holder, also if that one is killed; one that is open does not, for somebody may be sent it yet. */
  @Test
  void lastHolderKilled_memoryOfClosedQueueIsGivenBackLater() throws Exception {
    Set<String> before = Segments.now();
    a().run(() -> {
      ProcessQueue<Object> closed = ProcessQueue.unbounded();
      closed.put(half(1));
      closed.close();
      HELD.add(closed);
    });
    Set<String> gone = Segments.since(before);
    ProcessQueue<Object> open = a().call(() -> {
      ProcessQueue<Object> made = ProcessQueue.unbounded();
      made.put(2);
      HELD.add(made);
      return made;
    });
    assertThat(gone).isNotEmpty();

    kill();

    Faults.awaitLong("memory of the abandoned queue to be given back").until(() -> {
      Pipe.oneWay().close();
      return Segments.now().stream().noneMatch(gone::contains);
    });
    assertThat(open.take()).isEqualTo(2);
    open.close();
  }
}
