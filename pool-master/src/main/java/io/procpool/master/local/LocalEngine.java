// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.Shared;
import io.procpool.TaskOptions;
import io.procpool.WorkerRecording;
import io.procpool.WorkerSnapshot;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.ThreadText;
import io.procpool.ipc.memory.SharedCopy;
import io.procpool.master.flight.Flight;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import io.procpool.spi.TaskContexts;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** What the engines that run work in this process share: the lock, the running of one item, and the end. */
abstract class LocalEngine implements Engine {
  final PoolOptions options;
  final Events events;
  final ReentrantLock lock = new ReentrantLock();
  boolean shutdown; // guarded by lock
  private final Condition terminated = lock.newCondition();

  LocalEngine(PoolOptions options) {
    this.options = options;
    this.events = new Events(options);
  }

  @Override
  public final Inputs inputs(FunctionKind kind, Object function) {
    return new LocalInputs(kind, function);
  }

  /** Returns the threads that run tasks, by the names of their workers. */
  abstract Map<String, Thread> threads();

  @Override
  public final Map<String, String> threadDumps(Duration timeout) {
    Map<String, String> texts = new LinkedHashMap<>();
    threads().forEach((worker, thread) -> texts.put(worker, ThreadText.of(thread)));
    return texts;
  }

  @Override
  public final WorkerRecording startRecording(String worker, String settings, Duration timeout) {
    throw new UnsupportedOperationException("startRecording: the workers of backend \""
        + options.backend()
        + "\" are threads of this process; record that with jdk.jfr.Recording, or use backend \""
        + PoolOptions.PROCESSES + "\"");
  }

  @Override
  public final void check(TaskOptions task) {
    LocalOptions.check(options.backend(), task);
  }

  @Override
  public final <T extends @Nullable Object> Shared<T> share(T value) {
    return SharedCopy.local(value);
  }

  /** How an item ended. */
  record Ran(
      ResultBlock block,
      @Nullable Throwable failure,
      Duration time,
      @Nullable Object flight) {}

  static Ran run(Work work, int item, LocalTask task) {
    Object flight = Flight.taskBegins();
    long start = System.nanoTime();
    ResultBlock block;
    Throwable failure = null;
    TaskContexts.Source before = TaskContexts.install(task);
    try {
      block = ResultBlock.ofValue(item, work.inputs().call(item));
    } catch (Throwable thrown) {
      block = ResultBlock.ofError(item, 1, thrown);
      failure = thrown;
    } finally {
      task.end();
      TaskContexts.install(before);
    }
    return new Ran(block, failure, Duration.ofNanos(System.nanoTime() - start), flight);
  }

  /** Describes a worker that is a thread: nothing waits inside it, and nobody knows its part of the memory. */
  static WorkerSnapshot view(
      WorkerEvent worker,
      WorkerSnapshot.State state,
      Duration inState,
      Duration age,
      long ended,
      WorkerSnapshot.@Nullable CurrentTask task) {
    return new WorkerSnapshot(
        worker.worker(),
        worker.pid(),
        state,
        inState,
        age,
        ended,
        0,
        Optional.ofNullable(task),
        -1,
        -1,
        -1);
  }

  final void tellStarted(Work work, int item, WorkerEvent worker) {
    if (events.isActive()) {
      TaskEvent event = new TaskEvent(work.taskId(item), work.name(), worker);
      events.tell(listener -> listener.taskStarted(event));
    }
  }

  final void tellFinished(Work work, int item, WorkerEvent worker, Ran ran) {
    if (ran.flight() != null) {
      Flight.taskEnded(
          ran.flight(),
          work.flight(item, 1),
          worker,
          ran.failure() == null ? 0 : 1,
          ran.time().toNanos());
    }
    if (events.isActive()) {
      TaskEvent event = new TaskEvent(work.taskId(item), work.name(), worker);
      events.tell(listener -> listener.taskFinished(event, ran.failure() == null, ran.time()));
    }
  }

  @Override
  public final CompletableFuture<Void> refresh() {
    throw new UnsupportedOperationException("refresh: backend \"" + options.backend()
        + "\" has no worker processes that could be replaced; use backend \""
        + PoolOptions.PROCESSES + "\"");
  }

  @Override
  public final void shutdown() {
    lock.lock();
    try {
      shutdown = true;
      endIfDrained();
    } finally {
      lock.unlock();
    }
    afterShutdown();
  }

  /** The engine has been shut down; not under lock. */
  void afterShutdown() {}

  /** After a shutdown, lets go what nothing needs any more, and notices the end. Under lock. */
  final void endIfDrained() {
    if (shutdown) {
      windDown();
      if (isDrained()) {
        terminated.signalAll();
        events.close();
      }
    }
  }

  /** Lets go what nothing needs any more; the engine has been shut down. Under lock. */
  abstract void windDown();

  /** Tells whether nothing runs any more and all is reported. Under lock. */
  abstract boolean isDrained();

  @Override
  public final boolean awaitTermination(long nanos) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      long left = nanos;
      while (!isTerminated()) {
        if (nanos < 0) {
          terminated.await();
        } else if (left <= 0) {
          return false;
        } else {
          left = terminated.awaitNanos(left);
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public final boolean isTerminated() {
    lock.lock();
    try {
      return shutdown && isDrained();
    } finally {
      lock.unlock();
    }
  }
}
