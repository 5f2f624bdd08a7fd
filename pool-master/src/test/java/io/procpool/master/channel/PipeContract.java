// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.LongForm;
import io.procpool.channel.BrokenPipeException;
import io.procpool.channel.Connection;
import io.procpool.channel.MessageTooLargeException;
import io.procpool.channel.NotSerializableMessageException;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.channel.QueueClosedException;
import io.procpool.channel.UndecodableMessageException;
import io.procpool.master.process.Faults;
import io.procpool.master.sync.Actor;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Party;
import io.procpool.master.sync.SyncContract;
import java.io.EOFException;
import java.io.IOException;
import java.io.Serializable;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeoutException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@link Pipe} and its ends promise beyond what any {@link Connection} does. */
abstract class PipeContract extends SyncContract {
  private static final int SMALLEST = 1024;
  private static final int LARGE_BYTES = LongForm.choose(64, 16) << 20;

  private Set<String> before;

  @BeforeEach
  void findSegments() {
    before = Segments.now();
  }

  @AfterEach
  void noSegmentsLeft() throws Exception {
    parties().checkIdle(); // what actors hold is not collected
    Faults.awaitLong("no segments left").untilAsserted(() -> {
      for (Party party : parties().all()) {
        party.dispatch(() -> {
          System.gc();
          return true;
        });
      }
      assertThat(before).containsAll(Segments.now());
    });
  }

