// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolOptions;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.ipc.wire.FromWorker.Results;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides which items run on which worker. Event loop only, but for {@link #cancelNow} and {@link #isSingleRunning}. */
final class Dispatcher {
  /*
   * Flow.     Work waits in `pending` as slices of items. A worker with room gets a unit: one item, or as many items of a
   *           map as are measured to take about two milliseconds. A few units may wait inside a worker, so that it need not
   *           wait for the next one.
   * Exactness. Each unit has a slot in the worker's segment. Begin, end, take-back and kill are compare-and-sets on it, so
   *           a unit that was taken back never runs, and a kill because of a timeout never hits another task.
   * Stealing. When a worker has nothing to do and nothing is pending, units that wait elsewhere are taken back, or the rest
   *           of a running batch, unless what runs there has only just begun: short tasks are soon over anyway.
   * Silence.  A worker that does not begin its next unit, because somebody has stopped it or the machine is out of memory,
   *           must not hold tasks that others could run: they are taken back, and it gets no more until it answers a ping.
   * Death.    The segment outlives the worker. What had not begun goes back to the front of `pending`; outcomes that had
   *           been published but not sent are reported; the item that ran fails. What several workers in a row could not
   *           even begin, arguments larger than their heap say, fails too.
   */
  private static final int MAX_BATCHES_PER_WORKER = 2;
  private static final int MAX_BYTES_PER_WORKER = 4 << 20;
  private static final long PATIENCE_NANOS = 300_000;
  private static final long MIN_TIMER_NANOS = 100_000;
  private static final long SILENCE_MILLIS = 1000;
  private static final int MAX_REFUSALS = 3;

  private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final CrashMessages messages;
  private final Collection<Worker> workers;
  private final KillSwitch killSwitch;
  private final ArrayDeque<Slice> pending = new ArrayDeque<>();
  private long pendingTasks;
  private long activeTasks;
  private boolean stealLater;
  private boolean ended;
  private boolean watchingHeads;
  private long pings;
  private volatile long completed;
  private volatile long lost;
  private volatile long cancelled;

  /** Kills a worker's process; its end is reported as any other. */
  interface KillSwitch {
    void kill(Worker worker, Worker.Kill reason);
  }

