// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import static io.procpool.ipc.sync.SyncLayout.SIGNAL_BYTES;
import static io.procpool.ipc.sync.SyncLayout.SLEEPERS;
import static io.procpool.ipc.sync.SyncLayout.STATE;

import io.procpool.ipc.FaultPoint;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.sync.ProcessCountDownLatch;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** A latch: a word with the count. */
final class MappedCountDownLatch extends InBlock implements ProcessCountDownLatch {
  private static final long serialVersionUID = 1;

  private final transient ByteBuffer memory;

  private MappedCountDownLatch(SharedBlock block) {
    super(block);
    this.memory = block.part(0);
  }

  static MappedCountDownLatch create(int count) {
    if (count < 0) {
      throw new IllegalArgumentException(
          "count: " + count + " (expected: 0 to " + Integer.MAX_VALUE + ")");
    }
    SharedBlock block = new MappedStore().allocate("ProcessCountDownLatch", SIGNAL_BYTES);
    MappedCountDownLatch made = new MappedCountDownLatch(block);
    Words.INT.setVolatile(made.memory, STATE, count);
    return made;
  }

  private Object readResolve() {
    return new MappedCountDownLatch(block);
  }

  @Override
  public int count() {
    block.checkOpen();
    return (int) Words.INT.getVolatile(memory, STATE);
  }

  @Override
  public void countDown() {
    int count = count();
    while (count > 0) {
      if (Words.INT.compareAndSet(memory, STATE, count, count - 1)) {
        FaultPoint.reached("latch.counted");
        if (count == 1 && (int) Words.INT.getAndSet(memory, SLEEPERS, 0) != 0) {
          WordWaiter.installed().wake(memory, STATE, Integer.MAX_VALUE);
        }
        return;
      }
      count = count();
    }
  }

  @Override
  public void await() throws InterruptedException {
    block.checkOpen();
    new CountWait().await(Waiting.FOREVER);
  }

  @Override
  public boolean await(Duration timeout) throws InterruptedException {
    block.checkOpen();
    return new CountWait().await(TimeUnit.NANOSECONDS.convert(timeout));
  }

  /** A wait for the count to be zero. */
  private final class CountWait extends Waiting {
    CountWait() {
      super(memory, STATE);
    }

    @Override
    protected boolean attempt(boolean announce) {
      if (announce) {
        Words.INT.setVolatile(memory, SLEEPERS, 1);
      }
      int count = word();
      expect(count);
      return count == 0;
    }

    @Override
    protected boolean isDue() {
      return word() == 0;
    }

    @Override
    protected String what() {
      return Names.what("ProcessCountDownLatch", "", block);
    }
  }

  @Override
  public String toString() {
    return "ProcessCountDownLatch[" + (block.isClosed() ? "closed" : "count " + count()) + "]";
  }
}