  private static byte[] random(int seed, int length) {
    byte[] bytes = new byte[length];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  /** Fills what an end sends until there is no more room; returns how many messages that were. */
  private static int fill(Connection end) throws IOException, InterruptedException {
    for (int i = 0; ; i++) {
      try {
        end.send(i, Duration.ZERO);
      } catch (TimeoutException full) {
        return i;
      }
    }
  }

  // Messages.

  @Test
  void duplex_bothWays_messagesArriveInOrder() throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      Connection far = pipe.second();
      Begun<List<Object>> echo = a().begin(() -> {
        List<Object> seen = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
          Object message = far.recv();
          seen.add(message);
          far.send(List.of(i, message == null ? "null" : message));
        }
        return seen;
      });
      List<Object> sent = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        Object message = i % 3 == 0 ? (Object) i : i % 3 == 1 ? "text " + i : null;
        sent.add(message);
        pipe.first().send(message);
      }
      for (int i = 0; i < 300; i++) {
        Object message = sent.get(i);
        assertThat(pipe.first().recv()).isEqualTo(List.of(i, message == null ? "null" : message));
      }
      assertThat(echo.value()).isEqualTo(sent);
    }
  }

  @Test
  void oneWay_otherDirection_isRefused() throws Exception {
    try (Pipe pipe = Pipe.oneWay()) {
      Connection receiving = pipe.first();
      Connection sending = pipe.second();
      assertThat(receiving.isReadable()).isTrue();
      assertThat(receiving.isWritable()).isFalse();
      assertThat(sending.isReadable()).isFalse();
      assertThat(sending.isWritable()).isTrue();
      a().run(() -> sending.send("hello"));
      assertThat(receiving.recv()).isEqualTo("hello");
      List<ThrowingCallable> refused = List.of(
          () -> receiving.send(1),
          () -> receiving.send(1, BRIEF),
          () -> receiving.sendBytes(new byte[1]),
          () -> a().run(() -> receiving.send(1)));
      for (ThrowingCallable each : refused) {
        assertThatThrownBy(each)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("only receives");
      }
      refused = List.of(
          sending::recv,
          () -> sending.recv(BRIEF),
          sending::recvBytes,
          sending::poll,
          () -> sending.poll(BRIEF),
          () -> a().call(sending::recv));
      for (ThrowingCallable each : refused) {
        assertThatThrownBy(each)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("only sends");
      }
    }
  }

  @Test
  void recvBytes_limitsAndObjects_streamStaysInStep() throws Exception {
    try (Pipe pipe = Pipe.oneWay()) {
      byte[] bytes = random(1, 100);
      pipe.second().sendBytes(bytes);
      pipe.second().sendBytes(bytes, 10, 20);
      pipe.second().sendBytes(bytes, 0, 0);
      pipe.second().send("object");
      pipe.second().send(bytes);
      pipe.second().sendBytes(bytes);
      Connection first = pipe.first();
      assertThatThrownBy(() -> first.recvBytes(99))
          .isInstanceOfSatisfying(MessageTooLargeException.class, e -> {
            assertThat(e.bytes()).isEqualTo(100);
            assertThat(e.limitBytes()).isEqualTo(99);
          });
      assertThat(first.recvBytes(20)).isEqualTo(Arrays.copyOfRange(bytes, 10, 30));
      assertThat(first.recvBytes(0)).isEmpty();
      assertThatThrownBy(first::recvBytes)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("recv()");
      assertThat(first.recv()).isEqualTo("object");
      assertThat(first.recvBytes()).isEqualTo(bytes);
      assertThat((byte[]) first.recv()).isEqualTo(bytes);
      assertThatThrownBy(() -> first.recvBytes(-1)).isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> pipe.second().sendBytes(bytes, 90, 11))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> pipe.second().sendBytes(bytes, -1, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(first.poll()).isFalse();
    }
  }

  /** Larger than the pipe by far, several in a row, in both directions at once. */
  @Test
  void send_largerThanThePipe_goesThrough() throws Exception {
    try (Pipe pipe = Pipe.duplex(SMALLEST)) {
      Connection far = pipe.second();
      Begun<Boolean> answers = a().start(() -> {
        for (int i = 0; i < 3; i++) {
          far.sendBytes(far.recvBytes());
        }
      });
      for (int i = 0; i < 3; i++) {
        byte[] large = random(i, LARGE_BYTES + i);
        pipe.first().sendBytes(large);
        assertThat(Arrays.equals(pipe.first().recvBytes(), large)).isTrue();
      }
      answers.value();
      pipe.first().send("small again");
      assertThat(far.recv()).isEqualTo("small again");
    }
  }

  @Test
  void send_cannotBeEncodedOrDecoded_streamStaysInStep() throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      Connection first = pipe.first();
      assertThatThrownBy(() -> first.send(new Odd.Holder(new Odd.Inner(new Thread()))))
          .isInstanceOf(NotSerializableMessageException.class)
          .hasMessageContaining("inner");
      assertThatThrownBy(() -> first.send(new Odd.FailsToWrite()))
          .isInstanceOf(NotSerializableMessageException.class);
      first.send(new Odd.FailsToRead());
      first.send("next");
      assertThatThrownBy(pipe.second()::recv).isInstanceOf(UndecodableMessageException.class);
      assertThat(pipe.second().recv()).isEqualTo("next");
      assertThat(pipe.second().poll()).isFalse();
    }
  }

  /** Forbidden: a message that has parts of two, or that is received twice. */
  @Test
  void send_manyWritersAndReaders_messagesAreWhole() throws Exception {
    int count = 300;
    Pipe pipe = Pipe.oneWay(4096);
    Connection in = pipe.first();
    Connection out = pipe.second();
    List<Begun<Boolean>> writers = new ArrayList<>();
    List<Begun<List<int[]>>> readers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int writer = i;
      writers.add((i % 2 == 0 ? a() : b()).start(() -> {
        Random random = new Random(writer);
        for (int n = 0; n < count; n++) {
          int[] message = new int[2 + random.nextInt(n % 50 == 0 ? 5000 : 300)];
          Arrays.fill(message, writer);
          message[0] = n;
          out.send(message);
        }
      }));
      readers.add((i % 2 == 0 ? b() : a()).begin(() -> {
        List<int[]> seen = new ArrayList<>();
        try {
          while (true) {
            int[] message = (int[]) in.recv();
            int[] expected = new int[message.length];
            Arrays.fill(expected, message[1]);
            expected[0] = message[0];
            if (!Arrays.equals(expected, message)) {
              throw new AssertionError("torn: " + Arrays.toString(message));
            }
            seen.add(new int[] {message[1], message[0]});
          }
        } catch (EOFException end) {
          return seen;
        }
      }));
    }
    for (Begun<Boolean> writer : writers) {
      writer.value();
    }
    out.close(); // those of the tasks are collected, or go here
    int[] seen = new int[4 * count];
    for (Begun<List<int[]>> reader : readers) {
      collectUntilDone(reader);
      int[] last = {-1, -1, -1, -1};
      for (int[] each : reader.value()) {
        assertThat(each[1]).isGreaterThan(last[each[0]]);
        last[each[0]] = each[1];
        seen[each[0] * count + each[1]]++;
      }
    }
    assertThat(seen).containsOnly(1);
    in.close();
  }

  /** Handles that came with tasks are closed by nobody; they go when they are collected. */
  private void collectUntilDone(Begun<?> begun) throws Exception {
    while (!begun.isDone()) {
      for (Party party : parties().all()) {
        party.run(System::gc);
      }
    }
  }

  // Waiting.

  @Test
  void recv_empty_waitsForAMessage() throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      Connection far = pipe.second();
      Begun<Object> receiving = a().begin(far::recv).assertWaits();
      pipe.first().send("one");
      assertThat(receiving.value()).isEqualTo("one");
      Begun<Boolean> polling = b().begin(() -> far.poll(Duration.ofDays(1))).assertWaits();
      pipe.first().send("two");
      assertThat(polling.value()).isTrue();
      assertThat(far.recv()).isEqualTo("two");
      Begun<byte[]> bytes = a().begin(() -> far.recvBytes()).assertWaits();
      pipe.first().sendBytes(new byte[] {7});
      assertThat(bytes.value()).containsExactly(7);
    }
  }

  @Test
  void timeouts_runOut() throws Exception {
    try (Pipe pipe = Pipe.duplex(SMALLEST)) {
      Connection first = pipe.first();
      assertThat(first.poll()).isFalse();
      assertThat(first.poll(Duration.ZERO)).isFalse();
      assertThat(notEarly(() -> first.poll(BRIEF))).isFalse();
      for (Duration none : List.of(Duration.ZERO, Duration.ofSeconds(Long.MIN_VALUE))) {
        assertThatThrownBy(() -> first.recv(none)).isInstanceOf(TimeoutException.class);
      }
      assertThatThrownBy(() -> notEarly(() -> first.recv(BRIEF)))
          .isInstanceOf(TimeoutException.class);
      int sent = fill(first);
      assertThat(sent).isBetween(20, 128);
      assertThatThrownBy(() -> first.send(1, BRIEF)).isInstanceOf(TimeoutException.class);
      assertThatThrownBy(() -> first.send(1, Duration.ofDays(-1)))
          .isInstanceOf(TimeoutException.class);
      for (int i = 0; i < sent; i++) {
        assertThat(pipe.second().recv(Duration.ofSeconds(Long.MAX_VALUE))).isEqualTo(i);
      }
      assertThat(pipe.second().poll()).isFalse();
    }
  }

  /** Nobody reads, both send: each can be interrupted, and the pipe is as it was. */
  @Test
  void interrupt_bothEndsBlockedInSend_bothEnd() throws Exception {
    try (Pipe pipe = Pipe.duplex(SMALLEST)) {
      Connection near = pipe.first();
      Connection far = pipe.second();
      int there = fill(near);
      int back = fill(far);
      Actor one = a().actor();
      Actor other = b().actor();
      Begun<Boolean> sending = one.start(() -> near.send("x")).assertWaits();
      Begun<Boolean> answering = other.start(() -> far.sendBytes(new byte[100])).assertWaits();
      one.interrupt();
      other.interrupt();
      assertThat(sending.failure()).isInstanceOf(InterruptedException.class);
      assertThat(answering.failure()).isInstanceOf(InterruptedException.class);
      for (int i = 0; i < there; i++) {
        assertThat(far.recv()).isEqualTo(i);
      }
      for (int i = 0; i < back; i++) {
        assertThat(near.recv()).isEqualTo(i);
      }
      Actor reader = a().actor();
      Begun<Object> receiving = reader.begin(near::recv).assertWaits();
      reader.interrupt();
      assertThat(receiving.failure()).isInstanceOf(InterruptedException.class);
      assertInterrupted(near::recv);
      assertInterrupted(() -> near.recv(Duration.ZERO));
      assertInterrupted(() -> near.send(1));
      assertInterrupted(() -> near.poll(BRIEF));
      near.send("in step");
      assertThat(far.recv()).isEqualTo("in step");
    }
  }

  // Ends.

  @Test
  void close_otherEnd_restIsReceivedThenEndOfFile() throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection first = pipe.first();
    pipe.second().send(1);
    pipe.second().send(2);
    first.send("never received");
    pipe.second().close();
    assertThat(first.poll()).isTrue();
    assertThat(first.recv()).isEqualTo(1);
    assertThat(first.recv(BRIEF)).isEqualTo(2);
    assertThat(first.poll()).as("the end is something to be received").isTrue();
    assertThat(first.poll(Duration.ofDays(1))).isTrue();
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(first::recv).isInstanceOf(EOFException.class);
      assertThatThrownBy(() -> first.recv(BRIEF)).isInstanceOf(EOFException.class);
      assertThatThrownBy(first::recvBytes).isInstanceOf(EOFException.class);
      assertThatThrownBy(() -> first.send(1)).isInstanceOf(BrokenPipeException.class);
      assertThatThrownBy(() -> first.send(1, BRIEF)).isInstanceOf(BrokenPipeException.class);
      assertThatThrownBy(() -> first.sendBytes(new byte[1]))
          .isInstanceOf(BrokenPipeException.class);
    }
    first.close();
  }

  @Test
  void close_otherEnd_endsAllWaits() throws Exception {
    Pipe receiving = Pipe.duplex();
    Pipe sending = Pipe.duplex(SMALLEST);
    Connection in = receiving.first();
    Connection out = sending.first();
    fill(out);
    List<Begun<?>> waits = new ArrayList<>();
    for (Party party : List.of(a(), b(), master())) {
      waits.add(party.begin(in::recv));
      waits.add(party.start(() -> out.send(1)));
      waits.add(party.start(() -> out.send(1, Duration.ofDays(1))));
      waits.add(party.begin(() -> in.recv(Duration.ofDays(1))));
    }
    Begun<Boolean> polling = a().begin(() -> in.poll(Duration.ofDays(1)));
    for (Begun<?> each : waits) {
      each.awaitWaiting();
    }
    polling.awaitWaiting();
    receiving.second().close();
    sending.second().close();
    for (Begun<?> each : waits) {
      assertThat(each.failure()).isInstanceOfAny(EOFException.class, BrokenPipeException.class);
    }
    assertThat(polling.value()).isTrue();
    receiving.close();
    sending.close();
    for (Party party : parties().all()) {
      party.run(System::gc);
    }
  }

  /** As long as anybody else holds the other end there is no end of the stream. */
  @Test
  void close_oneOfSeveralHolders_isNotTheEnd() throws Exception {
    Pipe pipe = Pipe.duplex();
    Connection far = pipe.second();
    ProcessQueue<Connection> held = ProcessQueue.unbounded();
    Begun<Boolean> holder = a().start(() -> {
      Connection mine = far;
      held.put(mine);
      mine.recv();
      mine.send("last words");
      mine.close();
    });
    Connection copy = held.take();
    closeIfCopied(far);
    copy.close();
    pipe.first().send("go");
    holder.value();
    assertThat(pipe.first().recv()).isEqualTo("last words");
    a().run(System::gc);
    Begun<Object> end = master().begin(pipe.first()::recv);
    collectUntilDone(end);
    assertThat(end.failure()).isInstanceOf(EOFException.class);
    pipe.first().close();
    held.close();
  }

  @Test
  void closed_use_isRefused() throws Exception {
    try (Pipe pipe = Pipe.duplex()) {
      Connection end = pipe.first();
      assertThat(end.isClosed()).isFalse();
      end.close();
      end.close();
      assertThat(end.isClosed()).isTrue();
      assertThat(pipe.second().isClosed()).isFalse();
      List<ThrowingCallable> calls = List.of(
          () -> end.send(1),
          () -> end.send(1, BRIEF),
          () -> end.sendBytes(new byte[1]),
          end::recv,
          () -> end.recv(BRIEF),
          end::recvBytes,
          end::poll,
          () -> end.poll(BRIEF));
      for (ThrowingCallable each : calls) {
        assertThatThrownBy(each)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("closed");
      }
      assertThatThrownBy(() -> copyOf(end)).hasStackTraceContaining("closed");
    }
  }

  /** Who waits at a handle that is closed meanwhile is told; the pipe goes on for others. */
  @Test
  void close_ownHandle_endsItsWaits() throws Exception {
    try (Pipe pipe = Pipe.duplex(SMALLEST)) {
      Connection end = pipe.first();
      Connection copy = copyOf(end);
      fill(end);
      Held.put("end", end);
      Begun<Object> receiving = master().begin(() -> Held.of("end").recv());
      Begun<Boolean> sending = master().start(() -> Held.of("end").send(1));
      receiving.awaitWaiting();
      sending.awaitWaiting();
      Held.close("end");
      assertThat(receiving.failure())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      assertThat(sending.failure()).isInstanceOf(IllegalStateException.class);
      pipe.second().send("for the copy");
      assertThat(copy.recv()).isEqualTo("for the copy");
      copy.close();
    }
  }

  // Travels.

  /** Whatever an end travels through, it works where it arrives, though the sender has closed his own at once. */
  @ParameterizedTest
  @ValueSource(strings = {"argument", "nested", "result", "queue", "pipe"})
  void send_end_worksWhereItArrives(String way) throws Exception {
    try (ProcessQueue<Connection> queue = ProcessQueue.unbounded();
        Pipe carrier = Pipe.oneWay()) {
      Pipe pipe = Pipe.duplex();
      Connection far = pipe.second();
      Connection in = carrier.first();
      Begun<Boolean> answering;
      switch (way) {
        case "argument" -> answering = a().start(() -> answer(far));
        case "nested" -> {
          Object[] nested = {"x", List.of(far)};
          answering = a().start(() -> answer((Connection) ((List<?>) nested[1]).get(0)));
        }
        case "result" -> {
          Connection back = a().call(() -> far);
          answering = b().start(() -> answer(back));
          closeIfCopied(back);
        }
        case "queue" -> {
          queue.put(far);
          answering = a().start(() -> answer(queue.take()));
        }
        case "pipe" -> {
          carrier.second().send(far);
          answering = a().start(() -> answer((Connection) in.recv()));
        }
        default -> throw new AssertionError(way);
      }
      if (way.equals("queue") || way.equals("pipe")) {
        far.close();
      } else {
        closeIfCopied(far);
      }
      pipe.first().send(way);
      assertThat(pipe.first().recv()).isEqualTo("got " + way);
      answering.value();
      Begun<Object> end = master().begin(pipe.first()::recv);
      collectUntilDone(end);
      assertThat(end.failure()).isInstanceOf(EOFException.class);
      pipe.first().close();
    }
  }

  /** What is captured by a task for another process is a copy there. */
  private void closeIfCopied(Connection end) {
    if (parties().isProcesses()) {
      end.close();
    }
  }

  private static void answer(Connection end) throws Exception {
    try (end) {
      end.send("got " + end.recv());
    }
  }

  /** From hand to hand, each closing his own when it is sent: the end is held all the time. */
  @Test
  void send_endGenerationsDeep_isHeldAllTheTime() throws Exception {
    int generations = 200;
    ProcessQueue<Object[]> there = ProcessQueue.unbounded();
    ProcessQueue<Object[]> back = ProcessQueue.unbounded();
    Pipe pipe = Pipe.duplex();
    Begun<Object> watching = b().begin(new Reading(pipe.first())::recv);
    List<Begun<Boolean>> relays = new ArrayList<>();
    for (Party party : List.of(a(), b())) {
      ProcessQueue<Object[]> from = party == a() ? there : back;
      ProcessQueue<Object[]> to = party == a() ? back : there;
      relays.add(party.start(() -> {
        while (!from.isClosed()) {
          Object[] next = from.take();
          try (Connection end = (Connection) next[0]) {
            int left = (Integer) next[1];
            if (left == 0) {
              end.send("arrived");
              there.close();
              back.close();
              return;
            }
            to.put(new Object[] {end, left - 1});
          }
        }
      }));
    }
    there.put(new Object[] {pipe.second(), generations});
    pipe.second().close();
    assertThat(watching.value()).isEqualTo("arrived");
    assertThat(relays.get(generations % 2).value()).isTrue();
    try {
      relays.get(1 - generations % 2).value();
    } catch (QueueClosedException end) {
      // It was waiting for another one.
    }
    pipe.first().close();
  }

  /** Holds an end as a field. */
  private record Reading(Connection end) implements Serializable {
    Object recv() throws Exception {
      try (end) {
        return end.recv();
      }
    }
  }

  /** A message that could not be sent takes no end with it. */
  @Test
  void send_failsWithEndInside_endIsNotHeldByIt() throws Exception {
    Pipe pipe = Pipe.duplex();
    Pipe carrier = Pipe.oneWay(SMALLEST);
    fill(carrier.second());
    assertThatThrownBy(() -> carrier.second().send(pipe.second(), BRIEF))
        .isInstanceOf(TimeoutException.class);
    assertThatThrownBy(() -> carrier.second().send(List.of(pipe.second(), new Thread())))
        .isInstanceOf(NotSerializableMessageException.class);
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> carrier.second().send(pipe.second()))
        .isInstanceOf(InterruptedException.class);
    carrier.first().close();
    assertThatThrownBy(() -> carrier.second().send(pipe.second()))
        .isInstanceOf(BrokenPipeException.class);
    pipe.second().close();
    assertThatThrownBy(pipe.first()::recv).isInstanceOf(EOFException.class);
    pipe.close();
    carrier.close();
  }

  /** Who only looks at a message leaves the end in it on its way. */
  @Test
  void peek_endInQueue_isStillOnItsWay() throws Exception {
    try (Pipe pipe = Pipe.duplex();
        ProcessQueue<Connection> queue = ProcessQueue.ofCapacity(1)) {
      queue.put(pipe.second());
      pipe.second().close();
      queue.element().close();
      queue.iterator().next().close();
      assertThat(pipe.first().poll()).isFalse();
      Connection taken = queue.take();
      taken.send(1);
      assertThat(pipe.first().recv()).isEqualTo(1);
      taken.close();
      assertThatThrownBy(pipe.first()::recv).isInstanceOf(EOFException.class);
    }
  }

  @Test
  void equals_copies_areOneEnd() throws Exception {
    try (Pipe pipe = Pipe.duplex();
        Pipe other = Pipe.duplex()) {
      Connection copy = copyOf(pipe.first());
      assertThat(copy).isEqualTo(pipe.first()).hasSameHashCodeAs(pipe.first());
      assertThat(copy).isNotEqualTo(pipe.second()).isNotEqualTo(other.first());
      assertThat(pipe.first().toString()).contains("sends and receives");
      copy.close();
      assertThat(copy.toString()).contains("closed");
      assertThat(pipe.first().isClosed()).isFalse();
      pipe.second().send(1);
      assertThat(pipe.first().recv()).isEqualTo(1);
    }
  }

  @Test
  void capacity_badArguments_areRefused() {
    assertRefused(() -> Pipe.duplex(1023), "capacityBytes: 1023");
    assertRefused(() -> Pipe.oneWay((1 << 30) + 1), "capacityBytes: ");
  }
}
