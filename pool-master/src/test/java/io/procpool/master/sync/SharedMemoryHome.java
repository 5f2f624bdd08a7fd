// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.RunnableTask;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;

/** The shared memory of the session. */
final class SharedMemoryHome implements Home {
  private static final long serialVersionUID = 1;

  @Override
  public boolean isSharedMemory() {
    return true;
  }

  @Override
  public ProcessLock lock() {
    return ProcessLock.create("plain");
  }

  @Override
  public ProcessLock reentrantLock() {
    return ProcessLock.reentrant("re-entrant");
  }

  @Override
  public ProcessSemaphore semaphore(int permits) {
    return ProcessSemaphore.create(permits);
  }

  @Override
  public ProcessSemaphore boundedSemaphore(int permits) {
    return ProcessSemaphore.bounded(permits);
  }

  @Override
  public ProcessEvent event() {
    return ProcessEvent.create();
  }

  @Override
  public ProcessBarrier barrier(int parties) {
    return ProcessBarrier.create(parties);
  }

  @Override
  public ProcessBarrier barrier(int parties, RunnableTask action) {
    return ProcessBarrier.create(parties, action);
  }

  @Override
  public ProcessCountDownLatch countDownLatch(int count) {
    return ProcessCountDownLatch.create(count);
  }
}
