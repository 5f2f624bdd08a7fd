// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.WorkerStartException;
import io.procpool.ipc.FrameRing;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ThrowableCodec;
import io.procpool.ipc.wire.FromWorker;
import io.procpool.master.pool.Engine;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Spawns, replaces, retires and kills the workers of a pool. Event loop only. */
final class Fleet implements HandshakeHandler.Gate, KillSwitch {
  /*
   * Spawn.    `options.workers()` workers are kept alive. A worker that ends is replaced at once; one that ends before it
   *           was ready is a failed start: the next try waits longer each time. After `maxStartAttempts` rounds in a row
   *           nothing more is spawned unless a worker serves; when the last one that was still starting has failed too,
   *           waiting tasks are failed, and the next submission begins anew.
   * Death.    A worker is buried when its process has exited and its connection has ended, so that all it said has been
   *           heard; connection and standard error may lag behind by a grace, for a child of the task that holds them.
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
  private static final long FIRST_BACK_OFF_MILLIS = 100;
  private static final long MAX_BACK_OFF_MILLIS = 5_000;
  private static final long CONNECTION_LAG_MILLIS = 100;
  private static final Set<Worker.@Nullable Kill> EXPLAINED =
      Collections.unmodifiableSet(EnumSet.of(
          Worker.Kill.TIMEOUT,
          Worker.Kill.STALLED,
          Worker.Kill.MEMORY,
          Worker.Kill.CANCELLED,
          Worker.Kill.TERMINATED));

  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final CrashMessages messages;
  private final WorkerLauncher launcher;
  private final SegmentPool segments;
  private final byte[] initializer;
  private final Runnable whenStopped;
  private final Map<Integer, Worker> workers = new LinkedHashMap<>();
  private final Dispatcher dispatcher;
  private State state = State.RUNNING;
  private boolean terminating;
  private int nextNumber = 1;
  private int round;
  private int failedRounds;
  private @Nullable Future<?> backOff; // until it has run nothing is spawned
  private @Nullable StartFailure lastStartFailure;
  private boolean suspended;
  private long spawned;
  private long crashed;
  private long retired;

  Fleet(
      PoolOptions options,
      EventLoop loop,
      Events events,
      WorkerLauncher launcher,
      Path sessionDirectory,
      byte[] initializer,
      Runnable whenStopped) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.messages = new CrashMessages(options);
    this.launcher = launcher;
    this.segments = new SegmentPool(sessionDirectory);
    this.initializer = initializer;
    this.whenStopped = whenStopped;
    this.dispatcher = new Dispatcher(
        options, loop, events, messages, workers.values(), this, this::isUsable, this::proceed);
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
    tryAgain();
  }

  private void tryAgain() {
    if (suspended) {
      suspended = false;
      failedRounds = 0;
    }
  }

  /** Returns the workers that live and have not been told to stop. */
  List<Engine.Target> targets() {
    tryAgain();
    spawnMissing(null);
    List<Engine.Target> targets = new ArrayList<>();
    for (Worker worker : workers.values()) {
      if (worker.kill == null && !worker.isGone()) {
        targets.add(new Engine.Target(worker.name, worker));
      }
    }
    return targets;
  }

