// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException;
import io.procpool.InfrastructureException.Certainty;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolOptions;
import io.procpool.WorkerGoneException;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.Work;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** Settles what a dead worker had been given. Event loop only. */
final class Burial {
  /*
   * The segment outlives the worker. What had not begun is pending again, before all else; outcomes that had been published but not sent are reported; the
   * item that ran fails. What several workers in a row could not even begin, arguments larger than their heap say, fails too.
   */
  private static final int MAX_REFUSALS = 3;

  private final PoolOptions options;
  private final Events events;
  private final CrashMessages messages;
  private final Pending pending;
  private final Units units;
  private final Reports reports;
  private final Retries retries;

  Burial(
      PoolOptions options,
      Events events,
      CrashMessages messages,
      Pending pending,
      Units units,
      Reports reports,
      Retries retries) {
    this.options = options;
    this.events = events;
    this.messages = messages;
    this.pending = pending;
    this.units = units;
    this.reports = reports;
    this.retries = retries;
  }

  /**
   * Settles the units of a worker whose process is gone.
   *
   * @param poolUsable whether the pool takes further tasks
   * @param ended whether what has not begun will not be run
   */
  void bury(Worker worker, boolean poolUsable, boolean ended) {
    List<Slice> unstarted = new ArrayList<>();
    boolean next = true;
    for (Unit unit : worker.units) {
      units.over(unit.to - unit.received);
      UnitState state = worker.segment().state(unit.seq);
      if (state.isRunning() || state == UnitState.KILLED || state == UnitState.DONE) {
        buryBegun(worker, unit, state, poolUsable, ended);
        next = false;
      }
      if (unit.received < unit.to) {
        if (unit.work.target() != null) {
          reports.lost(unit.work, unit.received, unit.to, gone(worker, poolUsable));
          next = false;
          continue;
        }
        int refusals = next && state == UnitState.OFFERED ? unit.refusals + 1 : 0;
        if (refusals < MAX_REFUSALS || ended) {
          unstarted.add(new Slice(unit.work, unit.received, unit.to, refusals));
        } else {
          reports.lost(
              unit.work,
              unit.received,
              unit.to,
              (work, item) -> messages.neverBegun(unit, item, MAX_REFUSALS, poolUsable));
        }
        next = false;
      }
    }
    worker.units.clear();
    for (Slice slice : pending.removeAllFor(worker)) {
      reports.lost(slice.work(), slice.from(), slice.to(), gone(worker, poolUsable));
    }
    for (int i = unstarted.size() - 1; i >= 0; i--) {
      pending.putBack(unstarted.get(i));
    }
  }

  /** Returns what tasks fail with that only this worker could have run. */
  BiFunction<Work, Integer, WorkerGoneException> gone(Worker worker, boolean poolUsable) {
    return (work, item) -> {
      long taskId = work.taskId(item);
      return new WorkerGoneException(
          "task " + taskId + " (" + work.name() + ") never started: it was for " + worker.name
              + " (pid " + worker.pid + ") of pool \"" + options.name()
              + "\" only, which ended before",
          taskId,
          poolUsable,
          worker.name);
    };
  }

  private void buryBegun(
      Worker worker, Unit unit, UnitState state, boolean poolUsable, boolean ended) {
    Duration runTime =
        Duration.ofNanos(Math.max(0, System.nanoTime() - worker.segment().itemStartNanos()));
    int begunEnd = Math.min(unit.to, unit.from + Math.max(1, worker.segment().begun(unit.seq)));
    recoverUnsent(worker, unit, begunEnd, poolUsable);
    // What had begun and has no outcome: one item, or, if the worker lied, more.
    boolean done = state == UnitState.DONE;
    while (unit.received < begunEnd) {
      int item = unit.received++;
      Certainty certainty = done ? Certainty.RESULT_LOST : Certainty.MAY_HAVE_RUN;
      Throwable wanted = messages.wanted(worker, unit.work, item, runTime, certainty);
      Throwable failure = wanted;
      if (failure == null) {
        LostAttempt attempt = messages.lost(worker, unit, item, runTime, certainty);
        if (!ended && retries.retry(unit, item, attempt)) {
          continue;
        }
        failure = attempt.exception(Attempts.last(unit.work, item, attempt, poolUsable));
      }
      if (failure instanceof InfrastructureException infrastructure) {
        TaskEvent event =
            new TaskEvent(unit.work.taskId(item), unit.work.name(), worker.event(options.name()));
        events.tell(listener -> listener.taskLost(event, infrastructure));
      }
      reports.lost(unit.work, item, failure);
    }
  }

  private void recoverUnsent(Worker worker, Unit unit, int begunEnd, boolean poolUsable) {
    WorkerSegment.Unsent unsent = worker.segment().unsent(unit.seq);
    int end = unsent.first() + unsent.count();
    if (unsent.count() > 0 && unsent.first() == unit.received && end <= begunEnd) {
      unit.received = end;
      Overrun overrun = TaskClock.overrun(worker, unit, end - 1);
      reports.completed(
          unit.work,
          new EncodedBlock(
              unit.work,
              worker.name,
              unsent.first(),
              unsent.count(),
              ByteBuffer.wrap(unsent.outcomes()),
              overrun,
              Fate.failedAlone(unit.work.taskId(end - 1), poolUsable)));
    }
  }
}
