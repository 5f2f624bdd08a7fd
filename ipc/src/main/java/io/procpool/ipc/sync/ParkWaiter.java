// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/**
 * Looks at the word again and again, the longer it waits the less often; who has slept for long is left to the watcher, which looks
 * at the words of all. Works everywhere.
 */
final class ParkWaiter implements WordWaiter {
  private static final long SHORTEST_NANOS = 20_000;
  private static final int PART_OF_THE_WAIT = 8;
  private static final long WATCH_NANOS = 2_000_000;

  @Override
  public void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible) {
    boolean interrupted = false;
    boolean left = false;
    long start = System.nanoTime();
    while (!left && (int) Words.INT.getVolatile(memory, at) == expected) {
      long waited = System.nanoTime() - start;
      if (waited >= nanos || interruptible && Thread.currentThread().isInterrupted()) {
        break;
      }
      left = waited > Waiting.SLICE_NANOS;
      long next = left ? nanos : Math.max(SHORTEST_NANOS, waited / PART_OF_THE_WAIT);
      LockSupport.parkNanos(this, Math.min(next, nanos - waited));
      interrupted |= !interruptible && Thread.interrupted(); // or parking would end at once
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void wake(ByteBuffer memory, int at, int count) {
    // They look by themselves.
  }

  @Override
  public long watchNanos() {
    return WATCH_NANOS;
  }
}
