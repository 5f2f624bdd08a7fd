// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.InfrastructureException;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolOptions;
import io.procpool.TaskProgress;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.wire.FromWorker.OverHeap;
import io.procpool.ipc.wire.FromWorker.Results;
import io.procpool.master.flight.Flight;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Decides which items run on which worker. Event loop only, but for {@link #cancelNow} and {@link #isSingleRunning}. */
final class Dispatcher {
  /*
   * Flow.     Work waits in `Pending` as slices of items. A worker with room gets a unit: one item, or as many items of a
   *           map as are measured to take about two milliseconds. A few units may wait inside a worker, so that it need not
   *           wait for the next one.
   * Exactness. Each unit has a slot in the worker's segment. Begin, end, take-back and kill are compare-and-sets on it, so
   *           a unit that was taken back never runs, and a kill because of a timeout never hits another task.
   * Order.    `Pending` says what is next, `Precedence` sees to it that what workers have already does not stand in its way.
   * Parts.    `Units` knows what workers have, `Stealing` takes it from the busy for the idle, `SilenceWatch` from those
   *           that do not begin, `Burial` settles it when they die; `TaskClock` looks after the limits of what runs, `QueueClock` after those
   *           of what waits; `Reports` reports.
   */
  private static final int MAX_BATCHES_PER_WORKER = 2;
  private static final int MAX_BYTES_PER_WORKER = 4 << 20;

  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final Collection<Worker> workers;
  private final KillSwitch killSwitch;
  private final Pending pending;
  private final Reports reports;
  private final TaskClock clock;
  private final Units units;
  private final Stealing stealing;
  private final SilenceWatch silence;
  private final Vitals vitals;
  private final Burial burial;
  private final QueueClock queueClock;
  private final Precedence precedence;
  private final Retries retries;
  private boolean ended;

  Dispatcher(
      PoolOptions options,
      EventLoop loop,
      Events events,
      Vitals vitals,
      CrashMessages messages,
      Collection<Worker> workers,
      KillSwitch killSwitch,
      BooleanSupplier usable,
      Runnable whenExpired,
      Runnable whenDue) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.workers = workers;
    this.vitals = vitals;
    this.killSwitch = killSwitch;
    this.pending = new Pending(workers);
    this.reports = new Reports(options, workers, this::over);
    this.clock = new TaskClock(loop, killSwitch);
    this.units = new Units(pending, clock);
    this.stealing = new Stealing(loop, workers, pending, units, this::dispatch);
    this.silence = new SilenceWatch(options, loop, workers, units, this::dispatch);
    this.retries = new Retries(options, loop, events, pending, whenDue);
    this.burial = new Burial(options, events, messages, pending, units, reports, retries);
    this.queueClock =
        new QueueClock(options, loop, workers, pending, units, reports, usable, whenExpired);
    this.precedence = new Precedence(workers, pending, units);
  }

  Reports reports() {
    return reports;
  }

  Retries retries() {
    return retries;
  }

  SilenceWatch silence() {
    return silence;
  }

  void add(Work work) {
    reports.begin(work);
    if (work.target() instanceof Worker worker && worker.isGone()) {
      reports.lost(work, 0, work.count(), burial.gone(worker, true));
    } else {
      pending.add(work);
      queueClock.add(work);
    }
  }

  private void over(Work work) {
    queueClock.over(work);
  }

  /** Tells whether something waits that only this worker may run, and that it has not been sent; not if it would not run it. */
  boolean isAwaited(Worker worker) {
    return !worker.beginsNoMore && pending.peek(worker) != null;
  }

  boolean hasPending() {
    return !pending.isEmpty();
  }

  /** Tells whether all that was accepted has been reported. */
  boolean isDrained() {
    return pending.isEmpty() && units.tasks() == 0 && retries.waiting() == 0;
  }

  // Handing out.

  /** Gives pending work to workers as far as there is room. */
  void dispatch() {
    queueClock.expire();
    pending.rehouse();
    precedence.prepare();
    assignPending();
    if (!pending.hasCommon() && steal()) {
      assignPending();
    }
    for (Worker worker : workers) {
      if (worker.link != null) {
        worker.link.flush();
      }
    }
    clock.proceed();
  }

  private void assignPending() {
    assignBound(false);
    for (Slice slice = pending.peek(); slice != null; slice = pending.peek()) {
      if (slice.work().isCancelled()) {
        pending.remove();
        reports.cancelled(slice.work(), slice.from(), slice.to());
        continue;
      }
      Worker worker = slice.work().isBound() ? null : roomiest(slice);
      if (worker == null) {
        break;
      }
      pending.remove();
      send(worker, slice);
      assignBound(false);
    }
    assignBound(true);
  }

  /**
   * Gives workers what only they may run.
   *
   * @param all whether that is to be done even where something else, which nobody can run now, is to go before
   */
  private void assignBound(boolean all) {
    if (!pending.hasBound()) {
      return;
    }
    for (Worker worker : workers) {
      for (Slice slice = pending.peek(worker); slice != null; slice = pending.peek(worker)) {
        if (slice.work().isCancelled()) {
          pending.remove(worker);
          reports.cancelled(slice.work(), slice.from(), slice.to());
          continue;
        }
        if (!worker.takesBoundUnits()
            || !hasRoom(worker, maxUnits(slice))
            || !(all || pending.isBoundNext(worker))
            || (slice.work().target() == null && !worker.takesUnits())
            || (slice.work().hasKey() && mayComeAgain(worker))) {
          break;
        }
        pending.remove(worker);
        send(worker, slice);
      }
    }
  }

  /** Tells whether something with a key may be run again before what comes after it, though its worker lives on: then nothing is sent after it. */
  private static boolean mayComeAgain(Worker worker) {
    for (Unit unit : worker.units) {
      if (unit.work.hasKey() && unit.work.isRetriedAfterInterrupt()) {
        return true;
      }
    }
    return false;
  }

  private @Nullable Worker roomiest(Slice slice) {
    Worker best = null;
    int maxUnits = maxUnits(slice);
    for (Worker worker : workers) {
      if (!worker.takesUnits() || !hasRoom(worker, maxUnits)) {
        continue;
      }
      if (worker.isIdle()) {
        return worker;
      }
      if (best == null || worker.units.size() < best.units.size()) {
        best = worker;
      }
    }
    return best;
  }

  private int maxUnits(Slice slice) {
    if (precedence.isStrict()) {
      return 1;
    }
    boolean batch = slice.work().count() > 1 && slice.work().itemTime().batch() > 1;
    return batch
        ? Math.min(MAX_BATCHES_PER_WORKER, 1 + options.prefetch())
        : 1 + options.prefetch();
  }

  private static boolean hasRoom(Worker worker, int maxUnits) {
    return worker.units.size() < maxUnits && worker.bytesInFlight <= MAX_BYTES_PER_WORKER;
  }

  /** Sends as much of a slice as is a unit; the rest waits on. */
  private void send(Worker worker, Slice slice) {
    int to = slice.from() + unitSize(slice, worker);
    if (to < slice.to()) {
      pending.putBack(new Slice(slice.work(), to, slice.to()));
    }
    send(worker, slice, to);
  }

  private int unitSize(Slice slice, Worker worker) {
    Work work = slice.work();
    if (work.hasKey() && work.isRetriedAfterInterrupt()) {
      return 1;
    }
    int wanted = work.chunkSize() > 0 ? work.chunkSize() : work.itemTime().batch();
    if (work.chunkSize() == 0) {
      // Towards the end of a map everybody gets a share.
      wanted = Math.min(wanted, Math.max(1, slice.count() / (2 * options.workers())));
    }
    if (options.recycling().maxTasks() > 0) {
      // One more than that only if nobody else may run it.
      wanted = Math.min(wanted, Math.max(1, options.recycling().maxTasks() - worker.assignedTasks));
    }
    int encodedTogether = ((EncodedInputs) work.inputs()).part(slice.from()).end() - slice.from();
    return Math.min(
        Math.min(wanted, WorkerSegment.MAX_ITEMS), Math.min(slice.count(), encodedTogether));
  }

  private void send(Worker worker, Slice slice, int to) {
    Work work = slice.work();
    int from = slice.from();
    EncodedInputs inputs = (EncodedInputs) work.inputs();
    int bytes = inputs.part(from).bytes(from, to);
    Unit unit = new Unit(worker, worker.nextSeq(), work, from, to, bytes, slice.refusals());
    units.add(unit);
    work.placement(unit);
    if (work.isCancelled() && worker.segment().revoke(unit.seq)) {
      // Cancelled just now: whoever cancels sees the placement, or this sees the cancellation.
      units.removeRevoked(unit);
      reports.cancelled(work, from, to);
      return;
    }
    EncodedFunction function = inputs.encodedFunction();
    worker.link().run(unit, !function.isKeptFor(work) || worker.needs(function));
    if (worker.units.size() == 1) {
      worker.enter(Worker.State.BUSY);
      clock.head(worker);
      silence.watch();
      vitals.watch();
    }
    if (isUsedUp(worker)) {
      worker.enter(Worker.State.DRAINING);
      worker.recycled = true;
    }
  }

  /** Tells whether a worker has got all the tasks that it may run. */
  boolean isUsedUp(Worker worker) {
    int maxTasks = options.recycling().maxTasks();
    return maxTasks > 0 && worker.assignedTasks >= maxTasks;
  }

  /** Gives a worker nothing further, and takes back what it has not begun. */
  void drain(Worker worker) {
    if (worker.state == Worker.State.READY || worker.state == Worker.State.BUSY) {
      worker.enter(Worker.State.DRAINING);
    }
    List<Unit> latestFirst = new ArrayList<>(worker.units);
    Collections.reverse(latestFirst);
    for (Unit unit : latestFirst) {
      if (!units.takeBack(unit)) {
        int kept = worker.segment().truncate(unit.seq, 0);
        if (kept >= 0) {
          pending.putBack(units.cut(unit, unit.from + kept));
        }
      }
    }
  }

  /** Takes work from the busy for the idle; true if there is something to hand out now. */
  private boolean steal() {
    boolean stolen = false;
    for (Worker idle : workers) {
      if (idle.isIdle()) {
        if (!stealing.steal()) {
          return stolen;
        }
        stolen = true;
        assignPending();
      }
    }
    return stolen;
  }

  // What workers say.

  /**
   * Removes units at the head that were cancelled before they began: the worker passes over them, and what it says next may
   * arrive before the cancellation does.
   */
  private void dropCancelledHeads(Worker worker, int seq) {
    for (Unit unit = worker.units.peek();
        unit != null
            && unit.seq != seq
            && unit.work.isCancelled()
            && worker.segment().state(unit.seq) == UnitState.REVOKED;
        unit = worker.units.peek()) {
      units.removeRevoked(unit);
      reports.cancelled(unit.work, unit.received, unit.to);
    }
  }

  void started(Worker worker, int seq) throws IOException {
    dropCancelledHeads(worker, seq);
    Unit unit = worker.units.peek();
    if (unit == null || unit.seq != seq) {
      throw new IOException("it began unit " + seq + ", which is not its next one");
    }
    unit.listenersToldStart = true;
    TaskEvent event = event(unit);
    events.tell(listener -> listener.taskStarted(event));
  }

  void results(Worker worker, Results results, ByteBuffer outcomes, boolean usable)
      throws IOException {
    dropCancelledHeads(worker, results.seq());
    Unit unit = worker.units.peek();
    int end = results.first() + results.count();
    if (unit == null
        || unit.seq != results.seq()
        || unit.received != results.first()
        || results.count() < 0
        || results.count() > unit.to - unit.received
        || (results.last() && end != unit.to)) {
      throw new IOException("it sent results of unit " + results.seq() + ", items "
          + results.first() + " to " + end + ", which were not expected");
    }
    unit.received = end;
    Overrun overrun =
        results.overdue() && results.count() > 0 ? TaskClock.overrun(worker, unit, end - 1) : null;
    if (results.last()) {
      if (results.runNanos() > 0) {
        unit.work.itemTime().measured(unit.to - unit.from, results.runNanos());
      }
      if (unit.flight != null) {
        Flight.taskEnded(
            unit.flight,
            unit.work.flight(unit.from, unit.to - unit.from),
            worker.event(options.name()),
            results.failed(),
            results.runNanos());
      }
      if (unit.listenersToldStart && (overrun == null || unit.to - unit.from > 1)) {
        tellFinished(unit, results);
      }
      pending.ended(unit, results.runNanos());
      units.ended(worker, unit);
    }
    if (results.count() > 0) {
      units.over(results.count());
      if (overrun != null) {
        overdue(unit, results, outcomes, overrun, usable);
      } else {
        reports.completed(
            unit.work,
            new EncodedBlock(unit.work, worker.name, results.first(), results.count(), outcomes));
      }
    }
  }

  /** The last of some items ended with an exception because of a limit: it is run again or has failed. */
  private void overdue(
      Unit unit, Results results, ByteBuffer outcomes, Overrun overrun, boolean usable) {
    Work work = unit.work;
    int item = results.first() + results.count() - 1;
    LostAttempt attempt = LimitFailures.interrupted(overrun, work, item, null);
    boolean again = !ended && retries.retry(unit, item, attempt);
    int count = again ? results.count() - 1 : results.count();
    Fate fate = again ? null : Attempts.last(work, item, attempt, usable);
    EncodedBlock block = new EncodedBlock(
        work, unit.worker.name, results.first(), count, outcomes, again ? null : overrun, fate);
    if (fate != null) {
      tellLost(unit, item, attempt, fate);
      reports.completedButLast(work, block);
    } else if (count > 0) {
      reports.completed(work, block);
    }
  }

  /** Tells that an item failed because of a limit; what it ended with itself is not decoded for that. */
  private void tellLost(Unit unit, int item, LostAttempt attempt, Fate fate) {
    if (events.isActive() || Flight.isOn()) {
      long taskId = unit.work.taskId(item);
      InfrastructureException failure = attempt.exception(fate);
      Flight.taskLost(options.name(), taskId, unit.work.name(), failure);
      TaskEvent event = new TaskEvent(taskId, unit.work.name(), unit.worker.event(options.name()));
      events.tell(listener -> listener.taskLost(event, failure));
    }
  }

  void overHeap(Worker worker, OverHeap message) {
    clock.overHeap(worker, message);
  }

  private void tellFinished(Unit unit, Results results) {
    TaskEvent event = event(unit);
    boolean success = results.failed() == 0;
    Duration runTime = Duration.ofNanos(results.runNanos());
    events.tell(listener -> listener.taskFinished(event, success, runTime));
  }

  private TaskEvent event(Unit unit) {
    return new TaskEvent(
        unit.work.taskId(unit.from), unit.work.name(), unit.worker.event(options.name()));
  }

  // Cancelling.

  /**
   * Prevents a single task from starting if it has not, in the calling thread; any thread. The rest of a cancellation goes
   * through the event loop.
   */
  static void cancelNow(Work work) {
    if (work.count() == 1 && work.placement() instanceof Unit unit) {
      unit.segment.revoke(unit.seq);
    }
  }

  /** Tells whether a work of one item is being run; any thread. */
  static boolean isSingleRunning(Work work) {
    return work.placement() instanceof Unit unit && unit.segment.state(unit.seq).isRunning();
  }

  /** Returns what a work of one item, which runs, has said of its progress; any thread. */
  static Optional<TaskProgress> progress(Work work) {
    return work.placement() instanceof Unit unit ? unit.progress() : Optional.empty();
  }

  /** Tells whether some items of a work are being run. */
  boolean isRunning(Work work) {
    for (Worker worker : workers) {
      Unit unit = worker.units.peek();
      if (unit != null && unit.work == work && worker.segment().state(unit.seq).isRunning()) {
        return true;
      }
    }
    return false;
  }

  void cancel(Work work, boolean interrupt) {
    for (Slice slice : retries.removeAll(work)) {
      reports.cancelled(work, slice.from(), slice.to());
    }
    for (Slice slice : pending.removeAll(work)) {
      reports.cancelled(work, slice.from(), slice.to());
    }
    for (Worker worker : workers) {
      for (Unit unit : new ArrayList<>(worker.units)) {
        if (unit.work == work) {
          cancel(worker, unit, interrupt);
        }
      }
    }
  }

  private void cancel(Worker worker, Unit unit, boolean interrupt) {
    WorkerSegment segment = worker.segment();
    if (segment.revoke(unit.seq) || segment.state(unit.seq) == UnitState.REVOKED) {
      units.removeRevoked(unit);
      reports.cancelled(unit.work, unit.received, unit.to);
      return;
    }
    int kept = segment.truncate(unit.seq, 0);
    if (kept >= 0) {
      Slice rest = units.cut(unit, unit.from + kept);
      reports.cancelled(unit.work, rest.from(), rest.to());
    }
    if (interrupt && worker.link != null) {
      worker.link.interrupt(unit.seq);
      int item = segment.begun(unit.seq) - 1;
      loop.schedule(
          () -> {
            if (worker.units.contains(unit)
                && worker.kill == null
                && segment.kill(unit.seq, item)) {
              killSwitch.kill(worker, Worker.Kill.CANCELLED);
            }
          },
          options.gracePeriod().toNanos(),
          TimeUnit.NANOSECONDS);
    }
  }

  // Failing what is left.

  /** Fails everything that has not been handed to a worker. */
  void failPending(Function<Long, InfrastructureException> failure) {
    failPending((work, item) -> failure.apply(work.taskId(item)));
  }

  private void failPending(BiFunction<Work, Integer, InfrastructureException> failure) {
    for (Slice slice : pending.removeAll()) {
      reports.lost(slice.work(), slice.from(), slice.to(), failure);
    }
  }

  /** Fails what has not begun, interrupts the rest; returns the work of which nothing has begun. */
  List<Work> shutdownNow() {
    ended = true;
    for (Worker worker : workers) {
      for (Unit unit : new ArrayList<>(worker.units)) {
        if (!units.takeBack(unit)) {
          int kept = worker.segment().truncate(unit.seq, 0);
          if (kept >= 0) {
            pending.putBack(units.cut(unit, unit.from + kept));
          }
          if (worker.link != null) {
            worker.link.interrupt(unit.seq);
            worker.link.flush();
          }
        }
      }
    }
    List<Work> never = pending.untouched();
    for (Slice slice : retries.removeAll()) {
      reports.lost(slice.work(), slice.from(), slice.to(), this::poolEnded);
    }
    failPending(this::poolEnded);
    return never;
  }

  private InfrastructureException poolEnded(Work work, int item) {
    return NotRun.poolEnded(options, work, item);
  }

  void rejectLate(Work work) {
    reports.begin(work);
    reports.lost(work, 0, work.count(), this::poolEnded);
  }

  /** Settles what a dead worker had been given; its process must be gone. */
  void bury(Worker worker, boolean poolUsable) {
    clock.gone(worker);
    burial.bury(worker, poolUsable, ended);
    if (ended) {
      failPending(this::poolEnded);
    }
  }

  long pendingTasks() {
    return pending.tasks();
  }

  long oldestWaitNanos(long now) {
    return pending.oldestWaitNanos(now);
  }

  long activeTasks() {
    return units.tasks();
  }
}
