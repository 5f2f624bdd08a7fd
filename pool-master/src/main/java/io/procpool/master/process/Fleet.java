// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.WorkerSnapshot;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.ipc.wire.ToWorker;
import io.procpool.master.flight.Flight;
import io.procpool.master.launch.TaskEncoder;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Spawns and kills the workers of a pool, hears what they say, and buries them. Event loop only. */
final class Fleet implements HandshakeHandler.Gate, KillSwitch, Turnover.Crew, Reserve.Crew {
  /*
   * Spawn.    As many workers are kept alive as `FleetSize` says. A worker that ends is replaced at once; one that ends before it was ready is a failed start: see `StartBackOff`. When
   *           the attempts are used up and the last one that was still starting has failed too, waiting tasks are failed.
   * Change.   `Turnover` replaces workers that serve, because `WearWatch` or the worker itself finds that it is worn, or because a refresh was asked for. `Farewell` ends them.
   * Hand-over. A spare takes the place of a worker that is as good as dead: killed, or without connection. The process of that one is waited for by those only whose tasks it ran.
   * Death.    A worker is buried when its process has exited and its connection has ended, so that all it said has been
   *           heard; connection and output may lag behind by a grace, for a child of the task that holds them.
   * Kill.     Only through `kill`, which notes why; the reason decides how the task fails.
   * Shutdown. RUNNING -> DRAINING: workers are stopped once nothing is pending or active; STOPPED when the last one is
   *           buried. A worker that does not exit when told is terminated after the grace period, then killed.
   */
  enum State {
    RUNNING,
    DRAINING,
    STOPPED
  }

