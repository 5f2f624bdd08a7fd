// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.Processes;
import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.channel.MessageTooLargeException;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.UndecodableMessageException;
import io.procpool.master.process.Faults;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Parties;
import java.io.EOFException;
import java.io.IOException;
import java.io.ObjectInputStream;
import java.io.Serializable;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The contract of {@link Connection}, whatever it goes over, and wherever the other end is. */
@Timeout(value = 3, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
abstract class ConnectionContract {
  /** A timeout that is meant to run out. */
  static final Duration BRIEF = SHORT.dividedBy(5);

  private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);
  private static final int BIG_BYTES = 64 << 20;
  private static final int LARGE_BYTES =
      40 << 20; // more than waits anywhere on the way: Linux has up to 36 MiB for TCP

  private static Descriptors first = Descriptors.now();

  private Descriptors before = Descriptors.now();

  /** Returns who takes part. */
  abstract Parties parties();

  /** Makes a connection that goes both ways. */
  abstract Link open() throws Exception;

  @BeforeAll
  static void countFirst() {
    first = Descriptors.now();
  }

  @AfterAll
  static void noSelectorIsLeft() {
    first.assertNoMoreSelectors();
  }

  @BeforeEach
  void count() {
    before = Descriptors.now();
  }

  @AfterEach
  void nobodyDoesAnything_andNothingIsLeft() throws Exception {
    parties().checkIdle();
    before.assertNoMore();
  }

  /** Runs something that has a timeout of BRIEF; it must not end before. */
  private static <T> T notEarly(java.util.concurrent.Callable<T> task) throws Exception {
    long start = System.nanoTime();
    try {
      return task.call();
    } finally {
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThanOrEqualTo(BRIEF);
    }
  }

  private static byte[] big(int seed, int bytes) {
    byte[] made = new byte[bytes];
    new SplittableRandom(seed).nextBytes(made);
    return made;
  }

  private static long crc(byte[] bytes) {
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return sum.getValue();
  }

  // Messages.

  /** What is sent arrives equal, in either direction. */
  @Test
  void send_anything_arrivesEqual() throws Exception {
    List<Serializable> values = new ArrayList<>(Arrays.asList(
        42,
        null,
        "hello",
        "",
        3.5,
        true,
        new BigDecimal("1.50"),
        new ArrayList<>(Arrays.asList(42, null, "hello")),
        (Serializable) Map.of("a", List.of(1, 2), "b", List.of()),
        new Point(1, -1),
        "x".repeat(50_000)));
    try (Link link = open()) {
      for (Serializable value : values) {
        link.near().run(c -> c.send(value));
        assertThat(link.far().<Object>call(Connection::recv)).isEqualTo(value);
        link.far().run(c -> c.send(value, Duration.ZERO));
        assertThat(link.near().<Object>call(c -> c.recv(LONG))).isEqualTo(value);
      }
    }
  }

  record Point(int x, int y) implements Serializable {}

  /** Bytes as they are, parts of an array, none at all; and an array that is sent as an object is bytes, too. */
  @Test
  void sendBytes_partsAndNone_arriveAsTheyAre() throws Exception {
    try (Link link = open()) {
      link.far().run(c -> {
        byte[] bytes = {1, 2, 3, 4, 5};
        c.sendBytes(bytes);
        c.sendBytes(bytes, 1, 3);
        c.sendBytes(bytes, 5, 0);
        c.send(bytes);
        c.sendBytes(bytes);
        Arrays.fill(bytes, (byte) 0);
      });
      assertThat(link.near().<byte[]>call(Connection::recvBytes)).containsExactly(1, 2, 3, 4, 5);
      assertThat(link.near().<byte[]>call(c -> c.recvBytes(3))).containsExactly(2, 3, 4);
      assertThat(link.near().<byte[]>call(c -> c.recvBytes(0))).isEmpty();
      assertThat(link.near().<byte[]>call(Connection::recvBytes)).containsExactly(1, 2, 3, 4, 5);
      assertThat((byte[]) link.near().<Object>call(Connection::recv))
          .containsExactly(1, 2, 3, 4, 5);
      for (int[] range : new int[][] {{-1, 1}, {0, 6}, {6, 0}, {1, -1}, {2, Integer.MAX_VALUE}}) {
        assertThatThrownBy(() -> link.near().run(c -> c.sendBytes(new byte[5], range[0], range[1])))
            .isInstanceOf(IndexOutOfBoundsException.class);
      }
      assertThatThrownBy(() -> link.near().run(c -> c.recvBytes(-1)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("-1 (expected: ");
      assertThat(link.far().is(Connection::poll)).isFalse();
    }
  }

  /** What happens to an object after it was sent is not seen. */
  @Test
  void send_thenChanged_arrivesAsItWas() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> {
        List<Integer> list = new ArrayList<>(List.of(1, 2));
        c.send(list);
        list.clear();
      });
      assertThat(link.far().<Object>call(Connection::recv)).isEqualTo(List.of(1, 2));
    }
  }

  @Test
  void send_manyBothWaysAtOnce_arriveInOrder() throws Exception {
    int count = 5000;
    try (Link link = open()) {
      List<Begun<Boolean>> all = new ArrayList<>();
      for (End end : List.of(link.near(), link.far())) {
        all.add(end.start(c -> {
          for (int i = 0; i < count; i++) {
            c.send(i);
          }
        }));
        all.add(end.start(c -> {
          for (int i = 0; i < count; i++) {
            assertThat(c.recv()).isEqualTo(i);
          }
        }));
      }
      for (Begun<Boolean> each : all) {
        each.value();
      }
    }
  }

  @Test
  void send_64Mebibytes_arriveWhole() throws Exception {
    try (Link link = open()) {
      for (End from : LongForm.choose(List.of(link.near(), link.far()), 2)) {
        End to = from == link.near() ? link.far() : link.near();
        Begun<Long> sum = to.begin(c -> crc(c.recvBytes()));
        from.run(c -> c.sendBytes(big(7, BIG_BYTES)));
        assertThat(sum.value()).isEqualTo(crc(big(7, BIG_BYTES)));
        Begun<Boolean> equal = to.begin(c -> {
          Object text = c.recv(ENDLESS);
          return "ab".repeat(BIG_BYTES / 4).equals(text);
        });
        from.run(c -> c.send("ab".repeat(BIG_BYTES / 4)));
        assertThat(equal.value()).isTrue();
      }
    }
  }

  /** Several senders and receivers at each end: each message arrives once, whole, and after those that its sender sent before. */
  @Test
  void send_byManyToMany_nothingIsTornLostOrDoubled() throws Exception {
    int each = 300;
    int maxBytes = 200_000;
    try (Link link = open()) {
      List<Begun<Boolean>> senders = new ArrayList<>();
      List<Begun<ArrayList<Integer>>> receivers = new ArrayList<>();
      for (End end : List.of(link.near(), link.far())) {
        int base = end == link.near() ? 0 : 10;
        for (int i = 0; i < 3; i++) {
          int sender = base + i;
          senders.add(end.start(c -> {
            for (int number = 0; number < each; number++) {
              c.sendBytes(Letter.write(sender, number, maxBytes));
            }
          }));
          receivers.add(end.begin(c -> {
            ArrayList<Integer> seen = new ArrayList<>();
            for (int number = 0; number < each; number++) {
              Letter letter = Letter.read((byte[]) c.recv(), maxBytes);
              seen.add(letter.sender() * 1000 + letter.number());
            }
            return seen;
          }));
        }
      }
      for (Begun<Boolean> sender : senders) {
        sender.value();
      }
      List<Integer> all = new ArrayList<>();
      for (Begun<ArrayList<Integer>> receiver : receivers) {
        List<Integer> seen = receiver.value();
        for (int sender = 0; sender < 13; sender++) {
          int from = sender;
          assertThat(seen.stream().filter(s -> s / 1000 == from)).isSorted();
        }
        all.addAll(seen);
      }
      assertThat(all)
          .containsExactlyInAnyOrderElementsOf(IntStream.of(0, 1, 2, 10, 11, 12)
              .flatMap(s -> IntStream.range(s * 1000, s * 1000 + each))
              .boxed()
              .toList());
    }
  }

  // Waiting.

  @Test
  void poll_tellsWhetherSomethingIsThere_andTakesNothing() throws Exception {
    try (Link link = open()) {
      for (End end : List.of(link.near(), link.far())) {
        End other = end == link.near() ? link.far() : link.near();
        assertThat(end.is(Connection::poll)).isFalse();
        assertThat(end.is(c -> c.poll(Duration.ZERO))).isFalse();
        assertThat(end.is(c -> c.poll(Duration.ofSeconds(Long.MIN_VALUE)))).isFalse();
        assertThat(end.is(c -> notEarly(() -> c.poll(BRIEF)))).isFalse();
        Begun<Boolean> waiting = end.begin(c -> c.poll(ENDLESS)).assertWaits();
        other.run(c -> c.send("x"));
        assertThat(waiting.value()).isTrue();
        for (int i = 0; i < 3; i++) {
          assertThat(end.is(Connection::poll)).isTrue();
          assertThat(end.is(c -> c.poll(LONG))).isTrue();
          assertThat(
                  end.<Integer>call(c -> Processes.awaitReady(List.of(c), LONG).size()))
              .isEqualTo(1);
        }
        assertThat(end.<Object>call(c -> c.recv(Duration.ZERO))).isEqualTo("x");
        assertThat(end.is(Connection::poll)).isFalse();
      }
    }
  }

  @Test
  void recv_nothingThere_endsAfterItsTimeNotEarlier() throws Exception {
    try (Link link = open()) {
      for (End end : List.of(link.near(), link.far())) {
        assertThatThrownBy(() -> end.run(c -> notEarly(() -> c.recv(BRIEF))))
            .isInstanceOf(TimeoutException.class)
            .hasMessageContaining("" + BRIEF);
        assertThatThrownBy(() -> end.run(c -> c.recv(Duration.ZERO)))
            .isInstanceOf(TimeoutException.class);
        assertThatThrownBy(() -> end.run(c -> c.recv(Duration.ofSeconds(-1))))
            .isInstanceOf(TimeoutException.class);
      }
    }
  }

  /** A sender without room gives up after its time; exactly what was said to be sent arrives. */
  @Test
  void send_noRoom_endsAfterItsTimeAndSendsNothing() throws Exception {
    int maxBytes = 300_000;
    try (Link link = open()) {
      int sent = link.near().call(c -> {
        int number = 0;
        while (true) {
          long start = System.nanoTime();
          try {
            c.send(Letter.write(1, number, maxBytes), BRIEF);
          } catch (TimeoutException full) {
            assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(BRIEF.toNanos());
            break;
          }
          number++;
        }
        fill(c, 1); // a large one may be too large, and there may be room for a small one
        assertThatThrownBy(() -> c.send("no", Duration.ZERO)).isInstanceOf(TimeoutException.class);
        assertThatThrownBy(() -> c.send("no", Duration.ofSeconds(-1)))
            .isInstanceOf(TimeoutException.class);
        return number;
      });
      assertThat(sent).isPositive();
      Begun<Boolean> last = link.near().start(c -> c.send("last"));
      link.far().run(c -> {
        for (int number = 0; number < sent; number++) {
          assertThat(Letter.read(c.recvBytes(), maxBytes).number()).isEqualTo(number);
        }
        Object next = c.recv();
        while (next instanceof byte[] small) {
          assertThat(small).hasSize(1);
          next = c.recv();
        }
        assertThat(next).isEqualTo("last");
      });
      last.value();
    }
  }

  /** Who waits to receive can be interrupted, and so can who only begins to; no message is lost by that. */
  @Test
  void recv_interrupted_leavesTheStreamInStep() throws Exception {
    try (Link link = open()) {
      for (End end : List.of(link.near(), link.far())) {
        End other = end == link.near() ? link.far() : link.near();
        List<End.Use<Object>> waits = List.of(
            Connection::recv, c -> c.recv(ENDLESS), c -> c.recvBytes(5), c -> c.poll(ENDLESS));
        for (End.Use<Object> wait : waits) {
          Begun<Object> begun = end.begin(wait).awaitWaiting();
          begun.interrupt();
          assertThat(begun.failure()).isInstanceOf(InterruptedException.class);
          end.run(c -> {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> wait.with(c)).isInstanceOf(InterruptedException.class);
            assertThat(Thread.interrupted()).isFalse();
          });
        }
        other.run(c -> c.send(new byte[] {1}));
        assertThat(end.<byte[]>call(Connection::recvBytes)).containsExactly(1);
      }
    }
  }

  /** Receivers that are interrupted and out of time again and again while large messages come in parts lose nothing of them. */
  @Test
  void recv_interruptedInTheMiddleOfAMessage_goesOnWhereItWas() throws Exception {
    int count = LongForm.choose(4, 2);
    try (Link link = open()) {
      Begun<Boolean> sender = link.far().start(c -> {
        for (int i = 0; i < count; i++) {
          c.sendBytes(big(i, LARGE_BYTES));
          c.send("after " + i);
        }
      });
      link.near().run(c -> {
        Thread self = Thread.currentThread();
        Random random = new Random(1);
        int messages = 0;
        while (messages < 2 * count) {
          Thread interrupter = new Thread(() -> {
            Thread.yield();
            self.interrupt();
          });
          interrupter.start();
          Object message = null;
          try {
            message =
                random.nextBoolean() ? c.recv() : c.recv(Duration.ofNanos(random.nextInt(200_000)));
          } catch (InterruptedException | TimeoutException again) {
            // That is what this is about.
          }
          joinQuietly(interrupter);
          Thread.interrupted();
          if (message != null) {
            int i = messages++ / 2;
            if (message instanceof byte[] bytes) {
              assertThat(crc(bytes)).isEqualTo(crc(big(i, LARGE_BYTES)));
            } else {
              assertThat(message).isEqualTo("after " + i);
            }
          }
        }
      });
      sender.value();
    }
  }

  private static void joinQuietly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * A sender that is interrupted while it waits either has not sent, and says so, or has, and is still interrupted; the message arrives
   * whole then, without anybody's help, and the next one behind it.
   */
  @Test
  void send_interruptedAnywhere_isSentWholeOrNotAtAll() throws Exception {
    try (Link link = open()) {
      for (int round = 0; round < LongForm.choose(3, 1); round++) {
        int seed = round;
        int filled = link.near().call(c -> fill(c, 100));
        Begun<Boolean> early = link.near().begin(c -> sendInterrupted(c, seed)).awaitWaiting();
        early.interrupt();
        boolean first = early.value();
        if (first) {
          link.far()
              .run(
                  c -> assertThat(crc(firstLonger(c, 100))).isEqualTo(crc(big(seed, LARGE_BYTES))));
        } else {
          link.far().run(c -> drain(c, filled, 100));
        }
        Begun<Boolean> late = link.near().begin(c -> sendInterrupted(c, seed)).awaitWaiting();
        late.interrupt();
        boolean second = late.value();
        Begun<Boolean> behind = link.near().start(c -> c.send("behind"));
        if (second) {
          link.far()
              .run(c -> assertThat(crc(c.recvBytes())).isEqualTo(crc(big(seed, LARGE_BYTES))));
        }
        assertThat(link.far().<Object>call(Connection::recv)).isEqualTo("behind");
        behind.value();
        link.near().run(c -> {
          Thread.currentThread().interrupt();
          assertThatThrownBy(() -> c.send("never")).isInstanceOf(InterruptedException.class);
        });
        assertThat(link.far().is(Connection::poll)).isFalse();
      }
    }
  }

  /** Sends a large message that waits; tells whether it was sent although the thread was interrupted. */
  private static boolean sendInterrupted(Connection connection, int seed) throws IOException {
    try {
      connection.sendBytes(big(seed, LARGE_BYTES));
      assertThat(Thread.interrupted()).as("interrupt status of who has sent").isTrue();
      return true;
    } catch (InterruptedException notSent) {
      assertThat(Thread.interrupted()).isFalse();
      return false;
    }
  }

  /** Sends messages of some length until there is no more room for another. */
  private static int fill(Connection connection, int bytes) throws Exception {
    int sent = 0;
    try {
      while (true) {
        connection.send(new byte[bytes], BRIEF);
        sent++;
      }
    } catch (TimeoutException full) {
      return sent;
    }
  }

  /** Receives what {@link #fill} has sent, and returns what comes behind it. */
  private static byte[] firstLonger(Connection connection, int bytes) throws Exception {
    byte[] received = connection.recvBytes();
    while (received.length <= bytes) {
      received = connection.recvBytes();
    }
    return received;
  }

  /** Receives all that {@link #fill} has sent, behind which nothing may be. */
  private static void drain(Connection connection, int count, int bytes) throws Exception {
    for (int i = 0; i < count; i++) {
      connection.recvBytes(bytes);
    }
    assertThat(connection.poll(SHORT)).isFalse();
  }

  /** Both ends send more than there is room for while nobody receives: they wait, and an interrupt ends it. */
  @Test
  void send_bothEndsAndNobodyReceives_canBeInterrupted() throws Exception {
    try (Link link = open()) {
      List<Begun<Boolean>> all = new ArrayList<>();
      for (End end : List.of(link.near(), link.far())) {
        all.add(end.start(c -> {
          try {
            while (!Thread.interrupted()) { // one may go through alone
              c.sendBytes(new byte[LARGE_BYTES]);
            }
          } catch (InterruptedException notSent) {
            assertThat(Thread.interrupted()).isFalse();
          }
        }));
      }
      Faults.awaitLong("both to wait").untilAsserted(() -> {
        for (Begun<Boolean> each : all) {
          each.assertWaits();
        }
      });
      for (Begun<Boolean> each : all) {
        each.interrupt();
        each.value();
      }
    }
  }

  /** A thread that waits for a message keeps nobody from sending. */
  @Test
  void send_whileAnotherThreadReceives_goesThrough() throws Exception {
    try (Link link = open()) {
      Begun<Object> waiting = link.near().<Object>begin(Connection::recv).assertWaits();
      link.near().run(c -> c.send("there"));
      assertThat(link.far().<Object>call(Connection::recv)).isEqualTo("there");
      assertThat(waiting.isDone()).isFalse();
      link.far().run(c -> c.send("back"));
      assertThat(waiting.value()).isEqualTo("back");
    }
  }

  // The other end.

  @Test
  void recv_otherEndClosed_givesWhatWasSentThenTheEnd() throws Exception {
    try (Link link = open()) {
      Begun<Object> waiting = link.near().begin(c -> {
        List<Object> got = new ArrayList<>();
        try {
          while (true) {
            got.add(c.recv());
          }
        } catch (EOFException end) {
          return got;
        }
      });
      link.far().run(c -> {
        c.send("a");
        c.sendBytes(new byte[100_000]);
        c.send("b");
        c.close();
      });
      List<?> got = (List<?>) waiting.value();
      assertThat(got).hasSize(3);
      assertThat(got.get(0)).isEqualTo("a");
      assertThat((byte[]) got.get(1)).hasSize(100_000);
      assertThat(got.get(2)).isEqualTo("b");
      for (int i = 0; i < 2; i++) {
        assertThat(link.near().is(Connection::poll)).isTrue();
        assertThat(link.near().is(c -> c.poll(LONG))).isTrue();
        assertThat(link.near()
                .<Integer>call(c -> Processes.awaitReady(List.of(c), LONG).size()))
            .isEqualTo(1);
        assertThatThrownBy(() -> link.near().run(Connection::recv))
            .isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> link.near().run(c -> c.recv(Duration.ZERO)))
            .isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> link.near().run(Connection::recvBytes))
            .isInstanceOf(EOFException.class);
      }
    }
  }

  /** What was sent before the end was closed arrives, even if that end has not received all that was sent to it. */
  @Test
  void close_withUnreadMessages_losesNothingThatWasSent() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> {
        for (int i = 0; i < 50; i++) {
          c.send("unread " + i);
        }
      });
      link.far().run(c -> {
        assertThat(c.poll(LONG)).isTrue();
        for (int i = 0; i < 100; i++) {
          c.send(i);
        }
        c.close();
      });
      for (int i = 0; i < 100; i++) {
        assertThat(link.near().<Object>call(Connection::recv)).isEqualTo(i);
      }
      assertThatThrownBy(() -> link.near().run(Connection::recv)).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void send_otherEndClosed_failsWithBrokenPipe() throws Exception {
    try (Link link = open()) {
      link.far().run(Connection::close);
      link.near().run(c -> assertThat(c.poll(LONG)).isTrue());
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(() -> link.near().run(c -> c.send("x")))
            .isInstanceOf(BrokenPipeException.class);
        assertThatThrownBy(() -> link.near().run(c -> c.send("x", Duration.ZERO)))
            .isInstanceOf(BrokenPipeException.class);
        assertThatThrownBy(() -> link.near().run(c -> c.sendBytes(new byte[1])))
            .isInstanceOf(BrokenPipeException.class);
      }
    }
  }

  /** A sender that waits for room learns of it, too. */
  @Test
  void send_otherEndClosedMeanwhile_failsWithBrokenPipe() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> fill(c, 1000));
      Begun<Boolean> waiting = link.near().start(c -> {
        while (true) {
          c.sendBytes(new byte[LARGE_BYTES]);
        }
      });
      waiting.assertWaits();
      link.far().run(Connection::close);
      assertThat(waiting.failure()).isInstanceOf(BrokenPipeException.class);
    }
  }

  // What does not work.

  @Test
  void recvBytes_aboveTheLimit_dropsThatOneOnly() throws Exception {
    try (Link link = open()) {
      for (int bytes : new int[] {11, 70_000, LARGE_BYTES}) {
        Begun<Boolean> sender = link.far().start(c -> {
          c.sendBytes(new byte[bytes]);
          c.sendBytes(new byte[bytes]);
          c.sendBytes(new byte[10]);
        });
        for (int i = 0; i < 2; i++) {
          assertThatThrownBy(() -> link.near().run(c -> c.recvBytes(10)))
              .isInstanceOfSatisfying(MessageTooLargeException.class, e -> {
                assertThat(e.bytes()).isEqualTo(bytes);
                assertThat(e.limitBytes()).isEqualTo(10);
              });
        }
        assertThat(link.near().<byte[]>call(c -> c.recvBytes(10))).hasSize(10);
        sender.value();
        assertThat(link.near().is(Connection::poll)).isFalse();
      }
    }
  }

  @Test
  void recvBytes_ofAnObject_leavesItThere() throws Exception {
    try (Link link = open()) {
      link.far().run(c -> c.send("object"));
      for (int i = 0; i < 2; i++) {
        assertThatThrownBy(() -> link.near().run(Connection::recvBytes))
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(EOFException.class)
            .hasMessageContaining("recv()");
      }
      assertThat(link.near().<Object>call(Connection::recv)).isEqualTo("object");
    }
  }

  /** Cannot be rebuilt. */
  static final class Poison implements Serializable {
    private static final long serialVersionUID = 1;

    private void readObject(ObjectInputStream in) {
      throw new IllegalStateException("poison");
    }
  }

  @Test
  void recv_undecodable_isTakenAndTheNextIsNotAffected() throws Exception {
    try (Link link = open()) {
      for (End end : List.of(link.near(), link.far())) {
        End other = end == link.near() ? link.far() : link.near();
        other.run(c -> {
          c.send(new Poison());
          c.send(List.of(new Poison()));
          c.send("fine");
        });
        for (int i = 0; i < 2; i++) {
          assertThat(end.<Throwable>call(c -> {
                try {
                  return new AssertionError("received " + c.recv());
                } catch (UndecodableMessageException e) {
                  return e;
                }
              }))
              .isInstanceOf(UndecodableMessageException.class)
              .hasMessageContaining("poison");
        }
        assertThat(end.<Object>call(Connection::recv)).isEqualTo("fine");
      }
    }
  }

  /** Has a field that cannot be sent. */
  static final class Scene implements Serializable {
    private static final long serialVersionUID = 1;

    @SuppressWarnings("serial")
    private final Object cache = new Object();

    @Override
    public String toString() {
      return "Scene with " + cache;
    }
  }

  @Test
  void send_notSerializable_failsNamingTheFieldAndSendsNothing() throws Exception {
    try (Link link = open()) {
      for (End end : List.of(link.near(), link.far())) {
        End other = end == link.near() ? link.far() : link.near();
        end.run(c -> {
          assertThatThrownBy(() -> c.send(new Scene()))
              .isInstanceOf(NotSerializableMessageException.class)
              .hasMessageContaining("Scene.cache")
              .hasMessageContaining("nothing was sent");
          assertThatThrownBy(() -> c.send(List.of(new Scene()), BRIEF))
              .isInstanceOf(NotSerializableMessageException.class);
          c.send("next");
        });
        assertThat(other.<Object>call(Connection::recv)).isEqualTo("next");
        assertThat(other.is(Connection::poll)).isFalse();
      }
    }
  }

  // Closing.

  @Test
  void close_whileOthersWait_wakesThemAll() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> fill(c, 1000));
      List<Begun<?>> waiting = new ArrayList<>();
      for (int i = 0; i < 2; i++) {
        waiting.add(link.near().<Object>begin(Connection::recv));
        waiting.add(link.near().<Object>begin(c -> c.recv(ENDLESS)));
        waiting.add(link.near().<Object>begin(c -> c.recvBytes(1)));
        waiting.add(link.near().<Object>begin(c -> c.poll(ENDLESS)));
        waiting.add(link.near().start(c -> c.sendBytes(new byte[LARGE_BYTES])));
        waiting.add(link.near().start(c -> c.send("x".repeat(LARGE_BYTES), ENDLESS)));
      }
      waiting.add(link.near()
          .<Object>begin(c -> Processes.awaitReady(List.of(c), ENDLESS).size()));
      for (Begun<?> each : waiting) {
        each.awaitWaiting();
      }
      link.near().run(Connection::close);
      for (Begun<?> each : waiting) {
        assertThat(each.failure())
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
      }
    }
  }

  @Test
  void use_afterClose_isRefused() throws Exception {
    try (Link link = open()) {
      link.near().run(c -> {
        assertThat(c.isClosed()).isFalse();
        assertThat(c.isReadable()).isTrue();
        assertThat(c.isWritable()).isTrue();
        c.close();
        c.close();
        assertThat(c.isClosed()).isTrue();
        assertThat(c.toString()).contains("closed");
      });
      List<End.Act> uses = List.of(
          c -> c.send("x"),
          c -> c.send("x", LONG),
          c -> c.sendBytes(new byte[1]),
          Connection::recv,
          c -> c.recv(LONG),
          Connection::recvBytes,
          Connection::poll,
          c -> c.poll(LONG),
          c -> Processes.awaitReady(List.of(c), LONG));
      for (End.Act use : uses) {
        assertThatThrownBy(() -> link.near().run(use))
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
      }
    }
  }

  /** Ends are opened, used and closed again and again, also in the middle of messages, without a trace; see the check after each test. */
  @Test
  void close_inTheMiddleOfMessages_endsForTheOther() throws Exception {
    for (int round = 0; round < LongForm.choose(5, 3); round++) {
      try (Link link = open()) {
        Begun<Boolean> sender = link.far().start(c -> {
          while (true) {
            c.sendBytes(new byte[LARGE_BYTES]);
          }
        });
        if (round > 0) {
          link.near().run(c -> assertThat(c.poll(LONG)).isTrue());
        }
        link.near().run(Connection::close);
        assertThat(sender.failure()).isInstanceOf(BrokenPipeException.class);
      }
    }
  }
}
