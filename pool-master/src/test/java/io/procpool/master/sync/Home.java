// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import io.procpool.RunnableTask;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessSemaphore;
import java.io.Serializable;

/** Where locks and the like have their place: the contracts are the same in all. */
interface Home extends Serializable {
  Home SHARED_MEMORY = new SharedMemoryHome();

  /** Tells whether it is the shared memory of the session, which has more kinds. */
  boolean isSharedMemory();

  ProcessLock lock();

  ProcessLock reentrantLock();

  ProcessSemaphore semaphore(int permits);

  ProcessSemaphore boundedSemaphore(int permits);

  ProcessEvent event();

  ProcessBarrier barrier(int parties);

  ProcessBarrier barrier(int parties, RunnableTask action);

  ProcessCountDownLatch countDownLatch(int count);
}
