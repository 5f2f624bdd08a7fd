// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolListener.TaskEvent;
import io.procpool.PoolListener.WorkerEvent;
import io.procpool.PoolOptions;
import io.procpool.RetryPolicy;
import io.procpool.TaskAbortedException;
import io.procpool.master.flight.Flight;
import io.procpool.master.pool.Events;
import io.procpool.master.pool.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Runs items again whose attempt has failed, after a while. Event loop only. */
final class Retries {
  /*
   * One at a time. An attempt has failed when its worker's process is gone, or the worker has said that the item is over: nothing of it runs any more. A worker that seems dead is not.
   * Waiting. As long as an item waits for its time nobody else knows of it: it is neither pending nor in a worker. Then it is pending, before its equals, as what comes back from a dead worker.
   *          It is a unit of its own from then on.
   * Keys.    What has the same key and comes later waits as well: `Pending` holds it until the item is pending again, or is not to be run any more.
   * End.     An item leaves by its time, a cancellation, or the end of the pool, whichever the event loop gets to first; the timer of the others finds nothing.
   */
  private final PoolOptions options;
  private final EventLoop loop;
  private final Events events;
  private final Pending pending;
  private final Runnable whenDue;
  private final Set<Waiting> waiting = new LinkedHashSet<>();
  private long retried;

  private static final class Waiting {
    final Slice slice;

    @Nullable
    Future<?> timer;

    Waiting(Slice slice) {
      this.slice = slice;
    }
  }

  Retries(PoolOptions options, EventLoop loop, Events events, Pending pending, Runnable whenDue) {
    this.options = options;
    this.loop = loop;
    this.events = events;
    this.pending = pending;
    this.whenDue = whenDue;
  }

  /** Has an item run again if its policy says so; false if it is not. */
  boolean retry(Unit unit, int item, LostAttempt how) {
    Work work = unit.work;
    RetryPolicy policy = work.retryPolicy();
    int failed = Attempts.failed(work, item) + 1;
    if (policy == null
        || work.isCancelled()
        || work.target() != null
        || !policy.allows(how.retryCause(), failed)) {
      return false;
    }
    Attempts.add(work, item, how);
    retried++;
    Duration delay = policy
        .backOff(how.retryCause())
        .delay(failed, ThreadLocalRandom.current().nextDouble());
    tell(unit, item, how, failed + 1, delay);
    work.placement(null); // until then it is not in a worker
    if (work.hasKey()) {
      pending.hold(work.key());
    }
    Waiting entry = new Waiting(new Slice(work, item, item + 1));
    waiting.add(entry);
    entry.timer = loop.schedule(() -> due(entry), delay.toNanos(), TimeUnit.NANOSECONDS);
    return true;
  }

  private void tell(Unit unit, int item, LostAttempt how, int next, Duration delay) {
    long taskId = unit.work.taskId(item);
    WorkerEvent worker = unit.worker.event(options.name());
    if (Flight.isOn()) {
      Flight.taskRetried(
          new Flight.Retry(
              taskId,
              unit.work.name(),
              next - 1,
              how.retryCause().name(),
              how.summary(),
              delay.toNanos()),
          worker);
    }
    if (!events.isActive()) {
      return;
    }
    TaskAbortedException failure = how.exception(new Fate(
        true,
        "task " + taskId + " is run again in " + CrashMessages.seconds(delay) + ", attempt "
            + next));
    TaskEvent event = new TaskEvent(taskId, unit.work.name(), worker);
    events.tell(listener -> listener.taskRetried(event, failure, next, delay));
  }

  private void due(Waiting entry) {
    if (waiting.remove(entry)) {
      putBack(entry.slice);
      whenDue.run();
    }
  }

  private void putBack(Slice slice) {
    Work work = slice.work();
    if (work.hasKey()) {
      pending.release(work.key());
    }
    pending.putBack(slice);
  }

  /** Removes the items of a work. */
  List<Slice> removeAll(Work work) {
    List<Slice> removed = new ArrayList<>();
    for (Waiting entry : new ArrayList<>(waiting)) {
      if (entry.slice.work() == work) {
        remove(entry);
        removed.add(entry.slice);
      }
    }
    return removed;
  }

  /** Removes all items. */
  List<Slice> removeAll() {
    List<Slice> removed = new ArrayList<>();
    for (Waiting entry : new ArrayList<>(waiting)) {
      remove(entry);
      removed.add(entry.slice);
    }
    return removed;
  }

  private void remove(Waiting entry) {
    waiting.remove(entry);
    if (entry.timer != null) {
      entry.timer.cancel(false);
    }
    if (entry.slice.work().hasKey()) {
      pending.release(entry.slice.work().key());
    }
  }

  /** Returns how many items wait for their time. */
  int waiting() {
    return waiting.size();
  }

  /** Returns how many attempts have been followed by another, or will be. */
  long retried() {
    return retried;
  }
}
