// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.spi.PoolBackend;
import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks on a number of workers. With the default backend each worker is a JVM of its own, so a task that crashes,
 * runs out of memory, calls {@code System.exit} or never ends costs itself and nothing else: its result fails with the
 * reason, its worker is replaced, and every other task goes on.
 *
 * <p><b>What is copied.</b> A task and its arguments are encoded in the calling thread before the call returns: later
 * changes are not seen by the worker. Results are copies and are decoded in the thread that asks for them. The backends
 * {@code threads} and {@code inline} copy nothing.
 *
 * <p><b>Failure.</b> Every accepted task completes exactly once: with its value, its own exception, or one
 * {@link InfrastructureException} that says whether the task may have run. The methods that return a value directly
 * ({@code apply}, {@code map}, {@code starmap}) throw the task's own exception if it is unchecked, and a
 * {@link TaskFailedException} around it if it is checked. The pool stays usable after every failure.
 *
 * <p><b>Interruption.</b> An interrupt ends the wait of a blocking method with {@link InterruptedException}; the tasks it
 * was waiting for are cancelled, running ones interrupted. With the backend {@code inline} the waiting thread is the one
 * that runs the task, so the interrupt is the task's: a task that ends with {@code InterruptedException} fails with it,
 * and the thread's interrupt status is set again.
 *
 * <p><b>Life.</b> {@link #close()} waits for what was accepted and then leaves no process behind. A pool that is never
 * closed ends with the master JVM, however that ends.
 *
 * <p><b>Backends.</b> {@code threads} and {@code inline} cannot keep everything that is said here: they cannot kill a
 * running task, and refuse options that need a process. {@code docs/backends.md} has the list.
 *
 * <p>Safe for use by multiple threads.
 *
 * <pre>{@code
 * try (Pool pool = Pool.ofWorkers(4)) {
 *   List<Integer> squares = pool.map(Squares::square, List.of(1, 2, 3));
 * }
 * }</pre>
 */
public interface Pool extends ExecutorService, AutoCloseable {
  /**
   * Opens a pool with all defaults: one worker process for each CPU this process may use. Workers start in the background;
   * this method does not wait for them.
   */
  static Pool open() {
    return open(PoolOptions.builder().build());
  }

  /** Opens a pool of worker processes of the given number, 1 to {@value PoolOptions#MAX_WORKERS}. */
  static Pool ofWorkers(int workers) {
    return open(PoolOptions.builder().workers(workers).build());
  }

  /**
   * Opens a pool. Workers start in the background; this method does not wait for them.
   *
   * @throws IllegalArgumentException if the backend does not exist or cannot honour an option; the message names it
   * @throws NestingLimitException if this process may not start others, because it lies too deep below the root
   */
  static Pool open(PoolOptions options) {
    return PoolBackend.named(options.backend()).open(options);
  }

  /** Returns the options in force, defaults filled in. */
  PoolOptions options();

  /**
   * Returns this same pool with other options for the tasks submitted through the returned view. Closing the view closes
   * the pool.
   */
  Pool with(TaskOptions options);

  // One task, waiting for it.

  /** Runs a task and waits for its value; see the class comment for failure and interruption. */
  <T extends @Nullable Object> T apply(Task<T> task) throws InterruptedException;

  /** Runs a task of one argument and waits for its value. */
  <A extends @Nullable Object, R extends @Nullable Object> R apply(
      TaskFunction<A, R> function, A argument) throws InterruptedException;

  /** Runs a task of two arguments and waits for its value. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object> R apply(
      TaskBiFunction<A, B, R> function, A first, B second) throws InterruptedException;

  /** Runs a task of three arguments and waits for its value. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      R apply(TaskTriFunction<A, B, C, R> function, A first, B second, C third)
          throws InterruptedException;

  // One task, not waiting.

  /**
   * Submits a task. Blocks only if the pool is full and its {@link PoolOptions#overflow()} says so.
   *
   * @throws NotSerializableTaskException naming the path to the field that cannot be encoded
   * @throws RejectedExecutionException if this pool is closed, or full
   */
  <T extends @Nullable Object> AsyncResult<T> submit(Task<T> task);

  /** Submits a task without a value; otherwise as {@link #submit(Task)}. The result's value is null. */
  AsyncResult<?> submit(RunnableTask task);

  /** Submits a callable, which must also be serializable; a lambda is better passed to {@link #submit(Task)}. */
  @Override
  <T extends @Nullable Object> AsyncResult<T> submit(Callable<T> task);

  /** Submits a runnable, which must also be serializable; a lambda is better passed to {@link #submit(RunnableTask)}. */
  @Override
  AsyncResult<?> submit(Runnable task);

  /** Submits a runnable, which must also be serializable; the result's value is the given object itself, not a copy. */
  @Override
  <T extends @Nullable Object> AsyncResult<T> submit(Runnable task, T result);

  /** Submits a task whose outcome nobody waits for. A failure is logged. */
  void execute(RunnableTask task);

  /** Submits a runnable, which must also be serializable. A failure is logged. */
  @Override
  void execute(Runnable task);

  /** Submits a task of one argument; otherwise as {@link #submit(Task)}. */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<R> applyAsync(
      TaskFunction<A, R> function, A argument);

  /** As the method with two callbacks, without one for failures. */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<R> applyAsync(
      TaskFunction<A, R> function, A argument, Consumer<? super R> onValue);

  /**
   * Submits a task of one argument and calls back when it has completed. One of the callbacks runs once, in the master,
   * in a thread of the pool that does no I/O, before {@code get()} returns; only after a cancellation {@code get()} does
   * not wait for it. A callback that throws is logged; one that is slow delays only its own result.
   */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<R> applyAsync(
      TaskFunction<A, R> function,
      A argument,
      Consumer<? super R> onValue,
      Consumer<? super Throwable> onError);

  /** Submits a task of two arguments; otherwise as {@link #submit(Task)}. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<R> applyAsync(TaskBiFunction<A, B, R> function, A first, B second);

  /** Submits a task of two arguments with callbacks, as {@link #applyAsync(TaskFunction, Object, Consumer, Consumer)}. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<R> applyAsync(
          TaskBiFunction<A, B, R> function,
          A first,
          B second,
          Consumer<? super R> onValue,
          Consumer<? super Throwable> onError);

  /** Submits a task of three arguments; otherwise as {@link #submit(Task)}. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<R> applyAsync(TaskTriFunction<A, B, C, R> function, A first, B second, C third);

  /** Submits a task of three arguments with callbacks, as {@link #applyAsync(TaskFunction, Object, Consumer, Consumer)}. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<R> applyAsync(
          TaskTriFunction<A, B, C, R> function,
          A first,
          B second,
          C third,
          Consumer<? super R> onValue,
          Consumer<? super Throwable> onError);

  /**
   * Submits a task once the delay is over. Cancelling the result before that means the task never runs. The task is
   * encoded now.
   *
   * @param delay zero or more
   */
  <T extends @Nullable Object> AsyncResult<T> schedule(Task<T> task, Duration delay);

  // Many inputs.

  /**
   * Applies a function to every input and returns the values in the order of the inputs. Blocks until all inputs have
   * completed. Several inputs travel together, as many as are measured to take a few milliseconds; each still has its own
   * outcome. The list has a fixed size and may be written to. If inputs failed, what the first of them (in input order) failed with is thrown, after all have completed.
   *
   * <p>All inputs are encoded before the first is sent. Together they may take 1 GiB; for more, or to keep less in memory,
   * there is {@link #imap(TaskFunction, Iterable) imap}.
   *
   * @throws NotSerializableTaskException if an input cannot be encoded, or all together are too large; none is run
   */
  <A extends @Nullable Object, R extends @Nullable Object> List<R> map(
      TaskFunction<A, R> function, Iterable<? extends A> inputs) throws InterruptedException;

  /** As {@link #map(TaskFunction, Iterable)}, with {@code chunkSize} inputs travelling together, 1 or more; fewer where they are large. */
  <A extends @Nullable Object, R extends @Nullable Object> List<R> map(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize)
      throws InterruptedException;

  /** Submits what {@link #map(TaskFunction, Iterable)} does and returns at once; the inputs are read and encoded here. */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function, Iterable<? extends A> inputs);

  /** As {@link #mapAsync(TaskFunction, Iterable)}, with a chunk size of 1 or more. */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize);

  /**
   * As {@link #mapAsync(TaskFunction, Iterable)}, with callbacks as in
   * {@link #applyAsync(TaskFunction, Object, Consumer, Consumer)}.
   */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function,
      Iterable<? extends A> inputs,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError);

  /** As the method without a chunk size, with one of 1 or more. */
  <A extends @Nullable Object, R extends @Nullable Object> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function,
      Iterable<? extends A> inputs,
      int chunkSize,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError);

  /**
   * Applies a function to every input; the results come in the order of the inputs, each as soon as it and those before it
   * are there. The input is read lazily, in a thread of the pool, a bounded window ahead of the consumer: a few chunks per
   * worker, and no more than 64 MiB of encoded inputs and results that have not been taken.
   *
   * <p>The function is encoded before this method returns, each input when it is read. An input that cannot be encoded has
   * that as its outcome; the iteration goes on with the following ones.
   */
  <A extends @Nullable Object, R extends @Nullable Object> ResultIterator<R> imap(
      TaskFunction<A, R> function, Iterable<? extends A> inputs);

  /**
   * As {@link #imap(TaskFunction, Iterable)}, with a chunk size of 1 or more. A chunk is smaller than that if its inputs
   * take more than 4 MiB together, or if the consumer waits while the input pauses.
   */
  <A extends @Nullable Object, R extends @Nullable Object> ResultIterator<R> imap(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize);

  /** As {@link #imap(TaskFunction, Iterable)}, but each result comes as soon as it is there, in any order. */
  <A extends @Nullable Object, R extends @Nullable Object> ResultIterator<R> imapUnordered(
      TaskFunction<A, R> function, Iterable<? extends A> inputs);

  /**
   * As {@link #imapUnordered(TaskFunction, Iterable)}, with a chunk size as for
   * {@link #imap(TaskFunction, Iterable, int)}.
   */
  <A extends @Nullable Object, R extends @Nullable Object> ResultIterator<R> imapUnordered(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize);

  /** As {@link #map(TaskFunction, Iterable)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      List<R> starmap(TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs)
          throws InterruptedException;

  /** As {@link #map(TaskFunction, Iterable, int)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      List<R> starmap(
          TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs, int chunkSize)
          throws InterruptedException;

  /** As {@link #map(TaskFunction, Iterable)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      List<R> starmap(
          TaskTriFunction<A, B, C, R> function, Iterable<Arguments.Three<A, B, C>> inputs)
          throws InterruptedException;

  /** As {@link #map(TaskFunction, Iterable, int)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      List<R> starmap(
          TaskTriFunction<A, B, C, R> function,
          Iterable<Arguments.Three<A, B, C>> inputs,
          int chunkSize)
          throws InterruptedException;

  /** As {@link #mapAsync(TaskFunction, Iterable)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs);

  /** As {@link #mapAsync(TaskFunction, Iterable, int)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs, int chunkSize);

  /** As {@link #mapAsync(TaskFunction, Iterable, Consumer, Consumer)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskBiFunction<A, B, R> function,
          Iterable<Arguments.Two<A, B>> inputs,
          Consumer<? super List<R>> onValue,
          Consumer<? super Throwable> onError);

  /** As {@link #mapAsync(TaskFunction, Iterable, int, Consumer, Consumer)} for a function of two arguments. */
  <A extends @Nullable Object, B extends @Nullable Object, R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskBiFunction<A, B, R> function,
          Iterable<Arguments.Two<A, B>> inputs,
          int chunkSize,
          Consumer<? super List<R>> onValue,
          Consumer<? super Throwable> onError);

  /** As {@link #mapAsync(TaskFunction, Iterable)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskTriFunction<A, B, C, R> function, Iterable<Arguments.Three<A, B, C>> inputs);

  /** As {@link #mapAsync(TaskFunction, Iterable, int)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskTriFunction<A, B, C, R> function,
          Iterable<Arguments.Three<A, B, C>> inputs,
          int chunkSize);

  /** As {@link #mapAsync(TaskFunction, Iterable, Consumer, Consumer)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskTriFunction<A, B, C, R> function,
          Iterable<Arguments.Three<A, B, C>> inputs,
          Consumer<? super List<R>> onValue,
          Consumer<? super Throwable> onError);

  /** As {@link #mapAsync(TaskFunction, Iterable, int, Consumer, Consumer)} for a function of three arguments. */
  <
          A extends @Nullable Object,
          B extends @Nullable Object,
          C extends @Nullable Object,
          R extends @Nullable Object>
      AsyncResult<List<R>> starmapAsync(
          TaskTriFunction<A, B, C, R> function,
          Iterable<Arguments.Three<A, B, C>> inputs,
          int chunkSize,
          Consumer<? super List<R>> onValue,
          Consumer<? super Throwable> onError);

  /**
   * Runs all tasks, which must also be serializable, and waits until every one has completed. If the wait is interrupted
   * the unfinished ones are cancelled.
   */
  @Override
  <T extends @Nullable Object> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks)
      throws InterruptedException;

  // Each worker.

  /**
   * Runs a task once on every worker and waits until it has ended everywhere; otherwise as {@link #broadcastAsync}.
   *
   * @throws InterruptedException if the wait is interrupted; the task is cancelled where it has not ended
   */
  <T extends @Nullable Object> List<WorkerOutcome<T>> broadcast(Task<T> task)
      throws InterruptedException;

  /**
   * Submits a task that runs once on every worker that lives now, one that is being started included, and on none that comes later (for these there is
   * {@link PoolOptions.Builder#initializer}). A busy worker runs it when its turn comes: in the order of submission, or by its {@linkplain TaskOptions#priority priority}.
   * A worker that is stopped by somebody, or busy for ever, holds up the result; a {@link TaskOptions#timeout} ends the wait for the task's own running only.
   *
   * <p>The result has an outcome for each of these workers, whatever it is; the call as a whole fails only if it is cancelled. A worker that ends before it has begun the task has a
   * {@link WorkerGoneException} as its outcome, one that dies of the task what any task would have. Each run counts as a task. It is accepted though the pool may be
   * {@linkplain PoolOptions#maxPendingTasks full}.
   *
   * @throws IllegalArgumentException if the options have a {@link TaskOptions#key}
   */
  <T extends @Nullable Object> AsyncResult<List<WorkerOutcome<T>>> broadcastAsync(Task<T> task);

  /**
   * Makes a value known to all workers: it is encoded once, here and now, and each worker that needs it decodes it once, when a task first asks for it. Tasks
   * capture or are passed the handle, which is a name; {@link Shared#get} gives them the value. On the backends {@code threads} and {@code inline} that is the value itself.
   *
   * @throws NotSerializableTaskException if the value cannot be encoded, or takes more than 1 GiB
   * @throws io.procpool.shared.OutOfSharedMemoryException if there is no room for it
   */
  <T extends @Nullable Object> Shared<T> share(T value);

  // Size.

  /** As {@link #resize(int, int)} with a fixed number of workers, 1 to {@value PoolOptions#MAX_WORKERS}. */
  default void resize(int workers) {
    resize(workers, workers);
  }

  /**
   * Sets the smallest and the largest number of workers, 0 or more and 1 to {@value PoolOptions#MAX_WORKERS}, from now on. Does not wait: missing workers are started, and what is too much
   * ends when it has ended its task; no task is lost or run twice. {@link #statistics()} has what is in force, {@link #options()} what was asked for first.
   *
   * @throws IllegalArgumentException if the numbers are out of range, or there is no memory in the budget for so many workers; nothing changes then
   * @throws IllegalStateException if this pool is closed
   * @throws UnsupportedOperationException if the backend has no workers ({@code inline})
   */
  void resize(int min, int max);

  /**
   * Replaces all workers that there are now, one after the other: a new one is started, and when it is ready the old one gets nothing further, ends its task and goes. Does not wait.
   *
   * <p>The future completes when all of them are gone. It fails with a {@link WorkerStartException} if a new worker cannot be started; those that have not been replaced stay then, and go on. It fails
   * with an {@link IllegalStateException} if the memory budget has no room for one more worker, or the pool ends meanwhile. Cancelling it, or completing it otherwise, changes nothing.
   *
   * @throws IllegalStateException if this pool is closed
   * @throws UnsupportedOperationException if the backend has no worker processes
   */
  CompletableFuture<Void> refresh();

  // Life.

  /** Refuses further tasks; those accepted are still completed. Does not wait. */
  @Override
  void shutdown();

  /**
   * Refuses further tasks, fails those that have not started with a {@link PoolTerminatedException}, interrupts the
   * running ones and kills the workers whose task does not end within {@link PoolOptions#gracePeriod()}. Does not wait.
   *
   * @return the tasks that never started; running one runs it in the calling thread
   */
  @Override
  List<Runnable> shutdownNow();

  /**
   * Refuses further tasks, kills all workers at once and fails every unfinished task with a
   * {@link PoolTerminatedException}. Waits for the worker processes to be gone, which takes milliseconds.
   */
  void terminate();

  /**
   * Refuses further tasks, waits until every accepted one has completed and every worker is gone. An interrupt during the
   * wait has the effect of {@link #shutdownNow()}; the wait goes on and the interrupt status is set again at its end.
   * Closing twice has no effect.
   */
  @Override
  void close();

  /** Returns counts of this moment. Does not block. */
  PoolStatistics statistics();

  /**
   * Returns what the pool and each of its workers are doing now, also after the pool has been closed. Takes some microseconds for each worker, and costs tasks nothing.
   *
   * <p>Waits for a second at most. If the pool has not answered by then, as when the machine has no time for it, what was known when it last did is returned, marked as not
   * {@linkplain PoolSnapshot#current() current}. An interrupt does not end the wait; the thread's interrupt status stays.
   */
  PoolSnapshot snapshot();

  /**
   * Returns, by the names of the workers, what all platform threads of each are doing now, as text in the manner of {@code jstack}, with the locks they hold and wait for; all workers are asked at the same time. A task that
   * hangs is seen; it need not react. The text of a worker that does not answer in time says so, and what its process does; one that is stopped or suspended cannot answer, nor could it to {@code jstack}. A
   * worker that has ended meanwhile, or not connected yet, has a text that says that. On {@code threads} there is the one thread of each worker, on {@code inline} the callers that run tasks, by the names of
   * their threads. The first dump of a worker loads classes there, which takes it some 100 ms of a CPU; tasks go on meanwhile.
   *
   * @param timeout how long to wait for all of them together; zero does not wait
   * @throws InterruptedException if the calling thread is interrupted while it waits
   */
  Map<String, String> threadDumps(Duration timeout) throws InterruptedException;

  /**
   * Begins a flight recording ({@code jdk.jfr.Recording}) in a worker, and returns it when it runs. Tasks go on meanwhile; the first recording of a worker takes it some seconds of a CPU. A
   * worker that starts is waited for, until the start timeout of the pool at the latest; the recording has its initializer, if that takes longer than the recorder does to begin. It
   * holds the last 256 MiB. Its data is in a directory of the pool's in the temp directory, and goes with the pool at the latest; a worker that ends, as planned or not, takes its recording with it.
   *
   * @param worker name of the worker, as in {@link #snapshot()}
   * @param settings name of the settings: {@code default}, {@code profile}, or others that the worker's JDK has
   * @param timeout how long to wait for the worker; a recording that begins later ends at once
   * @throws IllegalArgumentException if there is no such worker, or the settings' name is empty, or the timeout negative
   * @throws IOException if the worker has ended, could not be started, or cannot do it; the message names the worker
   * @throws TimeoutException if the worker has not answered in time; the message says what its process does
   * @throws InterruptedException if the calling thread is interrupted while it waits
   * @throws UnsupportedOperationException if workers are no processes: a {@code jdk.jfr.Recording} of this process has what they do
   */
  WorkerRecording startRecording(String worker, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException;
}
