// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.shared.SharedMemory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** How a thread sleeps on a word: each way there is on this machine. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WordWaiterTest {
  private static final long ENDLESS = Long.MAX_VALUE;

  // JDK 17 misses an interrupt in some hundred thousand. What it costs to miss many: the test does
  // not end in time.
  private static final long MISSED_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final SharedMemory memory = SharedMemory.create(4096);
  private final ByteBuffer words = memory.asByteBuffer(0, 4096);

  enum Way {
    JNA,
    FOREIGN,
    PARK;

    WordWaiter waiter() {
      FutexCall call = switch (this) {
        case JNA -> JnaFutexCall.find(number());
        case FOREIGN -> ForeignFutexCall.find(number());
        case PARK -> null;
      };
      assumeTrue(this == PARK || call != null, "not on this JDK");
      return call == null ? new ParkWaiter() : new FutexWaiter(call);
    }

    private static long number() {
      return FutexCall.number();
    }
  }

  @AfterEach
  void close() {
    memory.close();
  }

  private void change(int at) {
    Words.INT.setVolatile(words, at, (int) Words.INT.get(words, at) + 1);
  }

  /** Sleeps as all users do: again and again, until the word is another; who parks, no longer than the watcher, which is not here, would let it. */
  private void sleepWhile(WordWaiter waiter, int at, int expected) {
    long most = waiter instanceof ParkWaiter ? Waiting.SLICE_NANOS : ENDLESS;
    while ((int) Words.INT.getVolatile(words, at) == expected) {
      waiter.sleep(words, at, expected, most, false);
    }
  }

  @ParameterizedTest
  @EnumSource
  void sleep_wordIsAnother_doesNotSleep(Way way) {
    way.waiter().sleep(words, 8, 1, ENDLESS, true);
  }

  @ParameterizedTest
  @EnumSource
  void sleep_timeIsUp_ends(Way way) {
    WordWaiter waiter = way.waiter();
    long start = System.nanoTime();
    long end = start + TimeUnit.MILLISECONDS.toNanos(50);
    while (System.nanoTime() < end) {
      waiter.sleep(words, 8, 0, end - System.nanoTime(), true);
    }
    waiter.sleep(words, 8, 0, 0, true);
    assertThat(System.nanoTime()).isGreaterThanOrEqualTo(end);
  }

  /** Two threads take turns; not one of many thousand wake-ups is lost. */
  @ParameterizedTest
  @EnumSource
  void wake_inTurns_noneIsLost(Way way) throws Exception {
    WordWaiter waiter = way.waiter();
    int rounds = way == Way.PARK ? 500 : 20_000;
    Thread other = new Thread(() -> {
      for (int i = 0; i < rounds; i++) {
        sleepWhile(waiter, 64, i);
        change(128);
        waiter.wake(words, 128, 1);
      }
    });
    other.start();
    for (int i = 0; i < rounds; i++) {
      change(64);
      waiter.wake(words, 64, 1);
      sleepWhile(waiter, 128, i);
    }
    other.join();
  }

  /** Whenever an interrupt comes, before, while or after a thread goes to sleep: it does not sleep on. */
  @ParameterizedTest
  @EnumSource
  void interrupt_atAnyMoment_endsSleep(Way way) throws Exception {
    WordWaiter waiter = way.waiter();
    AtomicInteger woken = new AtomicInteger();
    Thread sleeper = new Thread(() -> {
      while (woken.get() < 3000) {
        while (!Thread.currentThread().isInterrupted()) {
          waiter.sleep(words, 8, 0, MISSED_NANOS, true);
        }
        assertThat(Thread.interrupted()).isTrue();
        woken.incrementAndGet();
      }
    });
    sleeper.start();
    for (int i = 0; i < 3000; i++) {
      int before = i;
      for (int spin = i % 100; spin > 0; spin--) {
        Thread.onSpinWait();
      }
      sleeper.interrupt();
      while (woken.get() == before) {
        Thread.onSpinWait();
      }
    }
    sleeper.join();
  }

  /** Where interrupts do not matter, the thread sleeps on without being busy, and is still interrupted at the end. */
  @ParameterizedTest
  @EnumSource
  void interrupt_whereItDoesNotMatter_isKept(Way way) throws Exception {
    WordWaiter waiter = way.waiter();
    AtomicInteger interrupted = new AtomicInteger();
    Thread sleeper = new Thread(() -> {
      sleepWhile(waiter, 8, 0);
      interrupted.set(Thread.interrupted() ? 1 : 2);
    });
    sleeper.start();
    sleeper.interrupt();
    await()
        .pollInterval(Duration.ofMillis(1))
        .until(() -> sleeper.getState() == Thread.State.TIMED_WAITING
            || sleeper.getState() == Thread.State.WAITING
            || way != Way.PARK);
    assertThat(interrupted).hasValue(0);
    change(8);
    waiter.wake(words, 8, 1);
    LockSupport.unpark(sleeper);
    sleeper.join();
    assertThat(interrupted).hasValue(1);
  }
}
