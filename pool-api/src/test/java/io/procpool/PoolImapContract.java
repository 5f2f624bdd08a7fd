// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Many inputs, taken one by one: {@code imap} and {@code imapUnordered}. */
public abstract class PoolImapContract extends PoolContract {
  /** Counts 0, 1, 2, … without end, and how far it has been read. */
  private static final class Endless implements Iterable<Integer> {
    final AtomicInteger read = new AtomicInteger();

    @Override
    public Iterator<Integer> iterator() {
      return new Iterator<>() {
        @Override
        public boolean hasNext() {
          return true;
        }

        @Override
        public Integer next() {
          return read.getAndIncrement();
        }
      };
    }
  }

  private static ResultIterator<Integer> squaresOf(
      Pool pool, Iterable<Integer> inputs, boolean ordered) {
    return ordered
        ? pool.imap(ContractTasks::square, inputs)
        : pool.imapUnordered(ContractTasks::square, inputs);
  }

  @PoolTest(workers = {1, 4})
  void imap_anyChunkSize_keepsOrder(Pool pool) {
    assertThat(listOf(pool.imap(ContractTasks::square, range(0, 1000))))
        .isEqualTo(squares(0, 1000));
    for (int chunkSize : new int[] {1, 7, 1000, 1001}) {
      assertThat(listOf(pool.imap(ContractTasks::square, range(0, 1000), chunkSize)))
          .isEqualTo(squares(0, 1000));
    }
  }

  @PoolTest(workers = {1, 4})
  void imapUnordered_anyChunkSize_returnsEachOnce(Pool pool) {
    assertThat(listOf(pool.imapUnordered(ContractTasks::square, range(0, 1000))))
        .containsExactlyInAnyOrderElementsOf(squares(0, 1000));
    for (int chunkSize : new int[] {1, 7, 1000, 1001}) {
      assertThat(listOf(pool.imapUnordered(ContractTasks::square, range(0, 1000), chunkSize)))
          .containsExactlyInAnyOrderElementsOf(squares(0, 1000));
    }
  }

  @PoolTest
  void imap_noInput_hasNone(Pool pool) {
    for (boolean ordered : new boolean[] {true, false}) {
      ResultIterator<Integer> results = squaresOf(pool, List.of(), ordered);
      assertThat(results.hasNext()).isFalse();
      assertThatThrownBy(results::next).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(results::nextOutcome).isInstanceOf(NoSuchElementException.class);
      assertThatThrownBy(() -> results.next(Times.LONG)).isInstanceOf(NoSuchElementException.class);
    }
  }

