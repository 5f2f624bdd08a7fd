// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import io.procpool.channel.QueueOptions;
import io.procpool.channel.UndecodableMessageException;
import io.procpool.master.sync.Actor;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Party;
import io.procpool.master.sync.SyncContract;
import java.math.BigInteger;
import java.time.DayOfWeek;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What {@link ProcessQueue} and {@link java.util.concurrent.BlockingQueue} promise. */
abstract class QueueContract extends SyncContract {
  private static final int FEW = 3;

  enum Kind {
    BOUNDED(QueueOptions.builder().capacity(1000)),
    BOUNDED_BYTES(QueueOptions.builder().capacityBytes(100_000)),
    UNBOUNDED(QueueOptions.builder().capacityBytes(QueueOptions.UNBOUNDED_BYTES)),
    JOINABLE(QueueOptions.builder().joinable(true));

    private final QueueOptions options;

    Kind(QueueOptions.Builder options) {
      this.options = options.build();
    }

    <E> ProcessQueue<E> open() {
      return ProcessQueue.open(options);
    }
  }

  /** A queue that is full. */
  private static ProcessQueue<Object> full() {
    ProcessQueue<Object> queue = ProcessQueue.ofCapacity(FEW);
    for (int i = 0; i < FEW; i++) {
      queue.add(i);
    }
    return queue;
  }

  private static List<Object> drained(ProcessQueue<?> queue) {
    List<Object> all = new ArrayList<>();
    queue.drainTo(all);
    return all;
  }

  // Values and their order.

