// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.RunnableTask;
import io.procpool.manager.Manager;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;

/** A manager's server. */
record ManagerHome(Manager manager) implements Home {
  @Override
  public boolean isSharedMemory() {
    return false;
  }

  @Override
  public ProcessLock lock() {
    return manager.lock();
  }

  @Override
  public ProcessLock reentrantLock() {
    return manager.reentrantLock();
  }

  @Override
  public ProcessSemaphore semaphore(int permits) {
    return manager.semaphore(permits);
  }

  @Override
  public ProcessSemaphore boundedSemaphore(int permits) {
    return manager.boundedSemaphore(permits);
  }

  @Override
  public ProcessEvent event() {
    return manager.event();
  }

  @Override
  public ProcessBarrier barrier(int parties) {
    return manager.barrier(parties);
  }

  @Override
  public ProcessBarrier barrier(int parties, RunnableTask action) {
    return manager.barrier(parties, action);
  }

  @Override
  public ProcessCountDownLatch countDownLatch(int count) {
    return manager.countDownLatch(count);
  }
}