  /** Brings everything up to date after something has happened. */
  void proceed() {
    dispatcher.dispatch();
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (worker.state == Worker.State.DRAINING
          && worker.units.isEmpty()
          && !worker.stopSent
          && !dispatcher.isAwaited(worker)) {
        stop(worker);
      }
    }
    spawnMissing(null);
    giveUpIfHopeless();
    if (state == State.DRAINING && dispatcher.isDrained()) {
      stopAll();
    }
  }

  // Spawning.

  private void spawnMissing(@Nullable Worker predecessor) {
    if (suspended
        || backOff != null
        || terminating
        || state == State.STOPPED
        || (isOutOfAttempts() && !isServing())) {
      return;
    }
    int wanted = state == State.RUNNING || dispatcher.hasPending() ? options.workers() : 0;
    int alive = 0;
    for (Worker worker : workers.values()) {
      alive += worker.stopSent ? 0 : 1;
    }
    Worker replaced = predecessor;
    for (int i = alive; i < wanted && backOff == null; i++) {
      spawn(replaced);
      replaced = null;
    }
  }

  private void spawn(@Nullable Worker predecessor) {
    SegmentPool.Lease lease;
    try {
      lease = segments.take();
    } catch (IOException e) {
      startFailed(null, "it has no segment: " + e.getMessage(), e);
      return;
    }
    Worker worker = new Worker(nextNumber++, round, lease);
    worker.predecessor = predecessor;
    workers.put(worker.number, worker);
    spawned++;
    worker.lifeTimer = loop.schedule(
        () -> startTimedOut(worker), options.startTimeout().toNanos(), TimeUnit.NANOSECONDS);
    launcher.launch(
        worker,
        process -> execute(() -> launched(worker, process)),
        exit -> execute(() -> exited(worker, exit)),
        failure -> execute(() -> launchFailed(worker, failure)),
        () -> execute(() -> stderrEnded(worker)));
  }

  private void launched(Worker worker, Process process) {
    worker.process = process;
    worker.pid = process.pid();
    if (worker.kill != null) {
      process.destroyForcibly();
    }
  }

  private void execute(Runnable step) {
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
    worker.stderrEnded = true;
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

  private void startFailed(@Nullable Worker worker, String reason, @Nullable Throwable cause) {
    int failedRound = worker == null ? round : worker.round;
    String tail = worker == null ? "" : worker.stderr.text();
    LOG.warn(
        "{}: {} could not start: {}",
        options.name(),
        worker == null ? "a worker" : worker.name,
        reason);
    lastStartFailure = new StartFailure(reason, tail, cause);
    if (failedRound == round) { // else another one of the same round has been counted
      round++;
      failedRounds++;
      long millis =
          Math.min(MAX_BACK_OFF_MILLIS, FIRST_BACK_OFF_MILLIS << Math.min(10, failedRounds - 1));
      cancelBackOff();
      backOff = loop.schedule(
          () -> {
            backOff = null;
            proceed();
          },
          millis,
          TimeUnit.MILLISECONDS);
    }
  }

  private record StartFailure(
      String reason, String tail, @Nullable Throwable cause) {}

  private void cancelBackOff() {
    if (backOff != null) {
      backOff.cancel(false);
      backOff = null;
    }
  }

  private boolean isOutOfAttempts() {
    return failedRounds >= options.maxStartAttempts();
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
    StartFailure last = lastStartFailure;
    if (last == null || !isOutOfAttempts() || !noneAlive()) {
      return;
    }
    suspended = true;
    cancelBackOff();
    int attempts = failedRounds;
    dispatcher.failPending(taskId -> {
      WorkerStartException exception = new WorkerStartException(
          startFailureMessage(taskId, attempts, last.reason(), last.tail()),
          taskId,
          state == State.RUNNING,
          attempts,
          last.tail());
      if (last.cause() != null) {
        exception.initCause(last.cause());
      }
      return exception;
    });
  }

  private boolean noneAlive() {
    for (Worker worker : workers.values()) {
      if (worker.state != Worker.State.EXITED && worker.kill == null) {
        return false;
      }
    }
    return true;
  }

  private String startFailureMessage(long taskId, int attempts, String reason, String tail) {
    StringBuilder message =
        new StringBuilder("no worker of pool \"" + options.name() + "\" could be started in "
            + attempts + " attempts; task " + taskId + " never started\n  last attempt: " + reason
            + "\n  the next submission tries again");
    CrashMessages.appendTail(message, tail);
    return message.toString();
  }

  // Connections.

  @Override
  public byte @Nullable [] keyOf(int number) {
    Worker worker = workers.get(number);
    return worker != null
            && worker.state == Worker.State.STARTING
            && worker.link == null
            && worker.kill == null
        ? worker.key
        : null;
  }

  @Override
  public FrameHandler.Receiver admit(int number, Channel channel) {
    Worker worker = workers.get(number);
    if (worker == null || worker.link != null) {
      throw new IllegalStateException("worker " + number + " is not expected");
    }
    worker.link = new RingLink(channel, worker.segment().toWorker());
    worker.link.welcome(initializer, events.isActive());
    worker.link.flush();
    return new Ear(worker);
  }

  @Override
  public void refused(int number, String reason) {
    Worker worker = workers.get(number);
    if (worker != null && worker.link == null && worker.kill == null) {
      worker.problem = "its connection was refused: " + reason;
      kill(worker, Worker.Kill.START_FAILED);
    }
  }

  /** Hears one worker. */
  private final class Ear implements FrameHandler.Receiver {
    private final Worker worker;

    Ear(Worker worker) {
      this.worker = worker;
    }

    @Override
    public void received(FromWorker message, ByteBuffer payload) throws IOException {
      if (message instanceof FromWorker.Results results) {
        dispatcher.results(worker, results, payload, isUsable());
      } else if (message instanceof FromWorker.Started started) {
        dispatcher.started(worker, started.seq());
      } else if (message instanceof FromWorker.Ready) {
        ready(worker);
      } else if (message instanceof FromWorker.Pong pong) {
        dispatcher.silence().answered(worker, pong.number());
      } else if (message instanceof FromWorker.OverHeap overHeap) {
        dispatcher.overHeap(worker, overHeap);
      } else if (message instanceof FromWorker.StartFailed) {
        initializerFailed(worker, payload);
      } else if (message instanceof FromWorker.OutOfMemory) {
        worker.outOfMemoryTrace = StandardCharsets.UTF_8.decode(payload).toString();
      }
    }

    @Override
    public WorkerLink link() {
      return worker.link();
    }

    @Override
    public FrameRing ring() {
      return worker.segment().toMaster();
    }

    @Override
    public void receivedAll() {
      link().goOn();
      proceed();
    }

    @Override
    public void broken(Throwable failure) {
      if (worker.kill == null && !worker.processExited) {
        worker.problem = String.valueOf(failure.getMessage());
        kill(worker, Worker.Kill.PROTOCOL);
      }
    }

    @Override
    public void closed() {
      worker.connectionClosed = true;
      if (!worker.processExited && !worker.stopSent) {
        // A worker without connection is of no use; mostly its exit is on its way.
        loop.schedule(
            () -> {
              if (!worker.processExited) {
                worker.problem = "its connection ended while its process lived on";
                kill(worker, Worker.Kill.PROTOCOL);
              }
            },
            options.gracePeriod().toMillis() + CONNECTION_LAG_MILLIS,
            TimeUnit.MILLISECONDS);
      }
      buryIfGone(worker);
    }
  }

  private void ready(Worker worker) throws IOException {
    if (worker.wasReady) {
      throw new IOException("it said it was ready a second time");
    }
    failedRounds = 0;
    worker.wasReady = true;
    if (worker.state != Worker.State.STARTING) {
      return; // told to stop in the meantime
    }
    cancelLifeTimer(worker);
    worker.state = Worker.State.READY;
    WorkerEvent event = worker.event(options.name());
    worker.listenersToldStart = true;
    events.tell(listener -> listener.workerStarted(event));
    Worker old = worker.predecessor;
    worker.predecessor = null;
    if (old != null) {
      WorkerEvent oldEvent = old.event(options.name());
      events.tell(listener -> listener.workerReplaced(oldEvent, event));
    }
  }

  private void initializerFailed(Worker worker, ByteBuffer payload) throws IOException {
    Throwable thrown =
        ThrowableCodec.read(new PayloadReader(payload), Fleet.class.getClassLoader(), null);
    worker.problem = "its initializer failed: " + thrown;
    worker.problemCause = thrown;
  }

  private static void cancelLifeTimer(Worker worker) {
    if (worker.lifeTimer != null) {
      worker.lifeTimer.cancel(false);
      worker.lifeTimer = null;
    }
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
  }

  private void exited(Worker worker, int exitValue) {
    worker.processExited = true;
    worker.exitValue = exitValue;
    if (worker.link == null) {
      worker.connectionClosed = true;
    }
    if (!worker.connectionClosed || !worker.stderrEnded) {
      loop.schedule(
          () -> {
            worker.connectionClosed = true;
            worker.stderrEnded = true;
            buryIfGone(worker);
          },
          CONNECTION_LAG_MILLIS,
          TimeUnit.MILLISECONDS);
    }
    buryIfGone(worker);
  }

  private void stderrEnded(Worker worker) {
    worker.stderrEnded = true;
    buryIfGone(worker);
  }

  private void buryIfGone(Worker worker) {
    // What a worker says last explains its end, unless the end was ordered.
    boolean saidAll = worker.stderrEnded || EXPLAINED.contains(worker.kill);
    if (!worker.processExited
        || !worker.connectionClosed
        || !saidAll
        || worker.state == Worker.State.EXITED) {
      return;
    }
    Worker.State before = worker.state;
    worker.state = Worker.State.EXITED;
    cancelLifeTimer(worker);
    if (worker.link != null) {
      worker.link.close();
    }
    workers.remove(worker.number);
    dispatcher.bury(worker, isUsable());
    segments.giveBack(worker.lease());
    account(worker, before);
    proceed();
    if (state == State.DRAINING && workers.isEmpty() && dispatcher.isDrained()) {
      state = State.STOPPED;
      whenStopped.run();
    }
  }

  private boolean isUsable() {
    return state == State.RUNNING && !terminating;
  }

  private void account(Worker worker, Worker.State before) {
    WorkerEvent event = worker.event(options.name());
    if (before == Worker.State.STARTING && !terminating && !worker.stopSent) {
      String reason = worker.problem != null
          ? worker.problem
          : "its process (pid " + worker.pid + ") " + CrashMessages.ending(worker)
              + " before it was ready";
      startFailed(worker, reason, worker.problemCause);
    } else if (worker.stopSent && (worker.kill == null || before == Worker.State.STARTING)) {
      retired++;
      if (worker.listenersToldStart) {
        events.tell(listener -> listener.workerExited(event, worker.exitValue));
      }
    } else {
      crashed++;
      String reason = worker.kill != null
          ? "killed: " + worker.kill.name().toLowerCase(Locale.ROOT)
          : CrashMessages.ending(worker);
      if (worker.listenersToldStart) {
        events.tell(listener -> listener.workerCrashed(event, worker.exitValue, reason));
      }
      spawnMissing(worker);
    }
  }

  private void stop(Worker worker) {
    worker.stopSent = true;
    if (worker.link == null) {
      kill(worker, Worker.Kill.TERMINATED);
      return;
    }
    worker.state = Worker.State.DRAINING;
    cancelLifeTimer(worker);
    worker.link.stop();
    worker.link.flush();
    long grace = options.gracePeriod().toNanos();
    worker.lifeTimer = loop.schedule(
        () -> {
          if (worker.process != null) {
            worker.process.destroy();
          }
          worker.lifeTimer = loop.schedule(
              () -> kill(worker, Worker.Kill.NOT_STOPPED), grace, TimeUnit.NANOSECONDS);
        },
        grace,
        TimeUnit.NANOSECONDS);
  }

  private void stopAll() {
    for (Worker worker : new ArrayList<>(workers.values())) {
      if (!worker.stopSent && worker.kill == null) {
        stop(worker);
      }
    }
    if (workers.isEmpty() && state == State.DRAINING) {
      state = State.STOPPED;
      whenStopped.run();
    }
  }

  // The pool's end.

  void shutdown() {
    if (state == State.RUNNING) {
      state = State.DRAINING;
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
    shutdown();
  }

  // Counts.

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
}
