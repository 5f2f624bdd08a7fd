// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.shared.SharedMemory;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the watcher does for threads that wait for long. */
@Timeout(value = 1, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class WaitingTest {
  /** As it happens in JDK 17: the thread is interrupted, and sleeps on. */
  @Test
  void interrupt_hasNotWokenTheThread_watcherDoes() throws Exception {
    Waiters.prepare();
    assumeTrue(WordWaiter.installed() instanceof FutexWaiter, "no futex here");
    CountDownLatch asleep = new CountDownLatch(1);
    try (SharedMemory memory = SharedMemory.create(4096)) {
      ByteBuffer words = memory.asByteBuffer(0, 4096);
      FutureTask<Boolean> interrupted = new FutureTask<>(() -> {
        try {
          new Sleeper(words, asleep).await(Waiting.FOREVER);
          return false;
        } catch (InterruptedException expected) {
          return true;
        }
      });
      Thread thread = new Thread(interrupted, "waiting-test");
      thread.start();
      asleep.await();
      thread.interrupt();
      assertThat(interrupted.get()).isTrue();
    }
  }

  /** Sleeps in the manner that interrupts do not end, once the watcher looks after it. */
  private static final class Sleeper extends Waiting {
    private final ByteBuffer words;
    private final CountDownLatch asleep;
    private volatile boolean watched;

    Sleeper(ByteBuffer words, CountDownLatch asleep) {
      super(words, 8);
      this.words = words;
      this.asleep = asleep;
    }

    @Override
    protected boolean attempt(boolean announce) {
      expect(0);
      if (watched) {
        asleep.countDown();
        while (!Thread.currentThread().isInterrupted()) {
          WordWaiter.installed().sleep(words, 8, 0, FOREVER, false);
        }
      }
      return false;
    }

    @Override
    protected boolean isDue() {
      watched = true;
      return asleep.getCount() > 0; // more than once: it may not have gone to sleep yet
    }

    @Override
    protected String what() {
      return "nothing";
    }
  }
}
