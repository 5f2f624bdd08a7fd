// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.awaitLong;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.Awaitable;
import io.procpool.LongForm;
import io.procpool.Processes;
import io.procpool.channel.Connection;
import io.procpool.channel.ConnectionListener;
import io.procpool.channel.Pipe;
import io.procpool.channel.ProcessQueue;
import io.procpool.master.sync.Parties;
import java.lang.management.ManagementFactory;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@link Processes#awaitReady}: of sockets, of what is in memory, and of both. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReadinessTest {
  private static final byte[] KEY = RawClient.random(16);
  private static final Duration BRIEF = SHORT.dividedBy(5);
  private static final Duration ENDLESS = Duration.ofSeconds(Long.MAX_VALUE);
  private static Parties parties;
  private static Descriptors first = Descriptors.now();

  @TempDir
  Path folder;

  private Descriptors before = Descriptors.now();

  /** What is waited for, beside each other. */
  private enum Kind {
    SOCKETS,
    MEMORY,
    BOTH
  }

  @BeforeAll
  static void open() throws Exception {
    parties = Parties.ofProcesses();
    SocketContract.warmUp(parties);
    first = Descriptors.now();
  }

  @AfterAll
  static void close() {
    first.assertNoMoreSelectors();
    parties.close();
  }

  @BeforeEach
  void count() {
    before = Descriptors.now();
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    parties.checkIdle();
    before.assertNoMore();
  }

  /** Two things that can be waited for, and how each gets ready and is not any more. */
  private record Two(
      List<Awaitable> things, Connection farSocket, FakeSource fake, List<AutoCloseable> open)
      implements AutoCloseable {
    void ready(int index) throws Exception {
      if (things.get(index) instanceof FakeSource source) {
        source.set(true);
      } else if (things.get(index) instanceof ConnectionListener listener) {
        open.add(ConnectionListener.connect(listener.address(), KEY, LONG));
      } else {
        farSocket.send("x");
      }
    }

    void unready(int index) throws Exception {
      if (things.get(index) instanceof FakeSource source) {
        source.set(false);
      } else if (things.get(index) instanceof ConnectionListener listener) {
        listener.accept(LONG).close();
      } else {
        ((Connection) things.get(index)).recv(LONG);
      }
    }

    @Override
    public void close() throws Exception {
      for (AutoCloseable each : open) {
        each.close();
      }
    }
  }

  private Two two(Kind kind) throws Exception {
    ConnectionListener listener =
        ConnectionListener.listen(UnixDomainSocketAddress.of(folder.resolve("sock")), KEY);
    Connection far = ConnectionListener.connect(listener.address(), KEY, LONG);
    Connection near = listener.accept(LONG);
    FakeSource fake = new FakeSource(true);
    List<Awaitable> things = switch (kind) {
      case SOCKETS -> List.of(listener, near);
      case MEMORY -> List.of(new FakeSource(true), fake);
      case BOTH -> List.of(fake, near);
    };
    return new Two(things, far, fake, new ArrayList<>(List.of(listener, far, near)));
  }

  private static FutureTask<List<Awaitable>> begin(List<Awaitable> things, Duration timeout) {
    FutureTask<List<Awaitable>> begun =
        new FutureTask<>(() -> Processes.awaitReady(things, timeout));
    Thread thread = new Thread(begun, "test-waiter " + System.identityHashCode(begun));
    thread.setDaemon(true);
    thread.start();
    awaitLong("the thread to wait")
        .until(() ->
            begun.isDone() || thread.getState() == Thread.State.TIMED_WAITING || isInside(thread));
    return begun;
  }

  private static Thread threadOf(FutureTask<?> begun) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().equals("test-waiter " + System.identityHashCode(begun)))
        .findFirst()
        .orElseThrow();
  }

  private static boolean isInside(Thread thread) {
    for (StackTraceElement frame : thread.getStackTrace()) {
      if (frame.getMethodName().equals("select") || frame.getClassName().contains("FutexWaiter")) {
        return true;
      }
    }
    return false;
  }

  private static List<Awaitable> value(FutureTask<List<Awaitable>> begun) throws Exception {
    return begun.get(LONG.toMillis(), TimeUnit.MILLISECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void awaitReady_someReady_givesThoseInTheOrderGiven(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      List<Awaitable> things = two.things;
      assertThat(Processes.awaitReady(things, Duration.ZERO)).isEmpty();
      two.ready(1);
      assertThat(Processes.awaitReady(things, LONG)).containsExactly(things.get(1));
      two.ready(0);
      awaitLong("both to be ready")
          .until(() -> Processes.awaitReady(things, LONG).size() == 2);
      assertThat(Processes.awaitReady(things, LONG)).isEqualTo(things);
      List<Awaitable> backwards = List.of(things.get(1), things.get(0), things.get(1));
      assertThat(Processes.awaitReady(backwards, Duration.ZERO)).isEqualTo(backwards);
      two.unready(1);
      assertThat(Processes.awaitReady(things, ENDLESS)).containsExactly(things.get(0));
      two.unready(0);
      assertThat(Processes.awaitReady(things, Duration.ofSeconds(Long.MIN_VALUE)))
          .isEmpty();
    }
  }

  /** Whatever gets ready while a thread waits wakes it, again and again. */
  @ParameterizedTest
  @EnumSource
  void awaitReady_readyMeanwhile_wakes(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      for (int round = 0; round < 20; round++) {
        int which = round % 2;
        FutureTask<List<Awaitable>> waiting = begin(two.things, ENDLESS);
        two.ready(which);
        assertThat(value(waiting)).containsExactly(two.things.get(which));
        two.unready(which);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void awaitReady_nothingReady_endsAfterItsTime(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      for (List<Awaitable> things : List.of(two.things, List.<Awaitable>of())) {
        long start = System.nanoTime();
        assertThat(Processes.awaitReady(things, BRIEF)).isEmpty();
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(BRIEF.toNanos());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void awaitReady_interrupted_ends(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      for (List<Awaitable> things : List.of(two.things, List.<Awaitable>of())) {
        FutureTask<List<Awaitable>> waiting = begin(things, ENDLESS);
        threadOf(waiting).interrupt();
        assertThatThrownBy(() -> value(waiting)).hasCauseInstanceOf(InterruptedException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Processes.awaitReady(things, ENDLESS))
            .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
      }
      two.ready(1);
      assertThat(Processes.awaitReady(two.things, LONG)).hasSize(1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void awaitReady_oneIsClosed_isRefused(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      FutureTask<List<Awaitable>> waiting = begin(two.things, ENDLESS);
      if (two.things.get(1) instanceof FakeSource source) {
        source.close();
      } else {
        ((Connection) two.things.get(1)).close();
      }
      assertThatThrownBy(() -> value(waiting))
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      assertThatThrownBy(() -> Processes.awaitReady(two.things, LONG))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void awaitReady_badArguments_areRefused() {
    Awaitable foreign = new Awaitable() {};
    assertThatThrownBy(() -> Processes.awaitReady(List.of(foreign), LONG))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(foreign.getClass().getName())
        .hasMessageContaining("(expected: ");
    assertThatThrownBy(() -> Processes.awaitReady(Arrays.asList(foreign, null), LONG))
        .isInstanceOfAny(IllegalArgumentException.class, NullPointerException.class);
    List<Awaitable> none = Arrays.asList((Awaitable) null);
    assertThatThrownBy(() -> Processes.awaitReady(none, LONG))
        .isInstanceOf(NullPointerException.class);
  }

  /** What gets ready just as a thread goes to sleep wakes it, too; and each ring is asked for anew. */
  @ParameterizedTest
  @EnumSource(names = {"MEMORY", "BOTH"})
  void awaitReady_readyAtTheSameTime_losesNoWakeUp(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      for (int round = 0; round < LongForm.choose(300, 100); round++) {
        FutureTask<List<Awaitable>> waiting =
            new FutureTask<>(() -> Processes.awaitReady(two.things, LONG));
        new Thread(waiting).start();
        for (int i = 0; i < round % 50; i++) {
          Thread.yield();
        }
        two.fake.set(true);
        assertThat(value(waiting)).containsExactly(two.fake);
        two.fake.set(false);
      }
    }
  }

  /** What nobody rings for, such as the end of a process that was killed, is found by looking. */
  @Test
  void awaitReady_readyWithoutARing_isFound() throws Exception {
    FakeSource silent = new FakeSource(false);
    FutureTask<List<Awaitable>> waiting = begin(List.of(silent, new FakeSource(true)), ENDLESS);
    silent.set(true);
    assertThat(value(waiting)).containsExactly(silent);
  }

  /** A long wait takes hardly any processor time. */
  @ParameterizedTest
  @EnumSource
  void awaitReady_long_isCheap(Kind kind) throws Exception {
    try (Two two = two(kind)) {
      Processes.awaitReady(two.things, BRIEF);
      var threads = ManagementFactory.getThreadMXBean();
      long start = threads.getCurrentThreadCpuTime();
      assertThat(Processes.awaitReady(two.things, Duration.ofMillis(500))).isEmpty();
      assertThat(Duration.ofNanos(threads.getCurrentThreadCpuTime() - start))
          .isLessThan(Duration.ofMillis(150));
    }
  }

  /** Queues and pipes that other processes write to, and connections, all at once. */
  @Test
  void awaitReady_queuesPipesAndSockets_whoeverWrites() throws Exception {
    Pipe pipe = Pipe.duplex();
    ProcessQueue<String> queue = ProcessQueue.ofCapacity(10);
    try (Two two = two(Kind.SOCKETS);
        pipe;
        queue) {
      Connection far = pipe.second();
      List<Awaitable> memory = List.of(pipe.first(), queue);
      List<Awaitable> all = List.of(pipe.first(), queue, two.things.get(0), two.things.get(1));
      for (List<Awaitable> things : List.of(memory, all)) {
        FutureTask<List<Awaitable>> waiting = begin(things, ENDLESS);
        parties.a().run(() -> far.send("by pipe"));
        assertThat(value(waiting)).containsExactly(pipe.first());
        assertThat(pipe.first().recv()).isEqualTo("by pipe");
        waiting = begin(things, ENDLESS);
        parties.b().run(() -> queue.put("by queue"));
        assertThat(value(waiting)).containsExactly(queue);
        assertThat(queue.take()).isEqualTo("by queue");
      }
      FutureTask<List<Awaitable>> waiting = begin(all, ENDLESS);
      two.ready(1);
      assertThat(value(waiting)).containsExactly(two.things.get(1));
      queue.put("x");
      assertThat(Processes.awaitReady(all, LONG)).containsExactly(queue, two.things.get(1));
    }
  }
}
