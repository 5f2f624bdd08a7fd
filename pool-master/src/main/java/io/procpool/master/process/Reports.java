// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException;
import io.procpool.PoolOptions;
import io.procpool.master.flight.Flight;
import io.procpool.master.pool.NotRun;
import io.procpool.master.pool.ResultBlock;
import io.procpool.master.pool.Work;
import java.util.Collection;
import java.util.function.BiFunction;
import java.util.function.Consumer;

/** Reports the outcome of each item, counts them, and has workers drop functions that are of no further use. Event loop only. */
final class Reports {
  private final PoolOptions options;
  private final Collection<Worker> workers;
  private final Consumer<Work> whenOver;
  private long completed;
  private long lost;
  private long cancelled;

  /**
   * Prepares it.
   *
   * @param whenOver is told of work with a queue timeout of which all has been reported
   */
  Reports(PoolOptions options, Collection<Worker> workers, Consumer<Work> whenOver) {
    this.whenOver = whenOver;
    this.options = options;
    this.workers = workers;
  }

  /** Work has been accepted. */
  void begin(Work work) {
    EncodedFunction function = ((EncodedInputs) work.inputs()).encodedFunction();
    if (isToBeForgotten(function, work)) {
      function.begin();
    }
  }

  /** Workers have sent outcomes, or left them in their segment. */
  void completed(Work work, ResultBlock block) {
    completed += block.count();
    report(work, block);
  }

  /** As {@link #completed}, but the outcome of the last item is not its own: it was over a limit. */
  void completedButLast(Work work, ResultBlock block) {
    completed += block.count() - 1;
    lost++;
    report(work, block);
  }

  /** An item has no outcome of its own. */
  void lost(Work work, int item, Throwable failure) {
    lost++;
    if (Flight.isOn()) {
      Flight.taskLost(options.name(), work.taskId(item), work.name(), failure);
    }
    report(work, ResultBlock.ofError(item, 1, failure));
  }

  /** Items have no outcome of their own. */
  void lost(
      Work work,
      int from,
      int to,
      BiFunction<Work, Integer, ? extends InfrastructureException> failure) {
    for (int i = from; i < to; i++) {
      lost(work, i, Attempts.settled(work, i, failure.apply(work, i)));
    }
  }

  /** Items were cancelled before they began. */
  void cancelled(Work work, int from, int to) {
    cancelled += to - from;
    for (int i = from; i < to; i++) {
      int attempts = Attempts.failed(work, i);
      report(work, ResultBlock.ofError(i, 1, NotRun.cancelled(options, work, i, attempts)));
    }
  }

  /** Reports outcomes; after the last one, workers drop a function that is of no further use. */
  private void report(Work work, ResultBlock block) {
    EncodedInputs inputs = (EncodedInputs) work.inputs();
    EncodedFunction function = inputs.encodedFunction();
    boolean toBeForgotten = isToBeForgotten(function, work);
    boolean waits = work.limits().queueNanos() > 0;
    if ((toBeForgotten || inputs.isShipment() || waits)
        && work.countReported(block.count()) == work.count()) {
      if (toBeForgotten && function.end()) {
        forget(function);
      }
      if (waits) {
        whenOver.accept(work);
      }
      inputs.over();
    }
    work.report(block);
  }

  private static boolean isToBeForgotten(EncodedFunction function, Work work) {
    return !function.isPermanent() && function.isKeptFor(work);
  }

  /** A submission in parts is over but for what was added: after that, workers drop its function. */
  void endSubmission(EncodedFunction function) {
    if (function.endSubmission()) {
      forget(function);
    }
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

  /** Has all workers drop the copy of a shared value, if they have one. */
  void forget(long sharedId) {
    for (Worker worker : workers) {
      if (worker.link != null && !worker.stopSent) {
        worker.link.forget(sharedId);
        worker.link.flush();
      }
    }
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
