// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Sleeps in the kernel: futex(2) on a word of a mapped file, which works between any two processes that have mapped it. The kernel
 * compares the word before it lets a thread sleep, so that no wake-up is lost.
 */
final class FutexWaiter implements WordWaiter {
  private static final int WAIT = 0;
  private static final int WAKE = 1;
  private static final long NANOS_PER_SECOND = 1_000_000_000;

  private final FutexCall call;
  private final ThreadLocal<Sleeper> sleepers = ThreadLocal.withInitial(Sleeper::new);

  FutexWaiter(FutexCall call) {
    this.call = call;
  }

  /** Returns one, or null if this system has no futex that can be called. */
  static @Nullable FutexWaiter find() {
    FutexCall call = FutexCall.find();
    return call == null ? null : new FutexWaiter(call);
  }

  @Override
  public void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible) {
    sleepers.get().sleep(memory, at, expected, nanos, interruptible);
  }

  @Override
  public void wake(ByteBuffer memory, int at, int count) {
    call.futex(call.address(memory) + at, WAKE, count, 0);
    Reference.reachabilityFence(memory);
  }

  @Override
  public long watchNanos() {
    return Waiting.SLICE_NANOS;
  }

  /** What one thread needs to sleep. */
  private final class Sleeper {
    private final ByteBuffer time = ByteBuffer.allocateDirect(16).order(ByteOrder.nativeOrder());
    private final long timeAddress = call.address(time);
    private final WakeOnInterrupt interrupts = new WakeOnInterrupt();

    void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible) {
      boolean endless = nanos == Long.MAX_VALUE;
      time.putLong(0, nanos / NANOS_PER_SECOND).putLong(8, nanos % NANOS_PER_SECOND);
      long address = call.address(memory) + at;
      if (interruptible) {
        interrupts.start(() -> call.futex(address, WAKE, Integer.MAX_VALUE, 0));
      }
      try {
        if (!interruptible || !Thread.currentThread().isInterrupted()) {
          call.futex(address, WAIT, expected, endless ? 0 : timeAddress);
        }
      } finally {
        if (interruptible) {
          interrupts.stop();
        }
        Reference.reachabilityFence(memory);
        Reference.reachabilityFence(time);
      }
    }
  }
}
