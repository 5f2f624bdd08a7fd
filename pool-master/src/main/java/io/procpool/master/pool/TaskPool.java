// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.Arguments;
import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.PoolOptions;
import io.procpool.PoolSnapshot;
import io.procpool.PoolStatistics;
import io.procpool.ResultIterator;
import io.procpool.RunnableTask;
import io.procpool.Shared;
import io.procpool.Task;
import io.procpool.TaskBiFunction;
import io.procpool.TaskFunction;
import io.procpool.TaskOptions;
import io.procpool.TaskProgress;
import io.procpool.TaskTriFunction;
import io.procpool.WorkerOutcome;
import io.procpool.WorkerRecording;
import io.procpool.ipc.FunctionKind;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.NullUnmarked;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The public interface on top of an engine; the same for every backend. Safe for use by multiple threads. */
@NullUnmarked
public final class TaskPool implements Pool {
  private static final Logger LOG = LoggerFactory.getLogger(TaskPool.class);

  private final PoolCore core;
  private final Terms terms;

  private TaskPool(PoolCore core, TaskOptions taskOptions) {
    this.core = core;
    this.terms = core.terms(taskOptions);
  }

  /** Opens a pool on an engine. */
  public static Pool on(Engine engine, PoolOptions options) {
    return new TaskPool(new PoolCore(options, engine), TaskOptions.defaults());
  }

  @Override
  public PoolOptions options() {
    return core.options();
  }

  @Override
  public Pool with(TaskOptions options) {
    return new TaskPool(core, Objects.requireNonNull(options, "options"));
  }

  // One task.

  private <T> TaskResult<T> one(
      FunctionKind kind,
      Object function,
      Object a,
      Object b,
      Object c,
      TaskResult.Callbacks<T> callbacks) {
    TaskResult<T> result = new TaskResult<>(core.callbacks(), callbacks);
    Work work = single(kind, function, a, b, c, result);
    result.control(controlOf(work));
    core.submit(work);
    return result;
  }

  private Work single(
      FunctionKind kind, Object function, Object a, Object b, Object c, TaskResult<?> result) {
    PoolCore.Submission submission = core.new Submission(kind, function, terms);
    Engine.Inputs inputs = submission.newInputs();
    inputs.add(a, b, c);
    return submission.work(
        inputs, Batching.SINGLE, block -> result.complete(Completion.ofBlock(block)));
  }

  private TaskResult.Control controlOf(Work work) {
    return new TaskResult.Control() {
      @Override
      public long taskId() {
        return work.taskId(0);
      }

      @Override
      public void cancel(boolean interrupt) {
        core.cancel(work, interrupt);
      }

      @Override
      public boolean isRunning() {
        return core.engine().isRunning(work);
      }

      @Override
      public Optional<TaskProgress> progress() {
        return core.engine().progress(work);
      }
    };
  }

