// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static io.procpool.master.process.Faults.LONG;
import static io.procpool.master.process.Faults.SHORT;
import static io.procpool.master.process.Faults.valueOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.procpool.NotSerializableTaskException;
import io.procpool.Outcome;
import io.procpool.Pool;
import io.procpool.ResultIterator;
import io.procpool.TaskFunction;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What imap encodes for worker processes: when, how often, how much, and what happens when it fails. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ImapTest {
  private static final int MIB = 1 << 20;

  @TempDir
  Path directory;

  @AfterEach
  void nothingLeft() {
    Faults.assertNothingLeft();
  }

  private interface Script {
    void run() throws Exception;
  }

  /** A value whose encoding, in the master, runs code of the test. */
  private static final class Scripted implements Serializable {
    private static final long serialVersionUID = 1;

    private final int number;
    private final transient Script script;

    Scripted(int number, Script script) {
      this.number = number;
      this.script = script;
    }

    private void writeObject(ObjectOutputStream out) throws IOException {
      out.defaultWriteObject();
      try {
        script.run();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException();
      } catch (Exception e) {
        throw new IOException(e);
      }
    }

    int number() {
      return number;
    }
  }

  /** An input without end, which is counted as it is read. */
  private record Endless<T>(IntFunction<T> items, AtomicInteger read) implements Iterable<T> {
    Endless(IntFunction<T> items) {
      this(items, new AtomicInteger());
    }

    /** Waits until some have been read and no further one is; returns how many. */
    int awaitPause() {
      return awaitPause(2);
    }

    /** Waits until so many have been read, at least, and for a while no more. */
    int awaitPause(int least) {
      AtomicInteger last = new AtomicInteger();
      await().pollInterval(SHORT).atMost(LONG).until(() -> {
        int now = read.get();
        return last.getAndSet(now) == now && now >= least;
      });
      return last.get();
    }

    @Override
    public Iterator<T> iterator() {
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return true;
        }

        @Override
        public T next() {
          return items.apply(read.getAndIncrement());
        }
      };
    }
  }

  private static void awaitLatch(CountDownLatch latch) throws InterruptedException {
    if (!latch.await(LONG.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("nobody has opened the latch");
    }
  }

  // When inputs are encoded.

  /** While an input takes long to encode, the pool goes on, and so do the results of the inputs before it. */
  @Test
  void encoding_takesLong_holdsUpNobody() throws Exception {
    CountDownLatch encoding = new CountDownLatch(1);
    CountDownLatch finish = new CountDownLatch(1);
    Faults.Gate gate = Faults.Gate.in(directory);
    try (Pool pool = Pool.open(Faults.options("slow").build());
        ResultIterator<Integer> results = pool.imap(
            input -> {
              if (input.number() == 0) {
                gate.pass();
              }
              return input.number();
            },
            List.of(new Scripted(0, () -> {}), new Scripted(1, () -> {
              encoding.countDown();
              finish.await();
            })),
            1)) {
      try {
        gate.entered().awaitLines(1);
        awaitLatch(encoding);
        gate.open();
        assertThat(results.next(LONG)).isZero();
        assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
      } finally {
        finish.countDown();
        gate.open();
      }
      assertThat(results.next(LONG)).isEqualTo(1);
      assertThat(results.hasNext()).isFalse();
    }
  }

  /** An input may need results of the pool to be encoded, even of inputs that would travel together with it. */
  @ParameterizedTest
  @ValueSource(ints = {1, 100})
  void encoding_needsEarlierResult_getsIt(int chunkSize) throws Exception {
    CountDownLatch taken = new CountDownLatch(1);
    try (Pool pool = Pool.open(Faults.options("needy").build())) {
      Scripted needy = new Scripted(1, () -> {
        assertThat(valueOf(pool.submit(() -> 7))).isEqualTo(7);
        awaitLatch(taken);
      });
      ResultIterator<Integer> results =
          pool.imap(Scripted::number, List.of(new Scripted(0, () -> {}), needy), chunkSize);
      assertThat(results.next(LONG)).isZero();
      taken.countDown();
      assertThat(results.next(LONG)).isEqualTo(1);
    }
  }

  @Test
  void close_whileEncodingWaits_endsReader() throws Exception {
    CountDownLatch encoding = new CountDownLatch(1);
    try (Pool pool = Pool.open(Faults.options("stuck").build())) {
      ResultIterator<Integer> results = pool.imap(Scripted::number, List.of(new Scripted(0, () -> {
        encoding.countDown();
        new CountDownLatch(1).await();
      })));
      awaitLatch(encoding);
      results.close();
      assertThat(results.hasNext()).isFalse();
      Faults.awaitLong("the reader to end")
          .until(() -> Faults.poolThreads().stream().noneMatch(name -> name.contains("imap")));
    }
  }

  /** Whatever encoding an input throws is the outcome of that input; all others have theirs. */
  @ParameterizedTest
  @ValueSource(ints = {1, 7, 1000})
  void encoding_throwsAnything_isOutcomeOfThatInput(int chunkSize) {
    List<Scripted> inputs = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      inputs.add(new Scripted(i, failing(i)));
    }
    try (Pool pool = Pool.open(Faults.options("errors").build())) {
      for (boolean ordered : new boolean[] {true, false}) {
        ResultIterator<Integer> results = ordered
            ? pool.imap(Scripted::number, inputs, chunkSize)
            : pool.imapUnordered(Scripted::number, inputs, chunkSize);
        Outcome<?>[] outcomes = new Outcome<?>[inputs.size()];
        for (int i = 0; i < inputs.size(); i++) {
          Outcome<Integer> outcome = results.nextOutcome();
          assertThat(!ordered || outcome.index() == i).isTrue();
          outcomes[(int) outcome.index()] = outcome;
        }
        assertThat(results.hasNext()).isFalse();
        for (int i = 0; i < inputs.size(); i++) {
          Throwable error = outcomes[i].error();
          switch (i % 10) {
            case 3 ->
              assertThat(error)
                  .isExactlyInstanceOf(NotSerializableTaskException.class)
                  .hasMessageContaining("AssertionError: 3");
            case 4 -> assertThat(error).isExactlyInstanceOf(OutOfMemoryError.class);
            case 8 ->
              assertThat(error)
                  .isExactlyInstanceOf(NotSerializableTaskException.class)
                  .hasMessageContaining("an argument");
            default -> assertThat((Object) outcomes[i].value()).isEqualTo(i);
          }
        }
      }
    }
  }

  private static Script failing(int number) {
    return () -> {
      switch (number % 10) {
        case 3 -> throw new AssertionError("3");
        case 4 -> throw new OutOfMemoryError("as if");
        case 8 -> throw new IOException("8");
        default -> {}
      }
    };
  }

  // The function.

  /** The function is encoded when imap is called: what it captures may be changed, or used, during the iteration. */
  @Test
  void function_capturedStateChanges_isNotSeen() throws Exception {
    int[] factor = {2};
    List<Object> captured = new ArrayList<>();
    TaskFunction<Integer, Integer> function = n -> captured.size() + factor[0] * n;
    try (Pool pool = Pool.open(Faults.options("captured").build())) {
      ResultIterator<Integer> results = pool.imap(function, new Endless<>(n -> n), 1);
      for (int i = 0; i < 100; i++) {
        assertThat(results.next(LONG)).isEqualTo(2 * i);
        factor[0]++;
        captured.add(new Object()); // cannot be encoded
      }
      results.close();
    }
  }

  /** Something captured: notes when it is decoded, and is counted as long as it is in memory. */
  private static final class Captured implements Serializable {
    private static final long serialVersionUID = 1;
    private static final List<WeakReference<Captured>> DECODED = new ArrayList<>();

    private final Faults.Journal decoded;

    Captured(Faults.Journal decoded) {
      this.decoded = decoded;
    }

    private void readObject(ObjectInputStream in) throws IOException, ClassNotFoundException {
      in.defaultReadObject();
      synchronized (DECODED) {
        DECODED.add(new WeakReference<>(this));
      }
      decoded.add(Faults.pid());
    }

    int of(int number) {
      return number;
    }

    static int inMemory() {
      System.gc();
      synchronized (DECODED) {
        DECODED.removeIf(reference -> reference.get() == null);
        return DECODED.size();
      }
    }
  }

  /** A worker gets the function of an imap once, and drops it when the imap is over. */
  @Test
  void function_manyBatches_isSentOnceToEachWorkerAndForgotten() throws Exception {
    Faults.Journal decoded = Faults.Journal.in(directory);
    Captured captured = new Captured(decoded);
    List<Integer> inputs = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      inputs.add(i);
    }
    try (Pool pool = Pool.open(Faults.options("once").build())) {
      List<Integer> values = new ArrayList<>();
      pool.imap(captured::of, inputs, 1).forEachRemaining(values::add);
      assertThat(values).isEqualTo(inputs);
      assertThat(decoded.lines()).doesNotHaveDuplicates().hasSizeBetween(1, 2);
    }
    try (Pool pool = Pool.open(Faults.options("forgotten").workers(1).build())) {
      assertThat(pool.apply(Captured::inMemory)).isZero();
      ResultIterator<Integer> all = pool.imap(captured::of, inputs, 1);
      assertThat(all.next(LONG)).isZero();
      assertThat(pool.apply(Captured::inMemory)).isEqualTo(1);
      all.forEachRemaining(value -> {});
      awaitForgotten(pool);
      ResultIterator<Integer> closed = pool.imap(captured::of, new Endless<>(n -> n), 5);
      assertThat(closed.next(LONG)).isZero();
      assertThat(pool.apply(Captured::inMemory)).isEqualTo(1);
      closed.close();
      awaitForgotten(pool);
      assertThat(pool.apply(captured::of, 3)).isEqualTo(3);
      awaitForgotten(pool);
    }
  }

  private static void awaitForgotten(Pool pool) {
    Faults.awaitLong("the function to be forgotten")
        .until(() -> pool.apply(Captured::inMemory) == 0);
  }

  /** A worker that replaces another one gets the function too. */
  @Test
  void function_workerDies_isSentToNextOne() throws Exception {
    int two = 2;
    try (Pool pool = Pool.open(Faults.options("replaced").workers(1).build())) {
      ResultIterator<Integer> results = pool.imap(
          n -> {
            if (n % 10 == 5) {
              Runtime.getRuntime().halt(3);
            }
            return two * n;
          },
          new Endless<>(n -> n),
          4);
      for (int i = 0; i < 20; i++) {
        Outcome<Integer> outcome = results.nextOutcome();
        assertThat(outcome.isSuccess()).isEqualTo(i % 10 != 5);
        assertThat(!outcome.isSuccess() || outcome.value() == 2 * i).isTrue();
      }
      results.close();
    }
  }

  // Bytes.

  /** A chunk of large inputs is sent early; reading stops at a number of bytes, whatever the chunk size. */
  @Test
  void imap_largeInputs_areReadInWindowOfBytes() throws Exception {
    Endless<byte[]> input = new Endless<>(n -> new byte[MIB]);
    try (Pool pool = Pool.open(Faults.options("large").build())) {
      ResultIterator<Integer> results = pool.imap(bytes -> bytes.length, input, 1000);
      assertThat(results.next(LONG)).isEqualTo(MIB);
      assertThat(input.awaitPause()).isLessThanOrEqualTo(80);
      for (int i = 0; i < 150; i++) {
        assertThat(results.next(LONG)).isEqualTo(MIB);
      }
      results.close();
    }
  }

  /** Results that nobody has taken count too. */
  @Test
  void imap_largeResults_areReadInWindowOfBytes() throws Exception {
    int chunkSize = 100;
    try (Pool pool = Pool.open(Faults.options("results").build())) {
      Endless<Integer> input = new Endless<>(n -> {
        Faults.awaitLong("results")
            .until(() -> pool.isShutdown() || pool.statistics().completedTasks() >= n - chunkSize);
        return n;
      });
      ResultIterator<byte[]> results = pool.imap(n -> new byte[MIB / 2], input, chunkSize);
      assertThat(input.awaitPause(128)).isBetween(128, 128 + 2 * chunkSize);
      for (int i = 0; i < 2 * chunkSize; i++) {
        assertThat(results.next(LONG)).hasSize(MIB / 2);
      }
      results.close();
    }
  }
}
