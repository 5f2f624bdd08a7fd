// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.TaskProgress;
import io.procpool.ipc.WorkerSegment;
import io.procpool.master.pool.Work;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Consecutive items of one work that were sent to a worker together. Event loop only, but for the final fields. */
final class Unit {
  final Worker worker;
  final WorkerSegment segment;
  final int seq;
  final Work work;
  final int from;
  final int bytes;
  final int refusals; // workers that died with this unit next
  final int attempt; // of its items; one after the first is a unit of its own
  int to; // exclusive; lowered when items are taken back
  int received; // the first item without an outcome
  boolean listenersToldStart;
  double charged; // to its submitter; 0 if nothing was

  @Nullable
  Object flight; // what the flight recorder is told at its end; null if it is not

  Unit(Worker worker, int seq, Work work, int from, int to, int bytes, int refusals) {
    this.worker = worker;
    this.segment = worker.segment();
    this.seq = seq;
    this.work = work;
    this.from = from;
    this.to = to;
    this.received = from;
    this.bytes = bytes;
    this.refusals = refusals;
    this.attempt = 1 + Attempts.failed(work, from);
  }

  /** Returns what the item that runs has said of its progress; any thread. */
  Optional<TaskProgress> progress() {
    TaskProgress progress = segment.progress();
    boolean said =
        segment.progressNanos() != 0 && segment.progressNanos() - segment.itemStartNanos() >= 0;
    return said && segment.state(seq).isRunning() ? Optional.of(progress) : Optional.empty();
  }
}
