// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.PoolStatistics;
import io.procpool.Shared;
import io.procpool.TaskOptions;
import io.procpool.TaskProgress;
import io.procpool.WorkerRecording;
import io.procpool.WorkerSnapshot;
import io.procpool.ipc.FunctionKind;
import io.procpool.ipc.SessionDirectory;
import io.procpool.ipc.codec.PayloadTooLargeException;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.memory.Session;
import io.procpool.ipc.memory.SharedCopy;
import io.procpool.master.launch.LaunchChecks;
import io.procpool.master.launch.Nesting;
import io.procpool.master.launch.ProcessMemory;
import io.procpool.master.launch.TaskEncoder;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Runs work in worker processes: hands everything to the event loop, where {@link Fleet} and {@link Dispatcher} live. */
final class ProcessEngine implements Engine {
  private final PoolOptions options;
  private final SessionDirectory session;
  private final FlightRecordings recordings =
      new FlightRecordings((worker, order) -> askLoop(() -> FlightRecordings.ask(worker, order)));
  private final MasterTransport transport;
  private final EventLoop loop;
  private final Events events;
  private final WorkerMemory memory;
  private final WorkerLogs logs;
  private final TaskLoaders loaders;
  private final ClassServer classes;
  private final WorkerLauncher launcher;
  private final Fleet fleet;
  private final Queue<Work> submitted = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean drainScheduled = new AtomicBoolean();
  private final CountDownLatch cleaned = new CountDownLatch(1);
  private final Thread exitHook;
  private final Lookout lookout;

