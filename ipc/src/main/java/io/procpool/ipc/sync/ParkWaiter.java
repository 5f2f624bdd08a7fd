// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;
import java.util.concurrent.locks.LockSupport;

/** Looks at the word again and again, the longer it waits the less often. Works everywhere. */
final class ParkWaiter implements WordWaiter {
  private static final long SHORTEST_NANOS = 20_000;
  private static final long LONGEST_NANOS = 5_000_000;
  private static final int PART_OF_THE_WAIT = 8;

  @Override
  public void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible) {
    boolean interrupted = false;
    long start = System.nanoTime();
    while ((int) Words.INT.getVolatile(memory, at) == expected) {
      long waited = System.nanoTime() - start;
      if (waited >= nanos) {
        break;
      }
      long next = Math.min(LONGEST_NANOS, Math.max(SHORTEST_NANOS, waited / PART_OF_THE_WAIT));
      LockSupport.parkNanos(this, Math.min(next, nanos - waited));
      if (interruptible) {
        if (Thread.currentThread().isInterrupted()) {
          break;
        }
      } else {
        interrupted |= Thread.interrupted(); // or parking would end at once
      }
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
  public boolean looksByItself() {
    return true;
  }
}