  @PoolTest
  void imap_badChunkSize_isRefusedNamingWhatIsAllowed(Pool pool) {
    for (int chunkSize : new int[] {0, -1}) {
      String message = "chunkSize: " + chunkSize + " (expected: 1 to ";
      assertThatThrownBy(() -> pool.imap(ContractTasks::square, List.of(1), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
      assertThatThrownBy(() -> pool.imapUnordered(ContractTasks::square, List.of(1), chunkSize))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(message);
    }
  }

  @PoolTest
  void imap_nulls_areInputsAndValues(Pool pool) {
    List<Object> inputs = Arrays.asList(1, null, 3);
    assertThat(listOf(pool.imap(ContractTasks::same, inputs))).isEqualTo(inputs);
    assertThat(listOf(pool.imapUnordered(ContractTasks::same, inputs)))
        .containsExactlyInAnyOrder(1, null, 3);
  }

  // Reading the input.

  /** With inputs that travel one by one, the input is read a few per worker ahead of what has been taken. */
  @PoolTest(workers = {1, 4})
  void imap_endlessInput_isReadInBoundedWindow(Pool pool, PoolContext context) {
    for (boolean ordered : new boolean[] {true, false}) {
      Endless input = new Endless();
      try (ResultIterator<Integer> results = ordered
          ? pool.imap(ContractTasks::square, input, 1)
          : pool.imapUnordered(ContractTasks::square, input, 1)) {
        for (int taken = 1; taken <= 5; taken++) {
          results.next();
          int bound = taken + 16 * context.workers();
          if (taken % 2 == 1) {
            await().during(Times.SHORT).atMost(Times.LONG).until(() -> input.read.get() <= bound);
          }
        }
      }
    }
  }

  @PoolTest
  void imap_chunkSize_windowIsFewChunksPerWorker(Pool pool, PoolContext context) {
    Endless input = new Endless();
    try (ResultIterator<Integer> results = pool.imap(ContractTasks::square, input, 10)) {
      results.next();
      int bound = 1 + 10 * 16 * context.workers();
      await().during(Times.SHORT).atMost(Times.LONG).until(() -> input.read.get() <= bound);
    }
  }

  /** However short the tasks are, reading stops somewhere when nobody takes. */
  @PoolTest
  void imap_measuredChunks_windowIsBounded(Pool pool) {
    Endless input = new Endless();
    try (ResultIterator<Integer> results = pool.imapUnordered(ContractTasks::square, input)) {
      for (int taken = 0; taken < 2000; taken++) {
        results.next();
      }
      AtomicInteger last = new AtomicInteger(-1);
      await().pollInterval(Times.SHORT).atMost(Times.LONG).until(() -> {
        int now = input.read.get();
        return last.getAndSet(now) == now;
      });
      assertThat(input.read.get()).isLessThan(200_000);
    }
  }

  /** The pool's own limit bounds the window too, and does not refuse it. */
  @PoolTest(workers = 4)
  void imap_maxPendingTasks_boundsWindow(PoolContext context) {
    Pool pool = context.open(context.options().maxPendingTasks(3));
    Endless input = new Endless();
    try (ResultIterator<Integer> results = pool.imap(ContractTasks::square, input, 1)) {
      for (int i = 0; i < 100; i++) {
        assertThat(results.next()).isEqualTo(i * i);
      }
      await().during(Times.SHORT).atMost(Times.LONG).until(() -> input.read.get() <= 104);
    }
  }

  @PoolTest(workers = {1, 3})
  void imap_endlessInput_resultsComeAsTaken(Pool pool) {
    try (ResultIterator<Integer> results = pool.imap(ContractTasks::identity, new Endless())) {
      for (int i = 0; i < 3000; i++) {
        assertThat(results.next()).isEqualTo(i);
      }
    }
  }

  @PoolTest
  void close_endlessInput_isReadNoFurther(Pool pool) {
    for (boolean ordered : new boolean[] {true, false}) {
      Endless input = new Endless();
      ResultIterator<Integer> results = squaresOf(pool, input, ordered);
      results.next();
      results.close();
      int read = input.read.get();
      assertThat(results.hasNext()).isFalse();
      assertThatThrownBy(results::next).isInstanceOf(NoSuchElementException.class);
      results.close();
      await().during(Times.SHORT).atMost(Times.LONG).until(() -> input.read.get() <= read + 1);
    }
  }

  @PoolTest(workers = 1, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void close_unstartedInputs_neverRun(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    Journal journal = context.journal();
    ResultIterator<Integer> results = pool.imap(
        n -> {
          journal.add(n);
          gate.passUninterruptibly();
          return n;
        },
        new Endless(),
        1);
    gate.awaitEntered(1);
    results.close();
    gate.open();
    assertThat(pool.apply(() -> 1)).isEqualTo(1);
    pool.close();
    assertThat(journal.lines()).containsExactly("0");
  }

  /** What the input throws comes after the results of the inputs before it, and ends the iteration. */
  @PoolTest(workers = {1, 3})
  void imap_inputThrows_comesAfterResultsBeforeIt(Pool pool) {
    for (boolean ordered : new boolean[] {true, false}) {
      ResultIterator<Integer> results =
          squaresOf(pool, PoolMapContract.throwingAfter(range(0, 5)), ordered);
      List<Integer> values = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        values.add(results.next());
      }
      assertThat(values).containsExactlyInAnyOrderElementsOf(squares(0, 5));
      assertThat(results.hasNext()).isTrue();
      assertThatThrownBy(results::next)
          .isExactlyInstanceOf(IllegalStateException.class)
          .hasMessage("end of the good inputs");
      assertThat(results.hasNext()).isFalse();
      assertThatThrownBy(results::next).isInstanceOf(NoSuchElementException.class);
    }
  }

  /** An input whose {@code hasNext} throws ends the iteration in the same way. */
  @PoolTest
  void imap_inputsHasNextThrows_isThrownOnce(Pool pool) {
    Iterable<Integer> input = () -> new Iterator<>() {
      @Override
      public boolean hasNext() {
        throw new IllegalStateException("no input");
      }

      @Override
      public Integer next() {
        throw new AssertionError();
      }
    };
    ResultIterator<Integer> results = pool.imap(ContractTasks::square, input);
    assertThat(results.hasNext()).isTrue();
    assertThatThrownBy(results::next).hasMessage("no input");
    assertThat(results.hasNext()).isFalse();
  }

  private static Iterable<Integer> queue(BlockingQueue<Integer> queue) {
    return () -> new Iterator<>() {
      @Override
      public boolean hasNext() {
        return true;
      }

      @Override
      public Integer next() {
        try {
          return queue.take();
        } catch (InterruptedException e) {
          throw new IllegalStateException("interrupted while reading the input", e);
        }
      }
    };
  }

  /** Results that are there come although the input pauses, whatever the chunk size; closing ends the pause. */
  @PoolTest(
      workers = {1, 4},
      except = PoolOptions.INLINE,
      because = "the consumer itself waits in the input")
  void imap_inputPausesForEver_computedResultsCome(Pool pool) throws Exception {
    for (int chunkSize : new int[] {0, 1, 100}) {
      for (boolean ordered : new boolean[] {true, false}) {
        BlockingQueue<Integer> inputs = new LinkedBlockingQueue<>(range(0, 5));
        Iterable<Integer> input = queue(inputs);
        ResultIterator<Integer> results = chunkSize == 0
            ? squaresOf(pool, input, ordered)
            : ordered
                ? pool.imap(ContractTasks::square, input, chunkSize)
                : pool.imapUnordered(ContractTasks::square, input, chunkSize);
        List<Integer> values = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          values.add(results.next(Times.LONG));
        }
        assertThat(values).containsExactlyInAnyOrderElementsOf(squares(0, 5));
        assertThatThrownBy(() -> results.next(Times.SHORT)).isInstanceOf(TimeoutException.class);
        inputs.add(9);
        assertThat(results.next(Times.LONG)).isEqualTo(81);
        results.close();
      }
    }
  }

  /** One who asks again and again without waiting gets what is there too, whatever the chunk size. */
  @PoolTest(
      workers = {1, 4},
      except = PoolOptions.INLINE,
      because = "the consumer itself waits in the input")
  void next_zeroTimeoutAgainAndAgain_getsUnfinishedChunk(Pool pool) {
    for (boolean ordered : new boolean[] {true, false}) {
      Iterable<Integer> input = queue(new LinkedBlockingQueue<>(range(0, 5)));
      try (ResultIterator<Integer> results = ordered
          ? pool.imap(ContractTasks::square, input, 100)
          : pool.imapUnordered(ContractTasks::square, input, 100)) {
        List<Integer> values = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
          values.add(polled(results));
        }
        assertThat(values).containsExactlyInAnyOrderElementsOf(squares(0, 5));
      }
    }
  }

