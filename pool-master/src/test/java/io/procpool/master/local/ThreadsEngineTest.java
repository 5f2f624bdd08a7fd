// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.Shared;
import io.procpool.TaskProgress;
import io.procpool.WorkerRecording;
import io.procpool.WorkerStartException;
import io.procpool.ipc.FunctionKind;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.TaskPool;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Meetings of two things in the engine of the backend {@code threads} that the public interface brings about by luck only. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ThreadsEngineTest {
  private static final long LONG_SECONDS = 60;

  private static PoolOptions.Builder options() {
    return PoolOptions.builder().backend(PoolOptions.THREADS).workers(2);
  }

  /** A scheduled task that is cancelled between the moment it falls due and its submission never runs. */
  @Test
  void cancel_scheduledTaskFallsDue_neverRuns() throws Exception {
    CompletableFuture<AsyncResult<Integer>> scheduled = new CompletableFuture<>();
    AtomicBoolean ran = new AtomicBoolean();
    PoolOptions options = options().build();
    Engine engine = new Hooked(new ThreadsEngine(options), work -> {
      assertThat(scheduled.join().cancel(true)).isTrue();
    });
    try (Pool pool = TaskPool.on(engine, options)) {
      AsyncResult<Integer> result = pool.schedule(
          () -> {
            ran.set(true);
            return 1;
          },
          Duration.ZERO);
      scheduled.complete(result);
      assertThatThrownBy(result::get).isInstanceOf(CancellationException.class);
    }
    assertThat(ran).isFalse();
    assertCounts(engine.statistics(), 0, 0, 1);
  }

  /** A cancellation that comes after hopeless starts have failed the work takes nothing twice. */
  @Test
  void cancel_afterHopelessStarts_reportsNothingTwice() throws Exception {
    AtomicInteger reported = new AtomicInteger();
    CompletableFuture<Work> submitted = new CompletableFuture<>();
    PoolOptions options = options()
        .workers(1)
        .maxStartAttempts(1)
        .initializer(() -> {
          throw new IllegalStateException("no database");
        })
        .build();
    Engine engine = new Hooked(new ThreadsEngine(options), submitted::complete);
    try (Pool pool = TaskPool.on(engine, options)) {
      AsyncResult<List<Integer>> map = pool.mapAsync(n -> n, List.of(1, 2, 3));
      map.whenComplete((value, error) -> reported.incrementAndGet());
      assertThat(map.failure()).containsInstanceOf(WorkerStartException.class);
      engine.cancel(submitted.join(), true);
      assertCounts(engine.statistics(), 0, 3, 0);
    }
    assertThat(reported).hasValue(1);
  }

  /** Where the system has no thread left, tasks fail with that reason; later ones run once there are threads again. */
  @Test
  void submit_noThreadCanBeStarted_failsAndRecovers() throws Exception {
    Shortage threads = new Shortage();
    PoolOptions options = options().maxStartAttempts(3).build();
    Engine engine = new ThreadsEngine(options, threads);
    try (Pool pool = TaskPool.on(engine, options)) {
      AsyncResult<List<Integer>> map = pool.mapAsync(n -> n, List.of(1, 2));
      assertThat(map.failure())
          .hasValueSatisfying(failure -> assertThat(failure)
              .isInstanceOf(WorkerStartException.class)
              .hasMessageContainingAll(
                  "3 attempts", "unable to create native thread", options.name())
              .hasCauseInstanceOf(OutOfMemoryError.class));
      assertThat(engine.statistics().workersStarting()).isZero();
      assertThat(engine.statistics().spawnedWorkers()).isZero();

      threads.over = true;
      assertThat(pool.submit(() -> 7).get(LONG_SECONDS, TimeUnit.SECONDS)).isEqualTo(7);
    }
    assertCounts(engine.statistics(), 1, 2, 0);
  }

  @Test
  void close_noThreadCanBeStarted_returns() {
    PoolOptions options = options().build();
    Engine engine = new ThreadsEngine(options, new Shortage());
    TaskPool.on(engine, options).close();
    assertThat(engine.isTerminated()).isTrue();
  }

  /** With nothing left to be done, a pool does not wait for an initializer that blocks. */
  @Test
  void close_initializerBlocks_returns() throws Exception {
    CountDownLatch inside = new CountDownLatch(2);
    AtomicInteger interrupted = new AtomicInteger();
    Pool pool = Pool.open(options()
        .initializer(() -> {
          inside.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            interrupted.incrementAndGet();
            throw new IllegalStateException(e);
          }
        })
        .build());
    assertThat(inside.await(LONG_SECONDS, TimeUnit.SECONDS)).isTrue();
    pool.close();
    assertThat(pool.isTerminated()).isTrue();
    assertThat(interrupted).hasValue(2);
  }

  private static void assertCounts(PoolStatistics end, long completed, long lost, long cancelled) {
    assertThat(end.completedTasks()).as("completed of %s", end).isEqualTo(completed);
    assertThat(end.lostTasks()).as("lost of %s", end).isEqualTo(lost);
    assertThat(end.cancelledTasks()).as("cancelled of %s", end).isEqualTo(cancelled);
    assertThat(end.pendingTasks()).as("pending of %s", end).isZero();
  }

  /** Makes threads that do not start, as long as it is not over. */
  private static final class Shortage implements ThreadFactory {
    volatile boolean over;

    @Override
    public Thread newThread(Runnable body) {
      return new Thread(body) {
        @Override
        public void start() {
          if (!over) {
            throw new OutOfMemoryError("unable to create native thread, on purpose");
          }
          super.start();
        }
      };
    }
  }

  /** An engine that lets something happen before each submission. */
  private record Hooked(Engine engine, Consumer<Work> beforeSubmit) implements Engine {
    @Override
    public Inputs inputs(FunctionKind kind, Object function) {
      return engine.inputs(kind, function);
    }

    @Override
    public Map<String, String> threadDumps(Duration timeout) throws InterruptedException {
      return engine.threadDumps(timeout);
    }

    @Override
    public WorkerRecording startRecording(String worker, String settings, Duration timeout)
        throws IOException, TimeoutException, InterruptedException {
      return engine.startRecording(worker, settings, timeout);
    }

    @Override
    public List<Target> targets() {
      return engine.targets();
    }

    @Override
    public <T> Shared<T> share(T value) {
      return engine.share(value);
    }

    @Override
    public boolean runsInCaller() {
      return engine.runsInCaller();
    }

    @Override
    public void submit(Work work) {
      beforeSubmit.accept(work);
      engine.submit(work);
    }

    @Override
    public void cancel(Work work, boolean interrupt) {
      engine.cancel(work, interrupt);
    }

    @Override
    public Optional<TaskProgress> progress(Work work) {
      return engine.progress(work);
    }

    @Override
    public boolean isRunning(Work work) {
      return engine.isRunning(work);
    }

    @Override
    public void resize(int min, int max) {
      engine.resize(min, max);
    }

    @Override
    public CompletableFuture<Void> refresh() {
      return engine.refresh();
    }

    @Override
    public void shutdown() {
      engine.shutdown();
    }

    @Override
    public List<Work> shutdownNow() {
      return engine.shutdownNow();
    }

    @Override
    public void terminate() {
      engine.terminate();
    }

    @Override
    public boolean awaitTermination(long nanos) throws InterruptedException {
      return engine.awaitTermination(nanos);
    }

    @Override
    public boolean isTerminated() {
      return engine.isTerminated();
    }

    @Override
    public View view() {
      return engine.view();
    }

    @Override
    public PoolStatistics statistics() {
      return engine.statistics();
    }
  }
}