  @ParameterizedTest
  @EnumSource
  void take_valuesOfManyTypes_areEqualCopiesInOrder(Kind kind) throws Exception {
    Map<String, Integer> map = new HashMap<>(Map.of("one", 1, "two", 2));
    List<Object> values = List.of(
        42,
        -1L,
        'c',
        2.5,
        true,
        "",
        "a text with ä and \uD83D\uDE00",
        BigInteger.TEN.pow(50),
        Arrays.asList(42, null, "hello"),
        map,
        DayOfWeek.FRIDAY,
        Duration.ofMillis(7),
        new Odd.Holder(new Odd.Inner(1)),
        List.of(List.of(1), List.of()));
    try (ProcessQueue<Object> queue = kind.open()) {
      a().run(() -> {
        for (Object each : values) {
          queue.put(each);
        }
      });
      List<Object> taken = b().call(() -> {
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < values.size(); i++) {
          all.add(queue.take());
        }
        return all;
      });
      assertThat(taken).isEqualTo(values);
      assertThat(queue).isEmpty();
    }
  }

  @Test
  void take_arrays_areEqualCopies() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      byte[] bytes = {1, 2, 3};
      queue.put(bytes);
      queue.put(new double[] {1.5, Double.NaN});
      queue.put(new String[] {"a", null});
      bytes[0] = 99;
      assertThat((byte[]) queue.take()).containsExactly(1, 2, 3);
      assertThat((double[]) queue.take()).containsExactly(1.5, Double.NaN);
      assertThat((String[]) queue.take()).containsExactly("a", null);
    }
  }

  /** What happens to the object after it was put is not seen. */
  @Test
  void put_changedAfterwards_isNotSeen() throws Exception {
    try (ProcessQueue<List<Integer>> queue = ProcessQueue.unbounded()) {
      List<Integer> list = new ArrayList<>(List.of(1));
      queue.put(list);
      list.add(2);
      assertThat(queue.take()).containsExactly(1).isNotSameAs(list);
    }
  }

  @Test
  void take_byTurns_isFirstInFirstOut() throws Exception {
    try (ProcessQueue<Integer> queue = ProcessQueue.ofCapacity(7)) {
      int put = 0;
      int taken = 0;
      Random random = new Random(3);
      for (int step = 0; step < 60; step++) {
        Party party = parties().all().get(random.nextInt(3));
        int value = put;
        if (random.nextBoolean()) {
          put += party.call(() -> queue.offer(value)) ? 1 : 0;
        } else {
          Integer next = party.call(queue::poll);
          assertThat(next).isEqualTo(taken < put ? taken : null);
          taken += next == null ? 0 : 1;
        }
        assertThat(queue).hasSize(put - taken);
        assertThat(queue.remainingCapacity()).isEqualTo(7 - (put - taken));
      }
    }
  }

  /** Each consumer sees the elements of each producer in order, and all of them are seen once. */
  @ParameterizedTest
  @EnumSource
  void take_manyProducersAndConsumers_nothingLostOrDoubled(Kind kind) throws Exception {
    int count = 400;
    ProcessQueue<int[]> queue = kind.open();
    List<Begun<Boolean>> producers = new ArrayList<>();
    List<Begun<List<int[]>>> consumers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      consumers.add((i % 2 == 0 ? b() : a()).begin(() -> {
        List<int[]> taken = new ArrayList<>();
        try {
          while (true) {
            taken.add(queue.take());
          }
        } catch (QueueClosedException end) {
          return taken;
        }
      }));
    }
    for (int i = 0; i < 4; i++) {
      int producer = i;
      producers.add((i % 2 == 0 ? a() : b()).start(() -> {
        for (int n = 0; n < count; n++) {
          queue.put(new int[] {producer, n});
        }
      }));
    }
    for (Begun<Boolean> producer : producers) {
      producer.value();
    }
    queue.close();
    int[] seen = new int[4 * count];
    for (Begun<List<int[]>> consumer : consumers) {
      int[] last = {-1, -1, -1, -1};
      for (int[] each : consumer.value()) {
        assertThat(each[1]).isGreaterThan(last[each[0]]);
        last[each[0]] = each[1];
        seen[each[0] * count + each[1]]++;
      }
    }
    assertThat(seen).containsOnly(1);
  }

  @Test
  void put_null_isRefused() {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      assertThatThrownBy(() -> queue.put(null)).isInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> queue.add(null)).isInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> queue.offer(null)).isInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> queue.offer(null, BRIEF)).isInstanceOf(NullPointerException.class);
      assertThat(queue).isEmpty();
    }
  }

  // Full and empty.

  @Test
  void full_offersAreRefusedUntilThereIsRoom() throws Exception {
    try (ProcessQueue<Object> queue = full()) {
      assertThat(queue.offer(9)).isFalse();
      assertThatThrownBy(() -> queue.add(9)).isInstanceOf(IllegalStateException.class);
      assertThat(queue.offer(9, Duration.ZERO)).isFalse();
      assertThat(queue.offer(9, -5, TimeUnit.DAYS)).isFalse();
      assertThat(queue.offer(9, Duration.ofSeconds(Long.MIN_VALUE))).isFalse();
      assertThat(notEarly(() -> queue.offer(9, BRIEF))).isFalse();
      assertThat(a().call(() -> queue.offer(9, BRIEF_NANOS, TimeUnit.NANOSECONDS)))
          .isFalse();
      assertThat(queue.remainingCapacity()).isZero();
      assertThat(queue.take()).isEqualTo(0);
      assertThat(queue.remainingCapacity()).isEqualTo(1);
      assertThat(queue.offer(9)).isTrue();
      assertThat(queue.offer(10)).isFalse();
      assertThat(drained(queue)).containsExactly(1, 2, 9);
    }
  }

  @Test
  void empty_nothingCanBeTaken() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.ofCapacity(FEW)) {
      assertThat(queue.poll()).isNull();
      assertThat(queue.peek()).isNull();
      assertThat(queue.poll(Duration.ZERO)).isNull();
      assertThat(queue.poll(-1, TimeUnit.DAYS)).isNull();
      assertThat(notEarly(() -> queue.poll(BRIEF) == null)).isTrue();
      assertThat(a().call(() -> queue.poll(BRIEF_NANOS, TimeUnit.NANOSECONDS))).isNull();
      assertThatThrownBy(queue::remove).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(queue::element).isInstanceOf(NoSuchElementException.class);
      assertThat(queue.isEmpty()).isTrue();
      assertThat(queue.size()).isZero();
      assertThat(queue.sizeBytes()).isZero();
      queue.add("x");
      assertThat(queue.peek()).isEqualTo("x");
      assertThat(queue.element()).isEqualTo("x");
      assertThat(queue.remove()).isEqualTo("x");
      assertThat(queue).isEmpty();
    }
  }

  @Test
  void put_full_waitsForEachTake() throws Exception {
    try (ProcessQueue<Object> queue = full()) {
      Begun<Boolean> one = a().start(() -> queue.put("a")).assertWaits();
      Begun<Boolean> two = b().begin(() -> queue.offer("b", 1, TimeUnit.DAYS)).assertWaits();
      Begun<Boolean> ever =
          a().begin(() -> queue.offer("c", Long.MAX_VALUE, TimeUnit.DAYS)).assertWaits();
      List<Object> taken = new ArrayList<>();
      for (int i = 0; i < 2 * FEW; i++) {
        taken.add(queue.poll(LONG_MILLIS, TimeUnit.MILLISECONDS));
      }
      assertThat(one.value()).isTrue();
      assertThat(two.value()).isTrue();
      assertThat(ever.value()).isTrue();
      assertThat(taken.subList(0, FEW)).containsExactly(0, 1, 2);
      assertThat(taken.subList(FEW, 2 * FEW)).containsExactlyInAnyOrder("a", "b", "c");
    }
  }

  @Test
  void take_empty_waitsForAPut() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.ofCapacity(FEW)) {
      List<Begun<Object>> taking = List.of(
          a().begin(queue::take).assertWaits(),
          b().begin(() -> queue.poll(1, TimeUnit.DAYS)).assertWaits(),
          b().begin(() -> queue.poll(Duration.ofSeconds(Long.MAX_VALUE))).assertWaits());
      for (int i = 0; i < FEW; i++) {
        queue.put(i);
      }
      List<Object> taken = new ArrayList<>();
      for (Begun<Object> each : taking) {
        taken.add(each.value());
      }
      assertThat(taken).containsExactlyInAnyOrder(0, 1, 2);
    }
  }

  /** Who was interrupted has put and taken nothing, and hurts nobody who waits beside. */
  @Test
  void interrupt_whileWaiting_endsTheWait() throws Exception {
    try (ProcessQueue<Object> empty = ProcessQueue.ofCapacity(FEW);
        ProcessQueue<Object> full = full()) {
      for (Party party : List.of(a(), b())) {
        for (boolean timed : new boolean[] {true, false}) {
          Actor taker = party.actor();
          Begun<Object> taking =
              taker.begin(() -> timed ? empty.poll(1, TimeUnit.DAYS) : empty.take());
          Actor putter = party.actor();
          Begun<Boolean> putting = putter.begin(() -> {
            if (timed) {
              return full.offer("x", 1, TimeUnit.DAYS);
            }
            full.put("x");
            return true;
          });
          taking.awaitWaiting();
          putting.awaitWaiting();
          taker.interrupt();
          putter.interrupt();
          assertThat(taking.failure()).isInstanceOf(InterruptedException.class);
          assertThat(putting.failure()).isInstanceOf(InterruptedException.class);
        }
      }
      assertThat(drained(full)).containsExactly(0, 1, 2);
      empty.put(1);
      assertThat(empty.take()).isEqualTo(1);
    }
  }

  @Test
  void interrupted_before_waitingMethodsFailAndOthersDoNotCare() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.ofCapacity(FEW)) {
      queue.put(1);
      assertInterrupted(() -> queue.put(2));
      assertInterrupted(() -> queue.offer(2, Duration.ZERO));
      assertInterrupted(queue::take);
      assertInterrupted(() -> queue.poll(Duration.ZERO));
      Thread.currentThread().interrupt();
      assertThat(queue.offer(2)).isTrue();
      assertThat(queue.add(3)).isTrue();
      assertThat(queue.poll()).isEqualTo(1);
      assertThat(queue.peek()).isEqualTo(2);
      assertThat(drained(queue)).containsExactly(2, 3);
      assertThat(Thread.interrupted()).as("interrupt status").isTrue();
    }
  }

  // Bytes.

  @Test
  void bytes_countedWithEightForEachElement() throws Exception {
    try (ProcessQueue<byte[]> queue =
        ProcessQueue.open(QueueOptions.builder().capacityBytes(1024).build())) {
      queue.put(new byte[0]);
      assertThat(queue.sizeBytes()).isEqualTo(8);
      queue.put(new byte[1]);
      assertThat(queue.sizeBytes()).isEqualTo(24);
      queue.put(new byte[984]);
      assertThat(queue.sizeBytes()).isEqualTo(1016);
      assertThat(queue.offer(new byte[1])).isFalse();
      assertThat(queue.offer(new byte[0])).isTrue();
      assertThat(queue.sizeBytes()).isEqualTo(1024);
      assertThat(queue.offer(new byte[0])).isFalse();
      assertThat(queue.size()).isEqualTo(4);
    }
  }

  /** An element that alone is too large goes through when there is nothing else, and nothing goes in beside it. */
  @Test
  void put_largerThanAll_goesAlone() throws Exception {
    try (ProcessQueue<byte[]> queue =
        ProcessQueue.open(QueueOptions.builder().capacityBytes(1024).build())) {
      byte[] large = new byte[5_000_000];
      new Random(1).nextBytes(large);
      queue.put(new byte[1]);
      assertThat(queue.offer(large)).isFalse();
      Begun<Boolean> putting = a().start(() -> queue.put(large.clone())).assertWaits();
      assertThat(queue.take()).hasSize(1);
      putting.value();
      assertThat(queue.offer(new byte[0])).isFalse();
      assertThat(queue.sizeBytes()).isEqualTo(5_000_008);
      assertThat(b().call(queue::take)).isEqualTo(large);
      assertThat(queue.offer(new byte[0])).isTrue();
    }
  }

  /** Elements of all sizes, more than fit at a time, come out as they went in. */
  @ParameterizedTest
  @EnumSource
  void put_sizesGrowAndShrink_comeOutEqual(Kind kind) throws Exception {
    int count = 300;
    try (ProcessQueue<byte[]> queue = kind.open()) {
      Begun<Boolean> putting = a().start(() -> {
        for (int i = 0; i < count; i++) {
          queue.put(bytes(i));
        }
      });
      Begun<Integer> taking = b().begin(() -> {
        int wrong = 0;
        for (int i = 0; i < count; i++) {
          wrong += Arrays.equals(queue.take(), bytes(i)) ? 0 : 1;
        }
        return wrong;
      });
      putting.value();
      assertThat(taking.value()).isZero();
    }
  }

  private static byte[] bytes(int number) {
    Random random = new Random(number);
    byte[] bytes = new byte[random.nextInt(1 << 5 + number / 15 % 12)];
    random.nextBytes(bytes);
    return bytes;
  }

  // What cannot be encoded or decoded.

  @Test
  void put_cannotBeEncoded_nothingIsPut() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      assertThatThrownBy(() -> queue.put(new Odd.Holder(new Odd.Inner(new Thread()))))
          .isInstanceOfSatisfying(
              NotSerializableMessageException.class, e -> assertThat(e.path()).contains("inner"))
          .hasMessageContaining("inner")
          .hasMessageContaining("nothing was sent");
      assertThatThrownBy(() -> queue.put(new Odd.FailsToWrite()))
          .isInstanceOf(NotSerializableMessageException.class)
          .hasStackTraceContaining("does not want to be written");
      assertThatThrownBy(() -> queue.offer(new Object()))
          .isInstanceOf(NotSerializableMessageException.class);
      List<Object> self = new ArrayList<>();
      self.add(self);
      try {
        queue.put(self);
        queue.take();
      } catch (NotSerializableMessageException refused) {
        // As good as an equal copy.
      }
      assertThat(queue).isEmpty();
      queue.put("next");
      assertThat(queue.take()).isEqualTo("next");
    }
  }

  /** It is refused for what it is also when there is no room, and when the queue is closed. */
  @Test
  void put_cannotBeEncodedAndFull_isRefused() {
    try (ProcessQueue<Object> queue = full()) {
      assertThatThrownBy(() -> queue.put(new Thread()))
          .isInstanceOf(NotSerializableMessageException.class);
    }
  }

  @Test
  void take_cannotBeDecoded_isTakenAndTheNextOneIsNotAffected() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      queue.put(new Odd.FailsToRead());
      queue.put("next");
      assertThatThrownBy(queue::peek).isInstanceOf(UndecodableMessageException.class);
      assertThat(queue).hasSize(2);
      assertThatThrownBy(queue::take)
          .isInstanceOf(UndecodableMessageException.class)
          .hasStackTraceContaining("does not want to be read");
      assertThat(queue.take()).isEqualTo("next");
      queue.put(new Odd.FailsToLink());
      queue.put("after");
      assertThat(a().begin(queue::take).failure()).isInstanceOf(UndecodableMessageException.class);
      assertThat(b().call(queue::take)).isEqualTo("after");
    }
  }

  /** Code of elements may use the queue that they are in: no lock is held when it runs. */
  @Test
  void element_usesTheSameQueue_works() throws Exception {
    try (ProcessQueue<Object> queue = ProcessQueue.unbounded()) {
      queue.put(new Odd.UsesTheQueue(queue, "first"));
      queue.put("last");
      assertThat(queue).hasSize(3);
      assertThat(queue.take()).isEqualTo("first");
      Odd.UsesTheQueue element = (Odd.UsesTheQueue) queue.take();
      assertThat(element.taken).isEqualTo("last");
      assertThat(element.queue).isEqualTo(queue);
      assertThat(queue).isEmpty();
    }
  }

  // Many at a time.

  @Test
  void drainTo_takesAsManyAsAllowed() {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      for (int i = 0; i < 10; i++) {
        queue.add(i);
      }
      List<Integer> target = new ArrayList<>();
      assertThat(queue.drainTo(target, 0)).isZero();
      assertThat(queue.drainTo(target, -1)).isZero();
      assertThat(queue.drainTo(target, 3)).isEqualTo(3);
      assertThat(target).containsExactly(0, 1, 2);
      assertThat(queue.drainTo(target)).isEqualTo(7);
      assertThat(target).hasSize(10).isSorted();
      assertThat(queue.drainTo(target)).isZero();
      assertThatThrownBy(() -> queue.drainTo(queue)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> queue.drainTo(null)).isInstanceOf(NullPointerException.class);
      queue.close();
      assertThat(queue.drainTo(target)).isZero();
    }
  }

  @Test
  void drainTo_targetFails_onlyThatOneIsLost() throws Exception {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      queue.addAll(List.of(1, 2, 3));
      Collection<Integer> picky = new ArrayList<>() {
        private static final long serialVersionUID = 1;

        @Override
        public boolean add(Integer number) {
          if (number == 2) {
            throw new IllegalStateException("no 2");
          }
          return super.add(number);
        }
      };
      assertThatThrownBy(() -> queue.drainTo(picky)).hasMessage("no 2");
      assertThat(picky).containsExactly(1);
      assertThat(queue.take()).isEqualTo(3);
      assertThat(queue).isEmpty();
    }
  }

  @Test
  void collection_looksAtACopy() throws Exception {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      queue.addAll(List.of(1, 2, 3));
      Iterator<Integer> iterator = queue.iterator();
      assertThat(queue.take()).isEqualTo(1);
      queue.put(4);
      assertThat(iterator).toIterable().containsExactly(1, 2, 3);
      assertThatThrownBy(iterator::next).isInstanceOf(NoSuchElementException.class);
      assertThat(queue.contains(4)).isTrue();
      assertThat(queue.contains(1)).isFalse();
      assertThat(queue.containsAll(List.of(2, 3))).isTrue();
      assertThat(queue.toArray()).containsExactly(2, 3, 4);
      assertThat(queue.toArray(new Integer[0])).containsExactly(2, 3, 4);
      assertThat(queue.stream().map(n -> n * n)).containsExactly(4, 9, 16);
      assertThat(queue.parallelStream().mapToInt(n -> n).sum()).isEqualTo(9);
      assertThat(queue).hasSize(3);
      queue.clear();
      assertThat(queue).isEmpty();
      assertThat(queue.iterator()).isExhausted();
    }
  }

  /** Segments of all sizes, and the end of one, are in the way of who looks. */
  @Test
  void iterator_overManySegments_seesAll() throws Exception {
    try (ProcessQueue<byte[]> queue = ProcessQueue.unbounded()) {
      for (int i = 0; i < 40; i++) {
        queue.put(new byte[10_000 * i]);
        if (i % 4 == 3) {
          queue.take();
        }
      }
      int expected = 10;
      for (byte[] each : queue) {
        assertThat(each).hasSize(10_000 * expected++);
      }
      assertThat(expected).isEqualTo(40);
    }
  }

  @Test
  void collection_outOfTheMiddle_isRefused() throws Exception {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      queue.addAll(List.of(1, 2));
      Iterator<Integer> iterator = queue.iterator();
      iterator.next();
      assertThatThrownBy(iterator::remove).isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> queue.remove(2))
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("take()");
      assertThatThrownBy(() -> queue.removeIf(n -> n == 2))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> queue.removeAll(List.of(2)))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThatThrownBy(() -> queue.retainAll(List.of(2)))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThat(queue).hasSize(2);
    }
  }

  /** Forbidden: a stream that was promised another number of elements than it gets. */
  @Test
  void stream_whileOthersPutAndTake_isWhole() throws Exception {
    try (ProcessQueue<Integer> queue = ProcessQueue.ofCapacity(50)) {
      Begun<Boolean> busy = a().start(() -> {
        Random random = new Random(5);
        while (!queue.isClosed()) {
          if (random.nextBoolean() ? queue.offer(1) : queue.poll() == null) {
            Thread.onSpinWait();
          }
        }
      });
      for (int i = 0; i < 2000; i++) {
        assertThat(queue.stream().toArray()).hasSizeLessThanOrEqualTo(50).doesNotContainNull();
        assertThat(queue.toArray()).doesNotContainNull();
      }
      queue.close();
      try {
        busy.value();
      } catch (QueueClosedException inTheMiddle) {
        // Of an offer.
      }
    }
  }

  // Closing.

  @ParameterizedTest
  @EnumSource
  void close_tellsPuttersAndLetsTakersDrain(Kind kind) throws Exception {
    ProcessQueue<Object> queue = kind.open();
    queue.put(1);
    queue.put(2);
    a().run(queue::close);
    assertThat(queue.isClosed()).isTrue();
    assertThat(b().call(queue::isClosed)).isTrue();
    assertThatThrownBy(() -> queue.put(3))
        .isInstanceOf(QueueClosedException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> queue.add(3)).isInstanceOf(QueueClosedException.class);
    assertThatThrownBy(() -> queue.offer(3)).isInstanceOf(QueueClosedException.class);
    assertThatThrownBy(() -> queue.offer(3, BRIEF)).isInstanceOf(QueueClosedException.class);
    assertThat(b().begin(() -> queue.offer(3)).failure()).isInstanceOf(QueueClosedException.class);
    assertThat(queue).hasSize(2);
    assertThat(queue.peek()).isEqualTo(1);
    assertThat(b().call(queue::take)).isEqualTo(1);
    queue.close();
    assertThat(queue.poll(BRIEF)).isEqualTo(2);
    assertThatThrownBy(queue::take)
        .isInstanceOf(QueueClosedException.class)
        .hasMessageContaining("all has been taken");
    assertThat(queue.poll()).isNull();
    assertThat(queue.peek()).isNull();
    assertThat(queue.poll(1, TimeUnit.DAYS)).isNull();
    assertThat(queue.iterator()).isExhausted();
    assertThat(queue.toString()).contains("closed");
    assertThat(b().begin(queue::take).failure()).isInstanceOf(QueueClosedException.class);
  }

  @Test
  void close_whileOthersWait_endsAllWaits() throws Exception {
    ProcessQueue<Object> empty = ProcessQueue.ofCapacity(FEW);
    ProcessQueue<Object> full = full();
    List<Begun<Object>> taking = new ArrayList<>();
    List<Begun<Boolean>> putting = new ArrayList<>();
    List<Begun<Object>> polling = new ArrayList<>();
    for (Party party : List.of(a(), b(), a())) {
      taking.add(party.begin(empty::take));
      polling.add(party.begin(() -> empty.poll(1, TimeUnit.DAYS)));
      putting.add(party.start(() -> full.put("x")));
      putting.add(party.begin(() -> full.offer("y", 1, TimeUnit.DAYS)));
    }
    for (Begun<Object> each : taking) {
      each.awaitWaiting();
    }
    for (Begun<Boolean> each : putting) {
      each.awaitWaiting();
    }
    empty.close();
    b().run(full::close);
    for (Begun<Object> each : taking) {
      assertThat(each.failure()).isInstanceOf(QueueClosedException.class);
    }
    for (Begun<Object> each : polling) {
      assertThat(each.value()).isNull();
    }
    for (Begun<Boolean> each : putting) {
      assertThat(each.failure()).isInstanceOf(QueueClosedException.class);
    }
    assertThat(drained(full)).containsExactly(0, 1, 2);
  }

  // Done.

  private static ProcessQueue<Integer> joinable() {
    return ProcessQueue.open(QueueOptions.builder().joinable(true).build());
  }

  @Test
  void join_waitsForTheLastTaskDone() throws Exception {
    ProcessQueue<Integer> queue = joinable();
    queue.join();
    assertThat(queue.join(Duration.ZERO)).isTrue();
    for (int i = 0; i < 10; i++) {
      queue.put(i);
    }
    assertThat(queue.join(Duration.ZERO)).isFalse();
    assertThat(notEarly(() -> queue.join(BRIEF))).isFalse();
    List<Begun<Boolean>> joining =
        List.of(a().start(queue::join), b().begin(() -> queue.join(Duration.ofDays(1))));
    for (int i = 0; i < 10; i++) {
      Party party = i % 2 == 0 ? a() : b();
      party.run(queue::take);
      for (Begun<Boolean> each : joining) {
        each.awaitWaiting();
      }
      party.run(queue::taskDone);
    }
    for (Begun<Boolean> each : joining) {
      assertThat(each.value()).isTrue();
    }
    queue.join();
    queue.put(1);
    assertThat(queue.join(Duration.ZERO)).isFalse();
    queue.clear();
    queue.taskDone();
    assertThat(queue.join(Duration.ZERO)).isTrue();
    queue.close();
    queue.join();
  }

  @Test
  void taskDone_moreThanTaken_isRefused() throws Exception {
    try (ProcessQueue<Integer> queue = joinable()) {
      assertThatThrownBy(queue::taskDone)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("taskDone()");
      queue.put(1);
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
      queue.peek();
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
      queue.take();
      if (parties().isProcesses()) {
        assertThat(a().start(queue::taskDone).failure())
            .as("of another process")
            .isInstanceOf(IllegalStateException.class);
      }
      queue.taskDone();
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
      assertThat(queue.join(Duration.ZERO)).isTrue();
    }
  }

  @Test
  void join_interrupted_ends() throws Exception {
    try (ProcessQueue<Integer> queue = joinable()) {
      queue.put(1);
      Actor actor = a().actor();
      Begun<Boolean> joining = actor.start(queue::join).awaitWaiting();
      actor.interrupt();
      assertThat(joining.failure()).isInstanceOf(InterruptedException.class);
      assertInterrupted(queue::join);
    }
  }

  @Test
  void join_notJoinable_isRefused() {
    try (ProcessQueue<Integer> queue = ProcessQueue.unbounded()) {
      assertThatThrownBy(queue::join)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("joinable(true)");
      assertThatThrownBy(() -> queue.join(BRIEF)).isInstanceOf(IllegalStateException.class);
      assertThatThrownBy(queue::taskDone).isInstanceOf(IllegalStateException.class);
    }
  }

  // Handles and options.

  @ParameterizedTest
  @EnumSource
  void handle_copies_areOneQueue(Kind kind) throws Exception {
    try (ProcessQueue<Object> queue = kind.open();
        ProcessQueue<Object> other = kind.open();
        ProcessQueue<ProcessQueue<Object>> carrier = ProcessQueue.unbounded()) {
      ProcessQueue<Object> copy = copyOf(queue);
      assertThat(copy.equals(queue)).isTrue();
      assertThat(copy.hashCode()).isEqualTo(queue.hashCode());
      assertThat(queue.equals(other)).isFalse();
      carrier.put(queue);
      a().run(() -> carrier.take().put("through a queue"));
      ProcessQueue<Object> back = b().call(() -> queue);
      assertThat(back.equals(queue)).isTrue();
      assertThat(back.take()).isEqualTo("through a queue");
      copy.put(List.of(1));
      assertThat(queue.take()).isEqualTo(List.of(1));
      queue.put(copy);
      assertThat(((ProcessQueue<?>) queue.take()).equals(queue)).as("in itself").isTrue();
      assertThat(back.options().toString()).isEqualTo(kind.options.toString());
    }
  }

  /** What another party has made, and has no handle of any more, is whole. */
  @Test
  void handle_madeByAnotherParty_isUsable() throws Exception {
    ProcessQueue<String> queue = a().call(() -> {
      ProcessQueue<String> made = ProcessQueue.ofCapacity(2);
      made.put("from a");
      return made;
    });
    assertThat(b().call(queue::take)).isEqualTo("from a");
    assertThat(queue.options().capacity()).isEqualTo(2);
    queue.close();
  }

  @Test
  void options_badArguments_areRefused() {
    assertRefused(() -> ProcessQueue.ofCapacity(0), "capacity: 0");
    assertRefused(() -> ProcessQueue.ofCapacity(QueueOptions.MAX_CAPACITY + 1), "capacity: ");
    assertRefused(() -> QueueOptions.builder().capacityBytes(1023), "capacityBytes: 1023");
    assertRefused(() -> QueueOptions.builder().capacityBytes((1L << 40) + 1), "capacityBytes: ");
    ProcessQueue<Integer> largest = ProcessQueue.open(QueueOptions.builder()
        .capacity(QueueOptions.MAX_CAPACITY)
        .capacityBytes(1L << 40)
        .build());
    assertThat(largest.remainingCapacity()).isEqualTo(QueueOptions.MAX_CAPACITY);
    largest.add(1);
    assertThat(largest.poll()).isEqualTo(1);
    largest.close();
  }
}