  static ProcessEngine open(PoolOptions options) {
    Nesting.check("pool \"" + options.name() + "\"");
    LaunchChecks.check(
        options.maxHeapBytes(),
        options.workingDirectory(),
        options.javaExecutable(),
        options.classPath());
    if (options.recycling().maxRssBytes() > 0 && !ProcessMemory.isKnown()) {
      throw new IllegalArgumentException(
          "recycling: maxRssBytes cannot be honoured: this system does not tell the memory of processes");
    }
    WorkerLogs.check(options);
    TaskLoaders loaders = new TaskLoaders();
    Hook initializer = Hook.of(options.initializer(), loaders);
    Hook finalizer = Hook.of(options.finalizer(), loaders);
    WorkerMemory memory = new WorkerMemory(options);
    boolean opened = false;
    try {
      check(options, memory, options.taskDefaults());
      ProcessEngine engine = new ProcessEngine(options, memory, loaders, initializer, finalizer);
      opened = true;
      return engine;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "pool \"" + options.name() + "\" cannot be opened: " + e.getMessage(), e);
    } finally {
      if (!opened) {
        memory.release();
      }
    }
  }

  private ProcessEngine(
      PoolOptions options,
      WorkerMemory memory,
      TaskLoaders loaders,
      Hook initializer,
      Hook finalizer)
      throws IOException {
    this.loaders = loaders;
    this.classes = new ClassServer(options, loaders);
    this.options = options;
    this.memory = memory;
    this.logs = new WorkerLogs(options);
    this.events = new Events(options);
    Session.current(); // before the pool's, so that it is let go before, when this process dies
    this.session = SessionDirectory.create();
    this.exitHook = new Thread(this::endWithTheJvm, options.name() + "-exit");
    try {
      Runtime.getRuntime().addShutdownHook(exitHook);
    } catch (IllegalStateException exiting) {
      session.close();
      throw new IllegalStateException(
          "pool \"" + options.name() + "\" cannot be opened: this JVM is shutting down", exiting);
    }
    try {
      this.transport = new MasterTransport(options.name());
    } catch (RuntimeException | Error e) {
      forgetExit();
      session.close();
      throw e;
    }
    this.loop = transport.loop();
    try {
      Path socket = session.path().resolve("socket");
      this.launcher = new WorkerLauncher(options, memory, session.path(), socket);
      this.fleet = new Fleet(
          options,
          loop,
          events,
          launcher,
          memory,
          logs,
          classes,
          session.path(),
          initializer,
          finalizer,
          this::stopped);
      transport.listen(socket, () -> new HandshakeHandler(fleet, transport.rings()));
    } catch (IOException | RuntimeException | Error e) {
      forgetExit();
      transport.close();
      session.close();
      throw e;
    }
    this.lookout = new Lookout(options, loop, this::look);
    loop.execute(fleet::proceed);
  }

  /** The last worker is gone. Cleaning up may take a while, and must not keep the event loop. */
  private void stopped() {
    Thread cleaner = new Thread(this::clean, options.name() + "-cleaner");
    try {
      cleaner.start();
    } catch (OutOfMemoryError noThread) {
      clean();
    }
  }

  /** The workers would notice the end of the master by themselves; this is faster, and removes the files. */
  private void endWithTheJvm() {
    WorkerLauncher started = launcher; // none if the JVM exits while the pool is being opened
    if (started != null) {
      started.killAll();
    }
    recordings.close();
    session.close();
  }

  private void forgetExit() {
    try {
      Runtime.getRuntime().removeShutdownHook(exitHook);
    } catch (IllegalStateException exiting) {
      // Then the hook runs, and finds nothing to do.
    }
  }

  @Override
  public Inputs inputs(FunctionKind kind, Object function) {
    return new EncodedInputs(kind, function, EncodedFunction.of(function), origin(function));
  }

  @Override
  public Inputs inputsInParts(FunctionKind kind, Object function) {
    return new EncodedInputs(kind, function, EncodedFunction.ofParts(function), origin(function));
  }

  private TaskLoaders.Origin origin(Object function) {
    TaskLoaders.Origin origin = loaders.of(function);
    if (origin != TaskLoaders.Origin.NONE) {
      loaders.takeGone().forEach(this::forget);
    }
    return origin;
  }

  @Override
  public void endParts(Inputs inputs) {
    EncodedFunction function = ((EncodedInputs) inputs).encodedFunction();
    if (!function.isPermanent()) {
      inLoop(() -> {
        drain();
        fleet.dispatcher().reports().endSubmission(function);
        fleet.proceed();
      });
    }
  }

  @Override
  public void check(TaskOptions task) {
    check(options, memory, task);
  }

  private static void check(PoolOptions options, WorkerMemory memory, TaskOptions task) {
    if (task.maxRssBytes().orElse(0L) > 0 && !ProcessMemory.isKnown()) {
      throw new IllegalArgumentException(
          "maxRssBytes cannot be honoured here: /proc/self/status cannot be read; leave it out, or limit the heap with maxHeapBytes");
    }
    long heap = task.maxHeapBytes().orElse(0L);
    if (heap == 0) {
      return;
    }
    if (memory.flagBytes() > 0 && heap >= memory.flagBytes()) {
      throw new IllegalArgumentException(
          "maxHeapBytes of a task: " + heap
              + " is not below the heap of " + memory.flagBytes()
              + " of the pool's workers ("
              + (options.maxHeapBytes() > 0 ? "maxHeapBytes" : "dealt out of the memory budget")
              + "), so a worker would run out of memory first; lower it, or raise maxHeapBytes of the pool");
    }
    if (options.jvmArgs().contains("-XX:+DisableExplicitGC")) {
      throw new IllegalArgumentException(
          "maxHeapBytes of a task cannot be honoured with the JVM flag -XX:+DisableExplicitGC: only a garbage collection"
              + " tells what is in use; leave one of them out");
    }
  }

  @Override
  public Optional<TaskProgress> progress(Work work) {
    return Dispatcher.progress(work);
  }

  @Override
  public List<Target> targets() {
    return askLoop(() -> {
      drain();
      return fleet.targets();
    });
  }

  @Override
  public <T extends @Nullable Object> Shared<T> share(T value) {
    PayloadWriter writer = new PayloadWriter();
    try {
      ValueCodec.write(writer, value);
    } catch (UnencodableValueException | PayloadTooLargeException | StackOverflowError failed) {
      throw TaskEncoder.refusal("a value to be shared", value, failed);
    }
    return SharedCopy.share(value, writer, this::forget);
  }

  private void forget(long id) {
    inLoop(() -> fleet.dispatcher().reports().forget(id));
  }

  @Override
  public boolean runsInCaller() {
    return false;
  }

  @Override
  public void submit(Work work) {
    submitted.add(work);
    if (drainScheduled.compareAndSet(false, true)) {
      inLoop(this::drain);
    }
  }

  private void drain() {
    drainScheduled.set(false);
    long now = System.nanoTime();
    for (Work work = submitted.poll(); work != null; work = submitted.poll()) {
      work.arrived(now);
      fleet.accept(work);
    }
    fleet.proceed();
  }

  /** Runs something in the event loop; in the calling thread once the loop has ended, when nothing else can interfere. */
  void inLoop(Runnable step) {
    try {
      loop.execute(step);
    } catch (RejectedExecutionException ended) {
      synchronized (this) {
        step.run();
      }
    }
  }

  private <T extends @Nullable Object> T askLoop(Callable<T> question) {
    if (loop.inEventLoop()) {
      throw new IllegalStateException("not in the event loop");
    }
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return loop.submit(question).get();
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } catch (ExecutionException | RejectedExecutionException ended) {
      try {
        return question.call();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void cancel(Work work, boolean interrupt) {
    Dispatcher.cancelNow(work);
    inLoop(() -> {
      drain();
      fleet.dispatcher().cancel(work, interrupt);
      fleet.proceed();
    });
  }

  @Override
  public boolean isRunning(Work work) {
    return work.count() == 1
        ? Dispatcher.isSingleRunning(work)
        : askLoop(() -> fleet.dispatcher().isRunning(work));
  }

  @Override
  public void resize(int min, int max) {
    change(() -> fleet.resize(min, max));
  }

  @Override
  public CompletableFuture<Void> refresh() {
    CompletableFuture<Void> done = new CompletableFuture<>();
    change(() -> fleet.refresh(done));
    return done;
  }

  /** Does something in the event loop that may be refused there. */
  private void change(Runnable step) {
    RuntimeException refusal = this.<@Nullable RuntimeException>askLoop(() -> {
      try {
        drain();
        step.run();
        return null;
      } catch (IllegalArgumentException | IllegalStateException refused) {
        return refused;
      }
    });
    if (refusal != null) {
      throw refusal;
    }
  }

  @Override
  public void shutdown() {
    inLoop(() -> {
      drain();
      fleet.shutdown();
    });
  }

  @Override
  public List<Work> shutdownNow() {
    return askLoop(() -> {
      drain();
      return fleet.shutdownNow();
    });
  }

  @Override
  public void terminate() {
    launcher.abandonArchive();
    inLoop(() -> {
      drain();
      fleet.terminate();
    });
    boolean interrupted = false;
    while (true) {
      try {
        awaitTermination(-1);
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean awaitTermination(long nanos) throws InterruptedException {
    if (nanos >= 0) {
      return cleaned.await(nanos, TimeUnit.NANOSECONDS);
    }
    cleaned.await();
    return true;
  }

  private void clean() {
    try {
      classes.close();
      launcher.close();
      logs.close();
      memory.release();
      transport.close();
      recordings.close();
      session.close();
      events.close();
      forgetExit();
    } finally {
      cleaned.countDown();
    }
  }

  @Override
  public boolean isTerminated() {
    return cleaned.getCount() == 0;
  }

  @Override
  public PoolStatistics statistics() {
    return askLoop(this::count);
  }

  // in the event loop
  private PoolStatistics count() {
    drain();
    Dispatcher dispatcher = fleet.dispatcher();
    return new PoolStatistics(
        fleet.workersIn(Worker.State.STARTING),
        fleet.workersIn(Worker.State.READY),
        fleet.workersIn(Worker.State.BUSY) + fleet.workersIn(Worker.State.DRAINING),
        dispatcher.pendingTasks() + dispatcher.retries().waiting(),
        dispatcher.activeTasks(),
        dispatcher.reports().completed(),
        dispatcher.reports().lost(),
        dispatcher.reports().cancelled(),
        fleet.spawned(),
        fleet.crashed(),
        fleet.retired(),
        fleet.size().min(),
        fleet.size().max(),
        fleet.readySpares(),
        fleet.recycled(),
        dispatcher.retries().retried());
  }

  @Override
  public Map<String, String> threadDumps(Duration timeout) throws InterruptedException {
    return ThreadDumps.await(askLoop(fleet::askForThreads), timeout);
  }

  @Override
  public WorkerRecording startRecording(String name, String settings, Duration timeout)
      throws IOException, TimeoutException, InterruptedException {
    Worker worker = this.<@Nullable Worker>askLoop(() -> fleet.named(name));
    if (worker == null) {
      List<String> names =
          lookout.view().workers().stream().map(WorkerSnapshot::name).toList();
      throw new IllegalArgumentException("worker: pool \"" + options.name() + "\" has no \"" + name
          + "\" (expected: one of " + names + ")");
    }
    return recordings.start(worker, settings, timeout);
  }

  @Override
  public View view() {
    return lookout.view();
  }

  // in the event loop
  private View look() {
    PoolStatistics statistics = count();
    long now = System.nanoTime();
    return new View(
        Instant.now(), true, statistics, fleet.dispatcher().oldestWaitNanos(now), fleet.views(now));
  }
}