  private static int polled(ResultIterator<Integer> results) {
    long start = System.nanoTime();
    while (true) {
      try {
        return results.next(Duration.ZERO);
      } catch (TimeoutException notYet) {
        assertThat(System.nanoTime() - start).isLessThan(Times.LONG.toNanos());
        Thread.onSpinWait();
      }
    }
  }

  /** A pool that is closed while an input pauses does not wait for it, and the iteration ends. */
  @PoolTest(except = PoolOptions.INLINE, because = "the consumer itself waits in the input")
  void imap_poolClosedWhileInputPauses_ends(Pool pool) {
    ResultIterator<Integer> results =
        pool.imap(ContractTasks::square, queue(new LinkedBlockingQueue<>(range(0, 3))));
    assertThat(results.next()).isEqualTo(0);
    pool.close();
    assertEndsRefused(pool, results);
  }

  /** The values that are left come in order without a gap, then a refusal, then the end. */
  private static void assertEndsRefused(Pool pool, ResultIterator<Integer> results) {
    int next = 1;
    RejectedExecutionException refused = null;
    while (results.hasNext()) {
      assertThat(refused).isNull();
      try {
        assertThat(results.next()).isEqualTo(next * next);
        next++;
      } catch (RejectedExecutionException e) {
        refused = e;
      }
    }
    assertThat(refused).isNotNull().hasMessageContaining(pool.options().name());
  }