  private static <T> T await(AsyncResult<T> result) throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException e) {
      throw Failures.unchecked(e);
    } catch (InterruptedException e) {
      result.cancel(true);
      throw e;
    }
  }

  private static <T> TaskResult.Callbacks<T> callbacks(
      Consumer<? super T> onValue, Consumer<? super Throwable> onError) {
    return new TaskResult.Callbacks<>(onValue, onError);
  }

  @Override
  public <T> T apply(Task<T> task) throws InterruptedException {
    return await(submit(task));
  }

  @Override
  public <A, R> R apply(TaskFunction<A, R> function, A argument) throws InterruptedException {
    return await(applyAsync(function, argument));
  }

  @Override
  public <A, B, R> R apply(TaskBiFunction<A, B, R> function, A first, B second)
      throws InterruptedException {
    return await(applyAsync(function, first, second));
  }

  @Override
  public <A, B, C, R> R apply(TaskTriFunction<A, B, C, R> function, A first, B second, C third)
      throws InterruptedException {
    return await(applyAsync(function, first, second, third));
  }

  @Override
  public <T> AsyncResult<T> submit(Task<T> task) {
    return one(FunctionKind.CALLABLE, task, null, null, null, null);
  }

  @Override
  public AsyncResult<?> submit(RunnableTask task) {
    return one(FunctionKind.RUNNABLE, task, null, null, null, null);
  }

  @Override
  public <T> AsyncResult<T> submit(Callable<T> task) {
    return one(FunctionKind.CALLABLE, task, null, null, null, null);
  }

  @Override
  public AsyncResult<?> submit(Runnable task) {
    return one(FunctionKind.RUNNABLE, task, null, null, null, null);
  }

  @Override
  public <T> AsyncResult<T> submit(Runnable task, T result) {
    TaskResult<T> asyncResult = new TaskResult<>(core.callbacks(), null);
    PoolCore.Submission submission = core.new Submission(FunctionKind.RUNNABLE, task, terms);
    Engine.Inputs inputs = submission.newInputs();
    inputs.add(null, null, null);
    Work work = submission.work(
        inputs,
        Batching.SINGLE,
        block -> asyncResult.complete(Completion.ofBlock(block).replacingValue(result)));
    asyncResult.control(controlOf(work));
    core.submit(work);
    return asyncResult;
  }

  @Override
  public void execute(RunnableTask task) {
    execute((Runnable) task);
  }

  @Override
  public void execute(Runnable task) {
    one(FunctionKind.RUNNABLE, task, null, null, null, callbacks(null, error -> {
      if (!(error instanceof CancellationException)) {
        LOG.error("a task given to execute() of pool \"{}\" failed", options().name(), error);
      }
    }));
  }

  @Override
  public <A, R> AsyncResult<R> applyAsync(TaskFunction<A, R> function, A argument) {
    return one(FunctionKind.FUNCTION, function, argument, null, null, null);
  }

  @Override
  public <A, R> AsyncResult<R> applyAsync(
      TaskFunction<A, R> function, A argument, Consumer<? super R> onValue) {
    return one(FunctionKind.FUNCTION, function, argument, null, null, callbacks(onValue, null));
  }

  @Override
  public <A, R> AsyncResult<R> applyAsync(
      TaskFunction<A, R> function,
      A argument,
      Consumer<? super R> onValue,
      Consumer<? super Throwable> onError) {
    return one(FunctionKind.FUNCTION, function, argument, null, null, callbacks(onValue, onError));
  }

  @Override
  public <A, B, R> AsyncResult<R> applyAsync(TaskBiFunction<A, B, R> function, A first, B second) {
    return one(FunctionKind.BI_FUNCTION, function, first, second, null, null);
  }

  @Override
  public <A, B, R> AsyncResult<R> applyAsync(
      TaskBiFunction<A, B, R> function,
      A first,
      B second,
      Consumer<? super R> onValue,
      Consumer<? super Throwable> onError) {
    return one(
        FunctionKind.BI_FUNCTION, function, first, second, null, callbacks(onValue, onError));
  }

  @Override
  public <A, B, C, R> AsyncResult<R> applyAsync(
      TaskTriFunction<A, B, C, R> function, A first, B second, C third) {
    return one(FunctionKind.TRI_FUNCTION, function, first, second, third, null);
  }

  @Override
  public <A, B, C, R> AsyncResult<R> applyAsync(
      TaskTriFunction<A, B, C, R> function,
      A first,
      B second,
      C third,
      Consumer<? super R> onValue,
      Consumer<? super Throwable> onError) {
    return one(
        FunctionKind.TRI_FUNCTION, function, first, second, third, callbacks(onValue, onError));
  }

  @Override
  public <T> AsyncResult<T> schedule(Task<T> task, Duration delay) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("delay: " + delay + " (expected: zero or more)");
    }
    TaskResult<T> result = new TaskResult<>(core.callbacks(), null);
    Work work = single(FunctionKind.CALLABLE, task, null, null, null, result);
    DelayedControl control = new DelayedControl(controlOf(work));
    result.control(control);
    control.delayed = core.submitLater(work, delay);
    return result;
  }

  private static final class DelayedControl implements TaskResult.Control {
    private final TaskResult.Control work;
    private PoolCore.Delayed delayed;

    DelayedControl(TaskResult.Control work) {
      this.work = work;
    }

    @Override
    public long taskId() {
      return work.taskId();
    }

    @Override
    public void cancel(boolean interrupt) {
      delayed.cancel(interrupt);
    }

    @Override
    public boolean isRunning() {
      return work.isRunning();
    }

    @Override
    public Optional<TaskProgress> progress() {
      return work.progress();
    }
  }

  // Many inputs.

  private record MapControl(TaskResult.Control work, MapCollector collector)
      implements TaskResult.Control {
    @Override
    public long taskId() {
      return work.taskId();
    }

    @Override
    public void cancel(boolean interrupt) {
      work.cancel(interrupt);
    }

    @Override
    public boolean isRunning() {
      return work.isRunning();
    }

    @Override
    public Optional<TaskProgress> progress() {
      return Optional.of(collector.progress());
    }
  }

  /** A map under way. */
  private record Mapping<R>(AsyncResult<List<R>> result, MapCollector collector) {
    /** Waits for the end, decoding what comes in the meantime. */
    List<R> await() throws InterruptedException {
      try {
        collector.decodeArriving();
      } catch (InterruptedException e) {
        result.cancel(true);
        throw e;
      }
      return TaskPool.await(result);
    }
  }

  private <R> Mapping<R> many(
      FunctionKind kind,
      Object function,
      Iterable<?> items,
      int chunkSize,
      TaskResult.Callbacks<List<R>> callbacks) {
    PoolCore.Submission submission = core.new Submission(kind, function, terms);
    Engine.Inputs inputs = submission.newInputs();
    for (Object item : items) {
      inputs.add(item, null, null);
    }
    TaskResult<List<R>> result = new TaskResult<>(core.callbacks(), callbacks);
    MapCollector collector = new MapCollector(inputs.count(), result::complete);
    Work work = submission.work(inputs, new Batching(chunkSize, new ItemTime(), 0), collector);
    result.control(new MapControl(controlOf(work), collector));
    if (inputs.count() == 0) {
      result.complete(collector);
    } else {
      core.submit(work);
    }
    return new Mapping<>(result, collector);
  }

  private static int checkChunkSize(int chunkSize) {
    if (chunkSize < 1 || chunkSize > MAX_CHUNK_SIZE) {
      throw new IllegalArgumentException("chunkSize: " + chunkSize + " (expected: 1 to "
          + MAX_CHUNK_SIZE + "; leave it out to let the pool measure)");
    }
    return chunkSize;
  }

  private static final int MAX_CHUNK_SIZE = 1_000_000;

  @Override
  public <A, R> List<R> map(TaskFunction<A, R> function, Iterable<? extends A> inputs)
      throws InterruptedException {
    return this.<R>many(FunctionKind.FUNCTION, function, inputs, 0, null).await();
  }

  @Override
  public <A, R> List<R> map(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize)
      throws InterruptedException {
    return this.<R>many(FunctionKind.FUNCTION, function, inputs, checkChunkSize(chunkSize), null)
        .await();
  }

  @Override
  public <A, R> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function, Iterable<? extends A> inputs) {
    return this.<R>many(FunctionKind.FUNCTION, function, inputs, 0, null).result();
  }

  @Override
  public <A, R> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize) {
    return this.<R>many(FunctionKind.FUNCTION, function, inputs, checkChunkSize(chunkSize), null)
        .result();
  }

  @Override
  public <A, R> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function,
      Iterable<? extends A> inputs,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(FunctionKind.FUNCTION, function, inputs, 0, callbacks(onValue, onError))
        .result();
  }

  @Override
  public <A, R> AsyncResult<List<R>> mapAsync(
      TaskFunction<A, R> function,
      Iterable<? extends A> inputs,
      int chunkSize,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(
            FunctionKind.FUNCTION,
            function,
            inputs,
            checkChunkSize(chunkSize),
            callbacks(onValue, onError))
        .result();
  }

  @Override
  public <A, R> ResultIterator<R> imap(TaskFunction<A, R> function, Iterable<? extends A> inputs) {
    return lazily(function, inputs, 0, true);
  }

  @Override
  public <A, R> ResultIterator<R> imap(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize) {
    return lazily(function, inputs, checkChunkSize(chunkSize), true);
  }

  @Override
  public <A, R> ResultIterator<R> imapUnordered(
      TaskFunction<A, R> function, Iterable<? extends A> inputs) {
    return lazily(function, inputs, 0, false);
  }

  @Override
  public <A, R> ResultIterator<R> imapUnordered(
      TaskFunction<A, R> function, Iterable<? extends A> inputs, int chunkSize) {
    return lazily(function, inputs, checkChunkSize(chunkSize), false);
  }

  private <R> ResultIterator<R> lazily(
      Object function, Iterable<?> inputs, int chunkSize, boolean ordered) {
    PoolCore.Submission submission = core.new Submission(FunctionKind.FUNCTION, function, terms);
    if (core.engine().runsInCaller()) {
      return new InlineImap<>(core, submission, inputs.iterator());
    }
    return Imap.start(core, submission, inputs.iterator(), chunkSize, ordered);
  }

  @Override
  public <A, B, R> List<R> starmap(
      TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs)
      throws InterruptedException {
    return this.<R>many(FunctionKind.SPREAD_TWO, function, inputs, 0, null).await();
  }

  @Override
  public <A, B, R> List<R> starmap(
      TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs, int chunkSize)
      throws InterruptedException {
    return this.<R>many(FunctionKind.SPREAD_TWO, function, inputs, checkChunkSize(chunkSize), null)
        .await();
  }

  @Override
  public <A, B, C, R> List<R> starmap(
      TaskTriFunction<A, B, C, R> function, Iterable<Arguments.Three<A, B, C>> inputs)
      throws InterruptedException {
    return this.<R>many(FunctionKind.SPREAD_THREE, function, inputs, 0, null).await();
  }

  @Override
  public <A, B, C, R> List<R> starmap(
      TaskTriFunction<A, B, C, R> function,
      Iterable<Arguments.Three<A, B, C>> inputs,
      int chunkSize)
      throws InterruptedException {
    return this.<R>many(
            FunctionKind.SPREAD_THREE, function, inputs, checkChunkSize(chunkSize), null)
        .await();
  }

  @Override
  public <A, B, R> AsyncResult<List<R>> starmapAsync(
      TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs) {
    return this.<R>many(FunctionKind.SPREAD_TWO, function, inputs, 0, null).result();
  }

  @Override
  public <A, B, R> AsyncResult<List<R>> starmapAsync(
      TaskBiFunction<A, B, R> function, Iterable<Arguments.Two<A, B>> inputs, int chunkSize) {
    return this.<R>many(FunctionKind.SPREAD_TWO, function, inputs, checkChunkSize(chunkSize), null)
        .result();
  }

  @Override
  public <A, B, R> AsyncResult<List<R>> starmapAsync(
      TaskBiFunction<A, B, R> function,
      Iterable<Arguments.Two<A, B>> inputs,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(FunctionKind.SPREAD_TWO, function, inputs, 0, callbacks(onValue, onError))
        .result();
  }

  @Override
  public <A, B, R> AsyncResult<List<R>> starmapAsync(
      TaskBiFunction<A, B, R> function,
      Iterable<Arguments.Two<A, B>> inputs,
      int chunkSize,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(
            FunctionKind.SPREAD_TWO,
            function,
            inputs,
            checkChunkSize(chunkSize),
            callbacks(onValue, onError))
        .result();
  }

  @Override
  public <A, B, C, R> AsyncResult<List<R>> starmapAsync(
      TaskTriFunction<A, B, C, R> function, Iterable<Arguments.Three<A, B, C>> inputs) {
    return this.<R>many(FunctionKind.SPREAD_THREE, function, inputs, 0, null).result();
  }

  @Override
  public <A, B, C, R> AsyncResult<List<R>> starmapAsync(
      TaskTriFunction<A, B, C, R> function,
      Iterable<Arguments.Three<A, B, C>> inputs,
      int chunkSize) {
    return this.<R>many(
            FunctionKind.SPREAD_THREE, function, inputs, checkChunkSize(chunkSize), null)
        .result();
  }

  @Override
  public <A, B, C, R> AsyncResult<List<R>> starmapAsync(
      TaskTriFunction<A, B, C, R> function,
      Iterable<Arguments.Three<A, B, C>> inputs,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(FunctionKind.SPREAD_THREE, function, inputs, 0, callbacks(onValue, onError))
        .result();
  }

  @Override
  public <A, B, C, R> AsyncResult<List<R>> starmapAsync(
      TaskTriFunction<A, B, C, R> function,
      Iterable<Arguments.Three<A, B, C>> inputs,
      int chunkSize,
      Consumer<? super List<R>> onValue,
      Consumer<? super Throwable> onError) {
    return this.<R>many(
            FunctionKind.SPREAD_THREE,
            function,
            inputs,
            checkChunkSize(chunkSize),
            callbacks(onValue, onError))
        .result();
  }

  // Each worker.

  @Override
  public <T> List<WorkerOutcome<T>> broadcast(Task<T> task) throws InterruptedException {
    return await(broadcastAsync(task));
  }

  @Override
  public <T> AsyncResult<List<WorkerOutcome<T>>> broadcastAsync(Task<T> task) {
    PoolCore.Submission submission = core.new Submission(FunctionKind.CALLABLE, task, terms);
    submission.refuseKey("a broadcast runs on every worker");
    TaskResult<List<WorkerOutcome<T>>> result = new TaskResult<>(core.callbacks(), null);
    Engine.Inputs inputs = submission.newInputsInParts();
    try {
      List<Engine.Target> targets = core.engine().targets();
      BroadcastCollector collector = new BroadcastCollector(targets, result::complete);
      List<Work> works = new ArrayList<>();
      for (int i = 0; i < targets.size(); i++) {
        int target = i;
        Engine.Inputs call = inputs.another();
        call.add(null, null, null);
        Work work =
            submission.work(call, Batching.SINGLE, block -> collector.accept(target, block));
        work.target(targets.get(i).worker());
        works.add(work);
      }
      result.control(new BroadcastControl(works, collector));
      if (works.isEmpty()) {
        result.complete(collector);
      }
      submitAll(works);
    } finally {
      core.engine().endParts(inputs);
    }
    return result;
  }

  private void submitAll(List<Work> works) {
    int submitted = 0;
    try {
      for (Work work : works) {
        core.submitUnlimited(work);
        submitted++;
      }
    } finally {
      if (submitted < works.size()) { // the pool was closed in between
        works.subList(0, submitted).forEach(work -> core.cancel(work, true));
      }
    }
  }

  private final class BroadcastControl implements TaskResult.Control {
    private final List<Work> works;
    private final BroadcastCollector collector;

    BroadcastControl(List<Work> works, BroadcastCollector collector) {
      this.works = works;
      this.collector = collector;
    }

    @Override
    public long taskId() {
      return works.isEmpty() ? -1 : works.get(0).taskId(0);
    }

    @Override
    public void cancel(boolean interrupt) {
      works.forEach(work -> core.cancel(work, interrupt));
    }

    @Override
    public boolean isRunning() {
      return works.stream().anyMatch(core.engine()::isRunning);
    }

    @Override
    public Optional<TaskProgress> progress() {
      return Optional.of(collector.progress());
    }
  }

  @Override
  public <T> Shared<T> share(T value) {
    core.checkOpen();
    return core.engine().share(value);
  }

  // ExecutorService.

  /** Submits tasks; where each runs in this thread, only until what has completed is enough. */
  private <T> List<AsyncResult<T>> submitAll(
      List<? extends Callable<T>> tasks, Predicate<List<AsyncResult<T>>> enough) {
    List<AsyncResult<T>> results = new ArrayList<>(tasks.size());
    try {
      for (Callable<T> task : tasks) {
        if (core.engine().runsInCaller() && enough.test(results)) {
          break;
        }
        results.add(submit(task));
      }
    } catch (RuntimeException refused) {
      cancelAll(results);
      throw refused;
    }
    return results;
  }

  private static <T> List<Callable<T>> checked(Collection<? extends Callable<T>> tasks) {
    List<Callable<T>> checked = new ArrayList<>(tasks);
    for (Callable<T> task : checked) {
      Objects.requireNonNull(task, "the task is null");
    }
    return checked;
  }

  /** Returns the result of a task that is cancelled instead of submitted. */
  private <T> AsyncResult<T> cancelled(Callable<T> task) {
    TaskResult<T> result = new TaskResult<>(core.callbacks(), null);
    result.control(controlOf(single(FunctionKind.CALLABLE, task, null, null, null, result)));
    result.cancel(false);
    return result;
  }

  private static void cancelAll(List<? extends AsyncResult<?>> results) {
    for (int i = results.size() - 1; i >= 0; i--) { // the last first, so that no further one starts
      results.get(i).cancel(true);
    }
  }

  @Override
  public <T> List<Future<T>> invokeAll(Collection<? extends Callable<T>> tasks)
      throws InterruptedException {
    return invokeAll(tasks, Long.MAX_VALUE, TimeUnit.NANOSECONDS);
  }

  @Override
  public <T> List<Future<T>> invokeAll(
      Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
      throws InterruptedException {
    long start = System.nanoTime();
    long nanos = unit.toNanos(timeout);
    List<Callable<T>> all = checked(tasks);
    List<AsyncResult<T>> results = submitAll(all, completed -> System.nanoTime() - start >= nanos);
    for (Callable<T> late : all.subList(results.size(), all.size())) {
      results.add(cancelled(late));
    }
    try {
      for (AsyncResult<T> result : results) {
        if (!result.await(Duration.ofNanos(Math.max(0, nanos - (System.nanoTime() - start))))) {
          cancelAll(results);
          break;
        }
      }
    } catch (InterruptedException e) {
      cancelAll(results);
      throw e;
    }
    return new ArrayList<>(results);
  }

  @Override
  public <T> T invokeAny(Collection<? extends Callable<T>> tasks)
      throws InterruptedException, ExecutionException {
    try {
      return invokeAny(tasks, Long.MAX_VALUE, TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public <T> T invokeAny(Collection<? extends Callable<T>> tasks, long timeout, TimeUnit unit)
      throws InterruptedException, ExecutionException, TimeoutException {
    List<Callable<T>> all = checked(tasks);
    if (all.isEmpty()) {
      throw new IllegalArgumentException("tasks: empty (expected: at least one)");
    }
    long start = System.nanoTime();
    long nanos = unit.toNanos(timeout);
    List<AsyncResult<T>> results = submitAll(
        all,
        completed -> System.nanoTime() - start >= nanos
            || (!completed.isEmpty() && completed.get(completed.size() - 1).successful()));
    try {
      LinkedBlockingQueue<AsyncResult<T>> completed = new LinkedBlockingQueue<>();
      for (AsyncResult<T> result : results) {
        result.whenComplete((value, error) -> completed.add(result));
      }
      ExecutionException failure = null;
      for (int left = results.size(); left > 0; left--) {
        AsyncResult<T> next =
            completed.poll(Math.max(0, nanos - (System.nanoTime() - start)), TimeUnit.NANOSECONDS);
        if (next == null) {
          throw noneInTime(all.size());
        }
        try {
          return next.get();
        } catch (ExecutionException e) {
          failure = e;
        } catch (CancellationException e) {
          failure = new ExecutionException(e);
        }
      }
      if (results.size() < all.size()) {
        throw noneInTime(all.size());
      }
      throw failure;
    } finally {
      cancelAll(results);
    }
  }

  private static TimeoutException noneInTime(int tasks) {
    return new TimeoutException("none of " + tasks + " tasks completed with a value in time");
  }

  // Life.

  @Override
  public void shutdown() {
    core.shutdown();
  }

  @Override
  public List<Runnable> shutdownNow() {
    return core.shutdownNow();
  }

  @Override
  public void terminate() {
    core.terminate();
  }

  @Override
  public void close() {
    core.close();
  }

  @Override
  public boolean isShutdown() {
    return core.isShutdown();
  }

  @Override
  public boolean isTerminated() {
    return core.isTerminated();
  }

  @Override
  public boolean awaitTermination(long timeout, TimeUnit unit) throws InterruptedException {
    return core.awaitTermination(Math.max(0, unit.toNanos(timeout)));
  }

  @Override
  public void resize(int min, int max) {
    core.resize(min, max);
  }

  @Override
  public CompletableFuture<Void> refresh() {
    return core.refresh();
  }

  @Override
  public PoolStatistics statistics() {
    return core.statistics();
  }

  @Override
  public Map<String, String> threadDumps(Duration timeout) throws InterruptedException {
    return core.threadDumps(timeout);
  }

  @Override
  public WorkerRecording startRecording(String worker, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    return core.startRecording(worker, settings, timeout);
  }

  @Override
  public PoolSnapshot snapshot() {
    return core.snapshot();
  }

  @Override
  public String toString() {
    return "Pool[" + options().name() + ", " + options().backend() + ", workers="
        + options().workers() + "]";
  }
}