  Dispatcher(
      PoolOptions options,
      EventLoop loop,
      Events events,
      CrashMessages messages,
      Collection<Worker> workers,
      KillSwitch killSwitch) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.messages = messages;
    this.workers = workers;
    this.killSwitch = killSwitch;
  }

  void add(Work work) {
    begin(work);
    pending.addLast(new Slice(work, 0, work.count()));
    pendingTasks += work.count();
  }

  boolean hasPending() {
    return !pending.isEmpty();
  }

  /** Tells whether all that was accepted has been reported. */
  boolean isDrained() {
    return pending.isEmpty() && activeTasks == 0;
  }

  // Handing out.

  /** Gives pending work to workers as far as there is room. */
  void dispatch() {
    assignPending();
    if (pending.isEmpty() && steal()) {
      assignPending();
    }
    for (Worker worker : workers) {
      if (worker.link != null) {
        worker.link.flush();
      }
    }
  }

  private void assignPending() {
    while (!pending.isEmpty()) {
      Slice slice = pending.element();
      if (slice.work().isCancelled()) {
        pending.remove();
        pendingTasks -= slice.count();
        reportCancelled(slice.work(), slice.from(), slice.to());
        continue;
      }
      Worker worker = roomiest(slice);
      if (worker == null) {
        return;
      }
      pending.remove();
      int to = slice.from() + unitSize(slice, worker);
      if (to < slice.to()) {
        pending.addFirst(new Slice(slice.work(), to, slice.to()));
      }
      send(worker, slice, to);
    }
  }

  private @Nullable Worker roomiest(Slice slice) {
    Worker best = null;
    boolean batch = slice.work().count() > 1 && slice.work().itemTime().batch() > 1;
    int maxUnits =
        batch ? Math.min(MAX_BATCHES_PER_WORKER, 1 + options.prefetch()) : 1 + options.prefetch();
    for (Worker worker : workers) {
      if (!worker.takesUnits() || worker.units.size() >= maxUnits) {
        continue;
      }
      if (worker.bytesInFlight > MAX_BYTES_PER_WORKER) {
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

  private int unitSize(Slice slice, Worker worker) {
    Work work = slice.work();
    int wanted = work.chunkSize() > 0 ? work.chunkSize() : work.itemTime().batch();
    if (work.chunkSize() == 0) {
      // Towards the end of a map everybody gets a share.
      wanted = Math.min(wanted, Math.max(1, slice.count() / (2 * options.workers())));
    }
    if (options.maxTasksPerWorker() > 0) {
      wanted = Math.min(wanted, options.maxTasksPerWorker() - worker.assignedTasks);
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
    int count = to - from;
    pendingTasks -= count;
    activeTasks += count;
    worker.units.add(unit);
    worker.assignedTasks += count;
    worker.bytesInFlight += unit.bytes;
    worker.segment().offer(unit.seq, count);
    work.placement(unit);
    if (work.isCancelled() && worker.segment().revoke(unit.seq)) {
      // Cancelled just now: whoever cancels sees the placement, or this sees the cancellation.
      removeRevoked(worker, unit);
      reportCancelled(work, from, to);
      return;
    }
    EncodedFunction function = inputs.encodedFunction();
    worker.link().run(unit, !function.isKeptFor(work) || worker.needs(function));
    if (worker.units.size() == 1) {
      worker.state = Worker.State.BUSY;
      head(worker);
      watchHeads();
    }
    if (options.maxTasksPerWorker() > 0 && worker.assignedTasks >= options.maxTasksPerWorker()) {
      worker.state = Worker.State.DRAINING;
    }
  }

  /** Takes work from the busy for the idle; true if there is something to hand out now. */
  private boolean steal() {
    boolean stolen = false;
    for (Worker idle : workers) {
      if (idle.isIdle()) {
        Worker victim = victim();
        if (victim == null || !(stealUnits(victim) || stealItems(victim))) {
          return stolen;
        }
        stolen = true;
        assignPending();
      }
    }
    return stolen;
  }

  /** Returns the worker with the most to take, among those that will not be through with it in a moment. */
  private @Nullable Worker victim() {
    Worker victim = null;
    boolean tooEarly = false;
    long wait = PATIENCE_NANOS;
    long now = System.nanoTime();
    for (Worker worker : workers) {
      if (worker.units.isEmpty() || (worker.units.size() == 1 && isAtItsLastItem(worker))) {
        continue;
      }
      long since = now - worker.headSinceNanos;
      if (since < PATIENCE_NANOS) {
        tooEarly = true;
      } else if (worker.units.size() == 1 && hasNotBegun(worker)) {
        tooEarly = true; // of a unit that has not begun no part can be taken
        wait = Math.max(wait, since);
      } else if (victim == null || worker.units.size() > victim.units.size()) {
        victim = worker;
      }
    }
    if (victim == null && tooEarly && !stealLater) {
      stealLater = true;
      loop.schedule(
          () -> {
            stealLater = false;
            dispatch();
          },
          wait,
          TimeUnit.NANOSECONDS);
    }
    return victim;
  }

  private static boolean hasNotBegun(Worker worker) {
    return worker.segment().state(worker.units.element().seq) == UnitState.OFFERED;
  }

  private static boolean isAtItsLastItem(Worker worker) {
    Unit unit = worker.units.element();
    int count = unit.to - unit.from;
    return unit.work.count() == 1 || worker.segment().begun(unit.seq) >= count;
  }

  private boolean stealUnits(Worker victim) {
    int take = victim.units.size() / 2;
    boolean stolen = false;
    for (int i = 0; i < take; i++) {
      Unit last = victim.units.getLast();
      if (!victim.segment().revoke(last.seq)) {
        break;
      }
      removeRevoked(victim, last);
      putBack(last, last.received);
      stolen = true;
    }
    return stolen;
  }

  private boolean stealItems(Worker victim) {
    for (Unit unit : victim.units) {
      int begun = victim.segment().begun(unit.seq);
      int left = unit.to - unit.from - begun;
      if (left > 0) {
        int kept = victim.segment().truncate(unit.seq, left / 2);
        if (kept >= 0) {
          cut(unit, unit.from + kept);
          return true;
        }
      }
    }
    return false;
  }

  /** The unit ends earlier; the rest is pending again. */
  private void cut(Unit unit, int end) {
    Slice rest = new Slice(unit.work, end, unit.to);
    unit.worker.assignedTasks -= rest.count();
    unit.to = end;
    activeTasks -= rest.count();
    pendingTasks += rest.count();
    pending.addFirst(rest);
  }

  private void removeRevoked(Worker worker, Unit unit) {
    boolean wasHead = worker.units.peek() == unit;
    worker.units.remove(unit);
    worker.assignedTasks -= unit.to - unit.received;
    worker.bytesInFlight -= unit.bytes;
    activeTasks -= unit.to - unit.received;
    settle(worker);
    if (wasHead) {
      head(worker);
    }
  }

  private void putBack(Unit unit, int from) {
    pending.addFirst(new Slice(unit.work, from, unit.to));
    pendingTasks += unit.to - from;
  }

  /** A worker has one unit less. */
  private void settle(Worker worker) {
    if (worker.units.isEmpty() && worker.state == Worker.State.BUSY) {
      worker.state = Worker.State.READY;
    }
  }

  // The unit at the head of a worker.

  private void head(Worker worker) {
    if (worker.timer != null) {
      worker.timer.cancel(false);
      worker.timer = null;
    }
    worker.headSinceNanos = System.nanoTime();
    worker.timedUnit = null; // it would keep its inputs
    Unit unit = worker.units.peek();
    if (unit != null && unit.work.timeoutNanos() > 0) {
      arm(worker, unit, unit.work.timeoutNanos());
    }
  }

  /** As long as workers have units, looks now and then whether they begin them. */
  private void watchHeads() {
    if (!watchingHeads) {
      watchingHeads = true;
      loop.schedule(this::checkHeads, SILENCE_MILLIS / 2, TimeUnit.MILLISECONDS);
    }
  }

  private void checkHeads() {
    watchingHeads = false;
    long now = System.nanoTime();
    boolean takenBack = false;
    for (Worker worker : workers) {
      Unit head = worker.units.peek();
      if (head != null && worker.link != null && worker.kill == null) {
        watchHeads();
        if (hasNotBegun(worker) && isSilent(worker, now)) {
          takeBackFromSilent(worker);
          takenBack = true;
        }
      }
    }
    if (takenBack) {
      dispatch();
    }
  }

  /** A worker that takes in a large unit is slow, not silent. */
  private static boolean isSilent(Worker worker, long now) {
    long unsent = worker.link().unsentBytes();
    if (unsent != worker.unsentBytes) {
      worker.unsentBytes = unsent;
      worker.receivedNanos = now;
    }
    long idle = now - Math.max(worker.headSinceNanos, worker.receivedNanos);
    return idle > TimeUnit.MILLISECONDS.toNanos(SILENCE_MILLIS);
  }

  private void takeBackFromSilent(Worker worker) {
    while (!worker.units.isEmpty()) {
      Unit last = worker.units.getLast();
      if (!worker.segment().revoke(last.seq)) {
        return; // begun just now, or cancelled, which will be noticed in a moment
      }
      removeRevoked(worker, last);
      putBack(last, last.received);
    }
    LOG.warn(
        "{}: {} (pid {}) has not begun its next task for {} ms; is it stopped, or the machine out of memory? It gets no"
            + " tasks until it answers",
        options.name(),
        worker.name,
        worker.pid,
        SILENCE_MILLIS);
    worker.unansweredPing = ++pings;
    worker.link().ping(worker.unansweredPing);
  }

  /** A silent worker is back. */
  void answered(Worker worker, long ping) throws IOException {
    if (ping != worker.unansweredPing) {
      throw new IOException("it answered ping " + ping + ", which it was not sent");
    }
    worker.unansweredPing = 0;
  }

  private void arm(Worker worker, Unit unit, long nanos) {
    worker.timer = loop.schedule(
        () -> checkTimeout(worker, unit), Math.max(MIN_TIMER_NANOS, nanos), TimeUnit.NANOSECONDS);
  }

  private void checkTimeout(Worker worker, Unit unit) {
    if (worker.units.peek() != unit || worker.kill != null) {
      return;
    }
    long timeout = unit.work.timeoutNanos();
    int item = worker.segment().begun(unit.seq) - 1;
    long now = System.nanoTime();
    if (worker.timedUnit != unit || worker.timedItem != item) {
      worker.timedUnit = unit;
      worker.timedItem = item;
      worker.timedSinceNanos = now;
    }
    if (worker.segment().state(unit.seq) != UnitState.STARTED || item < 0) {
      arm(worker, unit, timeout);
      return;
    }
    // The worker's word counts only as far as it agrees with what was seen here.
    long ran = Math.max(now - worker.timedSinceNanos, now - worker.segment().itemStartNanos());
    long left = timeout - ran;
    if (left > 0) {
      arm(worker, unit, Math.min(left, timeout));
    } else if (worker.segment().kill(unit.seq, item)) {
      killSwitch.kill(worker, Worker.Kill.TIMEOUT);
    } else {
      arm(worker, unit, timeout);
    }
  }

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
      removeRevoked(worker, unit);
      reportCancelled(unit.work, unit.received, unit.to);
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

  void results(Worker worker, Results results, ByteBuffer outcomes) throws IOException {
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
    if (results.last()) {
      worker.units.remove();
      worker.bytesInFlight -= unit.bytes;
      if (results.runNanos() > 0) {
        unit.work.itemTime().measured(unit.to - unit.from, results.runNanos());
      }
      if (unit.listenersToldStart) {
        tellFinished(unit, results);
      }
      settle(worker);
      head(worker);
    }
    if (results.count() > 0) {
      completed += results.count();
      activeTasks -= results.count();
      report(
          unit.work,
          new EncodedBlock(unit.work, worker.name, results.first(), results.count(), outcomes));
    }
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

  private void begin(Work work) {
    EncodedFunction function = ((EncodedInputs) work.inputs()).encodedFunction();
    if (isToBeForgotten(function, work)) {
      function.begin();
    }
  }

  private static boolean isToBeForgotten(EncodedFunction function, Work work) {
    return !function.isPermanent() && function.isKeptFor(work);
  }

  /** Reports outcomes; after the last one, workers drop a function that is of no further use. */
  private void report(Work work, ResultBlock block) {
    EncodedInputs inputs = (EncodedInputs) work.inputs();
    EncodedFunction function = inputs.encodedFunction();
    boolean toBeForgotten = isToBeForgotten(function, work);
    if ((toBeForgotten || inputs.isShipment())
        && work.countReported(block.count()) == work.count()) {
      if (toBeForgotten && function.end()) {
        forget(function);
      }
      inputs.over();
    }
    work.report(block);
  }

  private void forget(EncodedFunction function) {
    if (function.shipment() != null) {
      function.shipment().over();
    }
    for (Worker worker : workers) {
      if (worker.drops(function) && worker.link != null && !worker.stopSent) {
        worker.link.forget(function.id());
      }
    }
  }

  /** A submission in parts is over but for what was added: after that, workers drop its function. */
  void endSubmission(EncodedFunction function) {
    if (function.endSubmission()) {
      forget(function);
    }
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
    return work.placement() instanceof Unit unit
        && unit.segment.state(unit.seq) == UnitState.STARTED;
  }

  /** Tells whether some items of a work are being run. */
  boolean isRunning(Work work) {
    for (Worker worker : workers) {
      Unit unit = worker.units.peek();
      if (unit != null
          && unit.work == work
          && worker.segment().state(unit.seq) == UnitState.STARTED) {
        return true;
      }
    }
    return false;
  }

  void cancel(Work work, boolean interrupt) {
    for (Iterator<Slice> slices = pending.iterator(); slices.hasNext(); ) {
      Slice slice = slices.next();
      if (slice.work() == work) {
        slices.remove();
        pendingTasks -= slice.count();
        reportCancelled(work, slice.from(), slice.to());
      }
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
      removeRevoked(worker, unit);
      reportCancelled(unit.work, unit.received, unit.to);
      return;
    }
    int kept = segment.truncate(unit.seq, 0);
    if (kept >= 0) {
      int end = unit.to;
      unit.to = unit.from + kept;
      worker.assignedTasks -= end - unit.to;
      activeTasks -= end - unit.to;
      reportCancelled(unit.work, unit.to, end);
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

  private void reportCancelled(Work work, int from, int to) {
    cancelled += to - from;
    for (int i = from; i < to; i++) {
      report(work, ResultBlock.ofError(i, 1, NotRun.cancelled(options, work, i)));
    }
  }

  // Failing what is left.

  /** Fails everything that has not been handed to a worker. */
  void failPending(Function<Long, InfrastructureException> failure) {
    failPending((work, item) -> failure.apply(work.taskId(item)));
  }

  private void failPending(BiFunction<Work, Integer, InfrastructureException> failure) {
    while (!pending.isEmpty()) {
      Slice slice = pending.remove();
      pendingTasks -= slice.count();
      fail(slice.work(), slice.from(), slice.to(), failure);
    }
  }

  private void fail(
      Work work, int from, int to, BiFunction<Work, Integer, InfrastructureException> failure) {
    lost += to - from;
    for (int i = from; i < to; i++) {
      report(work, ResultBlock.ofError(i, 1, failure.apply(work, i)));
    }
  }

  /** Fails what has not begun, interrupts the rest; returns the work of which nothing has begun. */
  List<Work> shutdownNow() {
    ended = true;
    List<Work> never = new ArrayList<>();
    for (Worker worker : workers) {
      for (Unit unit : new ArrayList<>(worker.units)) {
        if (worker.segment().revoke(unit.seq)) {
          removeRevoked(worker, unit);
          putBack(unit, unit.received);
        } else {
          int kept = worker.segment().truncate(unit.seq, 0);
          if (kept >= 0) {
            cut(unit, unit.from + kept);
          }
          if (worker.link != null) {
            worker.link.interrupt(unit.seq);
            worker.link.flush();
          }
        }
      }
    }
    Map<Work, Integer> untouched = new LinkedHashMap<>();
    for (Slice slice : pending) {
      untouched.merge(slice.work(), slice.count(), Integer::sum);
    }
    untouched.forEach((work, items) -> {
      if (items == work.count()) {
        never.add(work);
      }
    });
    failPending(this::poolEnded);
    return never;
  }

  private InfrastructureException poolEnded(Work work, int item) {
    return NotRun.poolEnded(options, work, item);
  }

  void rejectLate(Work work) {
    begin(work);
    fail(work, 0, work.count(), this::poolEnded);
  }

  // Death of a worker.

  /** Settles what a dead worker had been given; its process must be gone. */
  void buryUnits(Worker worker, boolean poolUsable) {
    if (worker.timer != null) {
      worker.timer.cancel(false);
    }
    List<Slice> unstarted = new ArrayList<>();
    boolean next = true;
    for (Unit unit : worker.units) {
      activeTasks -= unit.to - unit.received;
      UnitState state = worker.segment().state(unit.seq);
      if (state == UnitState.STARTED || state == UnitState.KILLED || state == UnitState.DONE) {
        bury(worker, unit, state, poolUsable);
        next = false;
      }
      if (unit.received < unit.to) {
        int refusals = next && state == UnitState.OFFERED ? unit.refusals + 1 : 0;
        if (refusals < MAX_REFUSALS || ended) {
          unstarted.add(new Slice(unit.work, unit.received, unit.to, refusals));
        } else {
          fail(
              unit.work,
              unit.received,
              unit.to,
              (work, item) -> messages.neverBegun(
                  worker, work, work.taskId(item), MAX_REFUSALS, unit.bytes, poolUsable));
        }
        next = false;
      }
    }
    worker.units.clear();
    for (int i = unstarted.size() - 1; i >= 0; i--) {
      Slice slice = unstarted.get(i);
      pending.addFirst(slice);
      pendingTasks += slice.count();
    }
    if (ended) {
      failPending(this::poolEnded);
    }
  }

  private void bury(Worker worker, Unit unit, UnitState state, boolean poolUsable) {
    Duration runTime =
        Duration.ofNanos(Math.max(0, System.nanoTime() - worker.segment().itemStartNanos()));
    int begunEnd = Math.min(unit.to, unit.from + Math.max(1, worker.segment().begun(unit.seq)));
    recoverUnsent(worker, unit, begunEnd);
    // What had begun and has no outcome: one item, or, if the worker lied, more.
    boolean ended = state == UnitState.DONE;
    while (unit.received < begunEnd) {
      int item = unit.received++;
      Certainty certainty = ended ? Certainty.RESULT_LOST : Certainty.MAY_HAVE_RUN;
      Throwable failure =
          messages.failureOf(worker, unit.work, item, runTime, certainty, poolUsable);
      lost++;
      if (failure instanceof InfrastructureException infrastructure) {
        TaskEvent event =
            new TaskEvent(unit.work.taskId(item), unit.work.name(), worker.event(options.name()));
        events.tell(listener -> listener.taskLost(event, infrastructure));
      }
      report(unit.work, ResultBlock.ofError(item, 1, failure));
    }
  }

  private void recoverUnsent(Worker worker, Unit unit, int begunEnd) {
    WorkerSegment.Unsent unsent = worker.segment().unsent(unit.seq);
    int end = unsent.first() + unsent.count();
    if (unsent.count() > 0 && unsent.first() == unit.received && end <= begunEnd) {
      completed += unsent.count();
      unit.received = end;
      report(
          unit.work,
          new EncodedBlock(
              unit.work,
              worker.name,
              unsent.first(),
              unsent.count(),
              ByteBuffer.wrap(unsent.outcomes())));
    }
  }

  long pendingTasks() {
    return pendingTasks;
  }

  long activeTasks() {
    return activeTasks;
  }

  long completed() {
    return completed;
  }

  long lost() {
    return lost;
  }

  long cancelled() {
    return cancelled;
  }
}
