// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.netty.channel.EventLoop;
import io.procpool.PoolOptions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Decides how many workers a pool should have, between the smallest and the largest number. Event loop only. */
final class FleetSize {
  /*
   * Growth. When work waits, behind others inside workers or here, there is another look GROW_MILLIS later; if work waits then, as many workers are added as there are tasks that wait.
   * Shrink. Each quarter of the idle timeout there is a look at which workers have had nothing to do since the last one; so no task has to note when it ended. A worker that was found so four times
   *         in a row is retired. Work goes to the oldest worker that is idle, so that the others can become superfluous.
   */
  private static final long GROW_MILLIS = 10;
  private static final int LOOKS = 4;
  private static final List<Worker.State> LEAST_LOSS_FIRST =
      List.of(Worker.State.STARTING, Worker.State.READY, Worker.State.DRAINING, Worker.State.BUSY);

  private final EventLoop loop;
  private final Collection<Worker> workers;
  private final Dispatcher dispatcher;
  private final Consumer<Worker> retire;
  private final Runnable proceed;
  private final long lookNanos;
  private int min;
  private int max;
  private int target;
  private @Nullable Future<?> growth;
  private @Nullable Future<?> shrink;

  FleetSize(
      PoolOptions options,
      EventLoop loop,
      Collection<Worker> workers,
      Dispatcher dispatcher,
      Consumer<Worker> retire,
      Runnable proceed) {
    this.loop = loop;
    this.workers = workers;
    this.dispatcher = dispatcher;
    this.retire = retire;
    this.proceed = proceed;
    this.lookNanos = Math.max(1, options.idleTimeout().toNanos() / LOOKS);
    this.min = options.minWorkers();
    this.max = options.workers();
    this.target = min;
  }

  int min() {
    return min;
  }

  int max() {
    return max;
  }

  /** Returns how many workers there should be now. */
  int target() {
    return target;
  }

  /** Returns the number of workers that count. */
  int alive() {
    int alive = 0;
    for (Worker worker : workers) {
      alive += worker.stopSent || worker.leaving ? 0 : 1;
    }
    return alive;
  }

  /** Sets the smallest and the largest number; lets go of workers that are too many, or keeps some that were. */
  void resize(int newMin, int newMax) {
    min = newMin;
    max = newMax;
    target = Math.min(Math.max(target, min), max);
    int excess = alive() - target;
    List<Worker> latestFirst = new ArrayList<>(workers);
    Collections.reverse(latestFirst);
    if (excess < 0) {
      for (Worker worker : latestFirst) {
        excess += excess < 0 && keep(worker) ? 1 : 0;
      }
    }
    for (Worker.State each : LEAST_LOSS_FIRST) {
      for (Worker worker : latestFirst) {
        if (excess > 0 && worker.state == each && !worker.stopSent && !worker.leaving) {
          letGo(worker);
          excess--;
        }
      }
    }
  }

  /** Keeps one that was too much, and has not ended its task meanwhile. */
  private boolean keep(Worker worker) {
    if (!worker.surplus
        || worker.stopSent
        || worker.kill != null
        || worker.worn
        || dispatcher.isUsedUp(worker)) {
      return false;
    }
    worker.surplus = false;
    worker.leaving = false;
    worker.enter(worker.units.isEmpty() ? Worker.State.READY : Worker.State.BUSY);
    return true;
  }

  private void letGo(Worker worker) {
    if (worker.state == Worker.State.STARTING) {
      retire.accept(worker);
    } else {
      worker.surplus = true;
      worker.leaving = true;
      dispatcher.drain(worker);
    }
  }

  /** Sees to it that there is a look when one is due. */
  void proceed() {
    if (target == 0 && dispatcher.hasPending()) {
      target = 1;
    }
    if (target < max && growth == null && waitingTasks(1) > 0) {
      growth = loop.schedule(this::grow, GROW_MILLIS, TimeUnit.MILLISECONDS);
    }
    if (target > min && shrink == null) {
      shrink = loop.schedule(this::shrink, lookNanos, TimeUnit.NANOSECONDS);
    }
  }

  /** Looks no more. */
  void end() {
    if (growth != null) {
      growth.cancel(false);
    }
    if (shrink != null) {
      shrink.cancel(false);
    }
  }

  /** Returns how many tasks wait for others, counted up to a limit. */
  private long waitingTasks(int limit) {
    long waiting = dispatcher.pendingTasks();
    for (Worker worker : workers) {
      if (waiting >= limit) {
        break;
      }
      Unit head = worker.units.peek();
      for (Unit unit : worker.units) {
        waiting += unit == head
            ? unit.to - unit.from - Math.max(1, worker.segment().begun(unit.seq))
            : unit.to - unit.received;
      }
    }
    return waiting;
  }

  private void grow() {
    growth = null;
    int idleSoon = 0;
    for (Worker worker : workers) {
      idleSoon += worker.state == Worker.State.STARTING || worker.isIdle() ? 1 : 0;
    }
    long needed = Math.min(max - target, waitingTasks(max + idleSoon) - idleSoon);
    target += (int) Math.max(0, needed);
    proceed.run();
  }

  private void shrink() {
    shrink = null;
    List<Worker> latestFirst = new ArrayList<>(workers);
    Collections.reverse(latestFirst);
    for (Worker worker : latestFirst) {
      boolean unused = worker.isIdle() && worker.assignedTasks == worker.assignedWhenSeen;
      worker.looksIdle = unused ? worker.looksIdle + 1 : 0;
      worker.assignedWhenSeen = worker.assignedTasks;
      if (worker.looksIdle >= LOOKS && !worker.leaving && target > min) {
        target--;
        retire.accept(worker);
      }
    }
    proceed.run();
  }
}