  @PoolTest(workers = {1, 3})
  void imap_poolClosed_deliversWhatWasAcceptedThenRefuses(Pool pool) {
    ResultIterator<Integer> results = pool.imap(ContractTasks::square, new Endless());
    assertThat(results.next()).isEqualTo(0);
    pool.close();
    assertEndsRefused(pool, results);
  }

  /** An iterator that was dropped half-way lets go of its input. */
  @PoolTest
  void imap_dropped_readerEnds(Pool pool) {
    WeakReference<Endless> input = dropped(pool);
    await().atMost(Times.LONG).until(() -> {
      System.gc();
      return input.get() == null;
    });
  }

  private static WeakReference<Endless> dropped(Pool pool) {
    Endless input = new Endless();
    assertThat(pool.imap(ContractTasks::square, input).next()).isEqualTo(0);
    return new WeakReference<>(input);
  }

  // Outcomes.

  @PoolTest(workers = {1, 3})
  void imap_inputFails_goesOn(Pool pool) {
    for (int chunkSize : new int[] {1, 5, 30}) {
      ResultIterator<Integer> results =
          pool.imap(ContractTasks::failThirds, range(0, 30), chunkSize);
      for (int i = 0; i < 30; i++) {
        assertThat(results.hasNext()).isTrue();
        if (i % 3 == 0) {
          assertThatThrownBy(results::next)
              .isExactlyInstanceOf(IllegalStateException.class)
              .hasMessage("bad " + i);
        } else {
          assertThat(results.next()).isEqualTo(i);
        }
      }
      assertThat(results.hasNext()).isFalse();
    }
  }

  @PoolTest
  void next_checkedFailure_throwsTaskFailed(Pool pool) throws Exception {
    ResultIterator<Integer> results = pool.imap(ContractTasks::failChecked, range(1, 4));
    assertThatThrownBy(results::next)
        .isExactlyInstanceOf(TaskFailedException.class)
        .cause()
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("bad 1");
    assertThatThrownBy(() -> results.next(Times.LONG))
        .isExactlyInstanceOf(TaskFailedException.class)
        .cause()
        .hasMessage("bad 2");
  }

  @PoolTest(workers = {1, 3})
  void nextOutcome_valuesAndFailures_haveIndex(Pool pool) {
    for (boolean ordered : new boolean[] {true, false}) {
      ResultIterator<Integer> results = ordered
          ? pool.imap(ContractTasks::failThirds, range(0, 30), 4)
          : pool.imapUnordered(ContractTasks::failThirds, range(0, 30), 4);
      boolean[] seen = new boolean[30];
      for (int i = 0; i < 30; i++) {
        Outcome<Integer> outcome = results.nextOutcome();
        int index = (int) outcome.index();
        assertThat(seen[index]).isFalse();
        seen[index] = true;
        assertThat(!ordered || index == i).isTrue();
        assertThat(outcome.isSuccess()).isEqualTo(index % 3 != 0);
        if (outcome.isSuccess()) {
          assertThat(outcome.value()).isEqualTo(index);
        } else {
          assertThat(outcome.error())
              .isExactlyInstanceOf(IllegalStateException.class)
              .hasMessage("bad " + index);
        }
      }
      assertThat(results.hasNext()).isFalse();
    }
  }

