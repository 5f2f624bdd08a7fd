// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.RunnableTask;
import io.procpool.ipc.memory.MappedStore;
import io.procpool.spi.SharedBlock;
import io.procpool.spi.Synchronizers;
import io.procpool.sync.Deadlock;
import io.procpool.sync.ProcessBarrier;
import io.procpool.sync.ProcessCountDownLatch;
import io.procpool.sync.ProcessEvent;
import io.procpool.sync.ProcessLock;
import io.procpool.sync.ProcessReadWriteLock;
import io.procpool.sync.ProcessSemaphore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Locks and the like in the shared memory of this process's session. */
public final class MappedSynchronizers implements Synchronizers {
  @Override
  public ProcessLock lock(String name, boolean reentrant) {
    Names.check(name);
    Actor.join();
    return new MappedLock(new MappedStore().allocate("ProcessLock", 0), name, reentrant, true);
  }

  @Override
  public ProcessLock lockOf(SharedBlock block) {
    block.checkOpen();
    Actor.join();
    return new MappedLock(block, "", true, false);
  }

  @Override
  public ProcessReadWriteLock readWriteLock(String name) {
    Actor.join();
    return MappedReadWriteLock.create(Names.check(name));
  }

  @Override
  public ProcessSemaphore semaphore(int permits, boolean bounded) {
    Actor.join();
    return MappedSemaphore.create(permits, bounded);
  }

  @Override
  public ProcessSemaphore recoveringSemaphore(int permits) {
    Actor.join();
    return RecoveringSemaphore.create(permits);
  }

  @Override
  public ProcessEvent event() {
    Actor.join();
    return MappedEvent.create();
  }

  @Override
  public ProcessBarrier barrier(int parties, @Nullable RunnableTask action) {
    Actor.join();
    return MappedBarrier.create(parties, action);
  }

  @Override
  public ProcessCountDownLatch countDownLatch(int count) {
    Actor.join();
    return MappedCountDownLatch.create(count);
  }

  @Override
  public List<Deadlock> deadlocks() {
    return Deadlocks.ofThisSession();
  }
}
