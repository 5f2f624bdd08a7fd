// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds workers that do not begin their next unit, and takes theirs back. Event loop only. */
final class SilenceWatch {
  /*
   * A worker that somebody has stopped, or for which the machine has no memory, must not hold tasks that others could run: they are taken back, and it gets
   * no more until it answers a ping.
   */
  private static final long SILENCE_MILLIS = 1000;
  private static final Logger LOG = LoggerFactory.getLogger(SilenceWatch.class);

  private final PoolOptions options;
  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final Units units;
  private final Runnable whenTakenBack;
  private boolean watching;
  private long pings;

  SilenceWatch(
      PoolOptions options,
      EventLoop loop,
      Collection<Worker> workers,
      Units units,
      Runnable whenTakenBack) {
    this.options = options;
    this.loop = loop;
    this.workers = workers;
    this.units = units;
    this.whenTakenBack = whenTakenBack;
  }

  /** As long as workers have units, looks now and then whether they begin them. */
  void watch() {
    if (!watching) {
      watching = true;
      loop.schedule(this::check, SILENCE_MILLIS / 2, TimeUnit.MILLISECONDS);
    }
  }

  private void check() {
    watching = false;
    long now = System.nanoTime();
    boolean takenBack = false;
    for (Worker worker : workers) {
      Unit head = worker.units.peek();
      if (head != null && worker.link != null && worker.kill == null) {
        watch();
        if (worker.segment().state(head.seq) == UnitState.OFFERED && isSilent(worker, now)) {
          takeBack(worker);
          takenBack = true;
        }
      }
    }
    if (takenBack) {
      whenTakenBack.run();
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

  private void takeBack(Worker worker) {
    while (!worker.units.isEmpty()) {
      if (!units.takeBack(worker.units.getLast())) {
        return; // begun just now, or cancelled, which will be noticed in a moment
      }
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
}