  /** Unordered results do not wait for a slow first one; ordered ones come up to it. */
  @PoolTest(workers = 2, except = PoolOptions.INLINE, because = CALLER_RUNS)
  void imap_oneIsSlow_othersComeAsTheyCan(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    TaskFunction<Integer, Integer> slowThird = n -> {
      if (n == 3) {
        gate.pass();
      }
      return n;
    };
    try (ResultIterator<Integer> results = pool.imap(slowThird, range(0, 6))) {
      assertThat(
              List.of(results.next(Times.LONG), results.next(Times.LONG), results.next(Times.LONG)))
          .containsExactly(0, 1, 2);
      assertThatThrownBy(() -> results.next(Times.SHORT)).isInstanceOf(TimeoutException.class);
      assertThatThrownBy(() -> results.next(Duration.ZERO)).isInstanceOf(TimeoutException.class);
    }
    List<Integer> early = new ArrayList<>();
    try (ResultIterator<Integer> results = pool.imapUnordered(slowThird, range(0, 6), 1)) {
      for (int i = 0; i < 5; i++) {
        early.add(results.next(Times.LONG));
      }
      assertThat(early).containsExactlyInAnyOrder(0, 1, 2, 4, 5);
      gate.open();
      assertThat(results.next(Times.LONG)).isEqualTo(3);
      assertThat(results.hasNext()).isFalse();
    }
  }

  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void hasNext_interrupted_throwsAndIterationGoesOn(Pool pool, PoolContext context) {
    Gate gate = context.gate();
    ResultIterator<Integer> results = pool.imap(
        n -> {
          gate.pass();
          return n;
        },
        range(0, 3));
    gate.awaitEntered(1);
    Thread.currentThread().interrupt();
    assertThatThrownBy(results::hasNext).isInstanceOf(WaitInterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
    Thread.currentThread().interrupt();
    assertThatThrownBy(results::next).isInstanceOf(WaitInterruptedException.class);
    assertThat(Thread.interrupted()).isTrue();
    gate.open();
    assertThat(listOf(results)).containsExactly(0, 1, 2);
    assertThat(gate.wasInterrupted()).isFalse();
  }

  @PoolTest
  void imap_severalAtOnce_doNotMix(Pool pool) {
    try (ResultIterator<Integer> a = pool.imap(ContractTasks::square, new Endless());
        ResultIterator<Integer> b = pool.imap(ContractTasks::identity, new Endless())) {
      for (int i = 0; i < 200; i++) {
        assertThat(a.next()).isEqualTo(i * i);
        assertThat(b.next()).isEqualTo(i);
      }
    }
  }

  /** An iterator that nobody takes from holds up nobody else. */
  @PoolTest(workers = 1)
  void imap_notTaken_holdsUpNobody(Pool pool) throws Exception {
    try (ResultIterator<Integer> idle = pool.imap(ContractTasks::square, new Endless())) {
      assertThat(pool.map(ContractTasks::square, range(0, 100))).isEqualTo(squares(0, 100));
      assertThat(idle.next()).isEqualTo(0);
    }
  }

  /** Closing from another thread ends a wait. */
  @PoolTest(except = PoolOptions.INLINE, because = CALLER_RUNS)
  void close_whileConsumerWaits_endsWait(Pool pool, PoolContext context) throws Exception {
    Gate gate = context.gate();
    ResultIterator<Integer> results = pool.imap(
        n -> {
          gate.pass();
          return n;
        },
        range(0, 3));
    AtomicReference<Object> answer = new AtomicReference<>();
    Thread consumer = context.thread(() -> answer.set(results.hasNext()));
    gate.awaitEntered(1);
    await().atMost(Times.LONG).until(() -> consumer.getState() != Thread.State.RUNNABLE);
    results.close();
    consumer.join(Times.LONG.toMillis());
    assertThat(answer.get()).isEqualTo(false);
  }
}