  private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);
  private static final long CONNECTION_LAG_MILLIS = 100;
  private static final long EXIT_LAG_MILLIS = 1_000; // longer: to be killed wrongly is worse
  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final WorkerLauncher launcher;
  private final SegmentPool segments;
  private final WorkerMemory memory;
  private final WorkerLogs logs;
  private final Hook initializer;
  private final ClassServer classes;
  private final byte[] encodedChaos;
  private final Runnable whenStopped;
  private final Map<Integer, Worker> workers = new LinkedHashMap<>();
  private final Dispatcher dispatcher;
  private final StartBackOff starts;
  private final FleetSize size;
  private final Turnover turnover;
  private final WearWatch wear;
  private final Farewell farewell;
  private final Reserve reserve;
  private State state = State.RUNNING;
  private boolean terminating;
  private int nextNumber = 1;
  private int nextToJoin = 1;
  private long spawned;
  private long crashed;
  private long retired;
  private long recycled;

  Fleet(
      PoolOptions options,
      EventLoop loop,
      Events events,
      WorkerLauncher launcher,
      WorkerMemory memory,
      WorkerLogs logs,
      ClassServer classes,
      Path sessionDirectory,
      Hook initializer,
      Hook finalizer,
      Runnable whenStopped) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.launcher = launcher;
    this.memory = memory;
    this.logs = logs;
    this.segments = new SegmentPool(sessionDirectory);
    this.initializer = initializer;
    this.classes = classes;
    this.encodedChaos =
        options.chaos().map(chaos -> TaskEncoder.encode(chaos).toByteArray()).orElse(new byte[0]);
    this.whenStopped = whenStopped;
    Vitals vitals = new Vitals(loop, workers.values());
    CrashMessages messages = new CrashMessages(options, new Autopsy(options, vitals));
    this.dispatcher = new Dispatcher(
        options,
        loop,
        events,
        vitals,
        messages,
        workers.values(),
        this,
        this::isUsable,
        this::proceed,
        this::retryDue);
    this.starts = new StartBackOff(options, loop, this::proceed);
    this.farewell = new Farewell(options, loop, events, finalizer, this);
    this.size =
        new FleetSize(options, loop, workers.values(), dispatcher, farewell::stop, this::proceed);
    this.turnover = new Turnover(this, starts::failureOfRefresh);
    this.wear = new WearWatch(options, loop, workers.values(), this::worn);
    this.reserve = new Reserve(options, loop, this, launcher::classPathStamp);
  }

  Dispatcher dispatcher() {
    return dispatcher;
  }

  // Work from outside.

  void accept(Work work) {
    if (state == State.STOPPED || terminating) {
      dispatcher.rejectLate(work);
      return;
    }
    dispatcher.add(work);
    starts.resume();
  }

  /** Returns the workers that live and have not been told to stop. */
  List<Engine.Target> targets() {
    starts.resume();
    spawnMissing(null);
    List<Engine.Target> targets = new ArrayList<>();
    for (Worker worker : workers.values()) {
      if (worker.kill == null && !worker.isGone()) {
        targets.add(new Engine.Target(worker.name, worker));
      }
    }
    return targets;
  }

  /** Something is to be run again: it counts as work from outside. */
  private void retryDue() {
    starts.resume();
    proceed();
  }

  /** Brings everything up to date after something has happened. */
  void proceed() {
    turnover.proceed();
    dispatcher.dispatch();
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (worker.state == Worker.State.DRAINING && !worker.stopSent) {
        if (!worker.units.isEmpty()) {
          turnover.overlap(worker);
        } else if (!dispatcher.isAwaited(worker)) {
          farewell.stop(worker);
        }
      }
    }
    size.proceed();
    if (spawnMissing(null)) {
      dispatcher.dispatch();
    }
    giveUpIfHopeless();
    if (state == State.DRAINING && dispatcher.isDrained()) {
      stopAll();
    }
  }

  // Spawning.

  /** Has as many workers as there should be; tells whether one is ready at once. */
  private boolean spawnMissing(@Nullable Worker predecessor) {
    Worker replaced = predecessor;
    boolean ready = false;
    if (mayServe()) {
      for (int i = size.alive(); i < size.target(); i++) {
        Worker spare = reserve.take();
        if (spare == null) {
          break;
        }
        join(spare, replaced);
        serve(spare);
        ready = true;
        replaced = null;
      }
    }
    if (mayStart()) {
      for (int i = size.alive(); i < size.target() && !starts.isWaiting(); i++) {
        spawn(replaced);
        replaced = null;
      }
    }
    return ready;
  }

  /** A worker is as good as dead: a spare takes its place now. */
  private void handOver() {
    boolean ready = false;
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (worker.isDying()
          && worker.wasReady
          && !worker.leaving
          && !worker.stopSent
          && mayServe()) {
        Worker spare = reserve.take();
        if (spare == null) {
          break;
        }
        worker.leaving = true;
        join(spare, worker);
        serve(spare);
        ready = true;
      }
    }
    if (ready) {
      dispatcher.dispatch();
    }
  }

  private boolean mayServe() {
    return !terminating
        && (state == State.RUNNING || state == State.DRAINING && dispatcher.hasPending());
  }

  @Override
  public boolean mayStart() {
    return mayServe() && starts.isDue() && (!starts.isOutOfAttempts() || isServing());
  }

  @Override
  public int nextToJoin() {
    return nextToJoin;
  }

  private void spawn(@Nullable Worker predecessor) {
    try {
      join(start(false), predecessor);
    } catch (IOException e) {
      starts.failed(null, "it has no segment: " + e.getMessage(), e);
      turnover.startFailed();
    }
  }

  @Override
  public Worker spawnSpare() throws IOException {
    return start(true);
  }

  private Worker start(boolean spare) throws IOException {
    Worker worker =
        new Worker(nextNumber++, starts.round(), spare, launcher.classPathStamp(), segments.take());
    worker.lifeTimer = loop.schedule(
        () -> startTimedOut(worker), options.startTimeout().toNanos(), TimeUnit.NANOSECONDS);
    launcher.launch(
        worker,
        process -> execute(() -> launched(worker, process)),
        exit -> execute(() -> exited(worker, exit)),
        failure -> execute(() -> launchFailed(worker, failure)),
        () -> execute(() -> outputEnded(worker)));
    return worker;
  }

  /** Counts a worker among those of the pool from now on. */
  private void join(Worker worker, @Nullable Worker predecessor) {
    worker.predecessor = predecessor;
    worker.joined = nextToJoin++;
    workers.put(worker.number, worker);
    spawned++;
  }

  private void launched(Worker worker, Process process) {
    worker.process = process;
    worker.pid = process.pid();
    if (worker.kill != null) {
      process.destroyForcibly();
    }
  }

  /** Does something in the event loop; any thread. */
  void execute(Runnable step) {
    try {
      loop.execute(step);
    } catch (RejectedExecutionException stopped) {
      LOG.debug("{}: an event after the end was dropped", options.name());
    }
  }

  private void launchFailed(Worker worker, Throwable failure) {
    if (worker.problem == null) {
      worker.problem = "its process could not be started: " + failure.getMessage();
      worker.problemCause = failure;
    }
    worker.connectionClosed = true;
    worker.outputEnded = true;
    exited(worker, -1);
  }

  private void startTimedOut(Worker worker) {
    if (worker.state == Worker.State.STARTING && worker.kill == null) {
      String step =
          worker.link == null ? "it has not connected" : "its initializer has not returned";
      worker.problem =
          step + " within the start timeout of " + CrashMessages.seconds(options.startTimeout());
      kill(worker, Worker.Kill.START_FAILED);
    }
  }

  private boolean isServing() {
    for (Worker worker : workers.values()) {
      if (worker.wasReady && worker.state != Worker.State.EXITED && worker.kill == null) {
        return true;
      }
    }
    return false;
  }

  /** Fails what waits once the attempts are used up and no worker is left that could still become ready. */
  private void giveUpIfHopeless() {
    if (starts.isOutOfAttempts() && noneAlive()) {
      starts.suspend();
      dispatcher.failPending(taskId -> starts.failureOf(taskId, state == State.RUNNING));
    }
  }

  private boolean noneAlive() {
    for (Worker worker : workers.values()) {
      if (worker.state != Worker.State.EXITED && worker.kill == null) {
        return false;
      }
    }
    return true;
  }

  // Connections.

  private @Nullable Worker find(int number) {
    Worker worker = workers.get(number);
    return worker != null ? worker : reserve.find(number);
  }

  @Override
  public byte @Nullable [] keyOf(int number) {
    Worker worker = find(number);
    return worker != null
            && worker.state == Worker.State.STARTING
            && worker.link == null
            && worker.kill == null
        ? worker.key
        : null;
  }

  @Override
  public FrameHandler.Receiver admit(int number, Channel channel) {
    Worker worker = find(number);
    if (worker == null || worker.link != null) {
      throw new IllegalStateException("worker " + number + " is not expected");
    }
    worker.link = new RingLink(channel, worker.segment().toWorker());
    worker.link.welcome(
        new ToWorker.Welcome(
            events.isActive(),
            options.recycling().maxHeapBytesAfterGc(),
            logs.level(),
            initializer.origin().reference(),
            encodedChaos,
            options.debugWorkers()),
        initializer.bytes());
    FlightRecordings.connected(worker);
    worker.link.flush();
    return new WorkerEar(this, dispatcher, farewell, logs, classes, worker);
  }

  @Override
  public void refused(int number, String reason) {
    Worker worker = find(number);
    if (worker != null && worker.link == null && worker.kill == null) {
      worker.problem = "its connection was refused: " + reason;
      kill(worker, Worker.Kill.START_FAILED);
    }
  }

  /** A worker says where it listens for a debugger. */
  void listens(Worker worker, int port) throws IOException {
    if (!options.debugWorkers() || port < 1 || port > 65535) {
      throw new IOException("it says that it listens for a debugger at port " + port);
    }
    worker.debugPort = port;
    LOG.info(
        "{}: {} (pid {}) listens for a debugger at 127.0.0.1:{}",
        options.name(),
        worker.name,
        worker.pid,
        port);
    WorkerEvent event = worker.event(options.name());
    events.tell(listener -> listener.workerDebuggable(event, port));
  }

  /** A worker says that it ran out of memory and ends; it is not left to do that for ever. */
  void outOfMemory(Worker worker, String trace) {
    if (worker.outOfMemoryTrace != null) {
      return;
    }
    worker.outOfMemoryTrace = trace;
    loop.schedule(
        () -> {
          Process process = worker.process;
          if (process != null && !worker.processExited) {
            launcher.kill(process);
          }
        },
        options.gracePeriod().toNanos(),
        TimeUnit.NANOSECONDS);
    handOver();
  }

  /** The connection of a worker has ended. */
  void connectionClosed(Worker worker) {
    worker.connectionClosed = true;
    if (!worker.processExited && !worker.stopSent) {
      // A worker without connection is of no use; mostly its exit is on its way.
      loop.schedule(
          () -> {
            if (!worker.processExited && worker.kill == null) {
              worker.problem = "its connection ended while its process lived on";
              kill(worker, Worker.Kill.PROTOCOL);
            }
          },
          options.gracePeriod().toMillis() + EXIT_LAG_MILLIS,
          TimeUnit.MILLISECONDS);
    }
    buryIfGone(worker);
    handOver();
  }

  /** A worker has said that it is ready. */
  void ready(Worker worker) throws IOException {
    if (worker.wasReady) {
      throw new IOException("it said it was ready a second time");
    }
    starts.succeeded();
    worker.wasReady = true;
    worker.startTookNanos = System.nanoTime() - worker.spawnedNanos;
    if (worker.state != Worker.State.STARTING) {
      return; // told to stop in the meantime
    }
    if (reserve.find(worker.number) != null) {
      reserve.ready(worker);
      return;
    }
    worker.cancelLifeTimer();
    worker.enter(Worker.State.READY);
    serve(worker);
  }

  /** A worker begins to serve. */
  private void serve(Worker worker) {
    turnover.ready(worker);
    wear.started(worker);
    if (workersIn(Worker.State.STARTING) == 0) {
      reserve.open(); // not before, so as not to take the CPU from the workers
    }
    WorkerEvent event = worker.event(options.name());
    worker.listenersToldStart = true;
    Flight.workerStarted(event, worker.startTookNanos);
    events.tell(listener -> listener.workerStarted(event));
    Worker old = worker.predecessor;
    worker.predecessor = null;
    if (old != null && old.state == Worker.State.EXITED) {
      tellReplaced(old, event);
    } else if (old != null) {
      old.successor = event;
    }
  }

  private void tellReplaced(Worker old, WorkerEvent successor) {
    WorkerEvent oldEvent = old.event(options.name());
    events.tell(listener -> listener.workerReplaced(oldEvent, successor));
  }

  /** A worker has said that its initializer failed. */
  void initializerFailed(Worker worker, ByteBuffer payload) throws IOException {
    Throwable thrown = Payloads.thrown(payload, initializer);
    worker.problem = "its initializer failed: " + thrown;
    worker.problemCause = thrown;
  }

  /** A worker has said that it is worn. */
  void said(Worker worker, FromWorker.Worn worn) {
    if (reserve.find(worker.number) != null) {
      farewell.stop(worker);
      return;
    }
    if (worn.heapBytesAfterGc() > 0) {
      worn(worker);
      return;
    }
    LOG.warn(
        "{}/{} pid={}: a task has hidden an OutOfMemoryError; the worker is replaced",
        options.name(),
        worker.name,
        worker.pid);
    worker.worn = true;
    worker.recycled = true;
    worker.beginsNoMore = true;
    drain(worker);
  }

  private void worn(Worker worker) {
    turnover.worn(worker);
    proceed();
  }

  // Ends.

  @Override
  public void kill(Worker worker, Worker.Kill reason) {
    if (worker.kill == null) {
      worker.kill = reason;
    }
    Process process = worker.process;
    if (process != null) {
      launcher.kill(process);
    }
    execute(this::handOver); // not now: who kills may be about to change what workers have
  }

  private void exited(Worker worker, int exitValue) {
    worker.processExited = true;
    worker.exitValue = exitValue;
    if (worker.link == null) {
      worker.connectionClosed = true;
    }
    if (!worker.connectionClosed || !worker.outputEnded) {
      loop.schedule(
          () -> {
            worker.connectionClosed = true;
            worker.outputEnded = true;
            buryIfGone(worker);
          },
          CONNECTION_LAG_MILLIS,
          TimeUnit.MILLISECONDS);
    }
    buryIfGone(worker);
    handOver();
  }

  private void outputEnded(Worker worker) {
    worker.outputEnded = true;
    buryIfGone(worker);
  }

  private void buryIfGone(Worker worker) {
    // What a worker says last explains its end, unless the end was ordered.
    boolean saidAll = worker.outputEnded || (worker.kill != null && worker.kill.isExplained());
    if (!worker.processExited
        || !worker.connectionClosed
        || !saidAll
        || worker.state == Worker.State.EXITED) {
      return;
    }
    Worker.State before = worker.state;
    worker.enter(Worker.State.EXITED);
    worker.cancelLifeTimer();
    WearWatch.gone(worker);
    if (worker.link != null) {
      worker.link.close();
    }
    workers.remove(worker.number);
    ThreadDumps.gone(worker);
    FlightRecordings.gone(worker);
    dispatcher.bury(worker, isUsable());
    segments.giveBack(worker.lease());
    if (!reserve.gone(worker, reasonOfEnd(worker))) {
      account(worker, before);
      turnover.gone(worker);
      dropRoom();
    }
    proceed();
    stopIfEmpty();
  }

  private void stopIfEmpty() {
    if (state == State.DRAINING
        && workers.isEmpty()
        && reserve.isEmpty()
        && dispatcher.isDrained()) {
      stopped();
    }
  }

  private static String reasonOfEnd(Worker worker) {
    return worker.problem != null
        ? worker.problem
        : "its process (pid " + worker.pid + ") " + Autopsy.ending(worker)
            + (worker.wasReady ? " while it waited" : " before it was ready");
  }

  private void stopped() {
    state = State.STOPPED;
    size.end();
    wear.end();
    whenStopped.run();
  }

  /** Tells whether the pool takes further tasks. */
  boolean isUsable() {
    return state == State.RUNNING && !terminating;
  }

  private void account(Worker worker, Worker.State before) {
    WorkerEvent event = worker.event(options.name());
    if (before == Worker.State.STARTING && !terminating && !worker.stopSent) {
      starts.failed(worker, reasonOfEnd(worker), worker.problemCause);
      turnover.startFailed();
      note(worker, "NOT_STARTED", reasonOfEnd(worker));
    } else if (worker.stopSent && (worker.kill == null || before == Worker.State.STARTING)) {
      retired++;
      recycled += worker.recycled ? 1 : 0;
      note(worker, "RETIRED", "");
      if (worker.listenersToldStart) {
        events.tell(listener -> listener.workerExited(event, worker.exitValue));
      }
    } else {
      crashed++;
      String reason = worker.kill != null
          ? "killed: " + worker.kill.name().toLowerCase(Locale.ROOT)
          : Autopsy.ending(worker);
      note(worker, "CRASHED", reason);
      if (worker.listenersToldStart) {
        events.tell(listener -> listener.workerCrashed(event, worker.exitValue, reason));
      }
      spawnMissing(worker);
    }
    if (worker.successor != null) {
      tellReplaced(worker, worker.successor);
      reserve.fillSoon();
    }
  }

  private void note(Worker worker, String how, String reason) {
    Flight.workerEnded(
        worker.event(options.name()),
        how,
        reason,
        worker.exitValue,
        System.nanoTime() - worker.spawnedNanos,
        worker.assignedTasks);
  }

  private void stopAll() {
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (!worker.stopSent && worker.kill == null) {
        farewell.stop(worker);
      }
    }
    reserve.close(farewell::stop);
    stopIfEmpty();
  }

  // Change.

  @Override
  public void drain(Worker worker) {
    dispatcher.drain(worker);
  }

  @Override
  public boolean makeRoom() {
    return memory.tryHold(Math.max(size.max(), workers.size() + 1));
  }

  @Override
  public void dropRoom() {
    memory.tryHold(Math.max(size.max(), workers.size()));
  }

  /** Sets the smallest and the largest number of workers; see {@link io.procpool.Pool#resize(int, int)}. */
  void resize(int min, int max) {
    checkRunning();
    int held = Math.max(max, workers.size());
    if (!memory.tryHold(held)) {
      throw new IllegalArgumentException(memory.refusal(held));
    }
    turnover.pause();
    size.resize(min, max);
    proceed();
  }

  /** Replaces all workers one after the other; see {@link io.procpool.Pool#refresh()}. */
  void refresh(CompletableFuture<Void> done) {
    checkRunning();
    reserve.renew();
    turnover.refresh(workers.values(), done);
    proceed();
  }

  private void checkRunning() {
    if (state != State.RUNNING) {
      throw new IllegalStateException("pool \"" + options.name() + "\" is closed");
    }
  }

  @Override
  public void stop(Worker spare) {
    farewell.stop(spare);
  }

  @Override
  public int succeeded() {
    int succeeded = 0;
    for (Worker worker : workers.values()) {
      succeeded += worker.successor != null ? 1 : 0;
    }
    return succeeded;
  }

  // The pool's end.

  void shutdown() {
    if (state == State.RUNNING) {
      state = State.DRAINING;
      turnover.end(options.name());
    }
    proceed();
  }

  List<Work> shutdownNow() {
    if (state == State.STOPPED) {
      return List.of();
    }
    List<Work> never = dispatcher.shutdownNow();
    loop.schedule(this::killBusy, options.gracePeriod().toNanos(), TimeUnit.NANOSECONDS);
    shutdown();
    return never;
  }

  private void killBusy() {
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (!worker.units.isEmpty()) {
        kill(worker, Worker.Kill.TERMINATED);
      }
    }
  }

  void terminate() {
    if (state == State.STOPPED) {
      return;
    }
    terminating = true;
    dispatcher.shutdownNow();
    for (Worker worker : new ArrayList<>(workers.values())) {
      kill(worker, Worker.Kill.TERMINATED);
    }
    reserve.close(spare -> kill(spare, Worker.Kill.TERMINATED));
    shutdown();
  }

  // Counts.

  /** Returns what the workers are doing. */
  List<WorkerSnapshot> views(long now) {
    List<WorkerSnapshot> views = new ArrayList<>();
    workers.values().forEach(worker -> views.add(WorkerView.of(worker, now)));
    return views;
  }

  int workersIn(Worker.State wanted) {
    int count = 0;
    for (Worker worker : workers.values()) {
      count += worker.state == wanted ? 1 : 0;
    }
    return count;
  }

  long spawned() {
    return spawned;
  }

  long crashed() {
    return crashed;
  }

  long retired() {
    return retired;
  }

  long recycled() {
    return recycled;
  }

  /** Returns the worker of this name; null: there is none. */
  @Nullable
  Worker named(String name) {
    for (Worker worker : workers.values()) {
      if (worker.name.equals(name)) {
        return worker;
      }
    }
    return null;
  }

  List<ThreadDumps.Question> askForThreads() {
    return ThreadDumps.ask(workers.values());
  }

  int readySpares() {
    return reserve.ready();
  }

  FleetSize size() {
    return size;
  }
}
