// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.WorkerStartException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Replaces workers that serve by new ones: those that are worn, and, for a refresh, all. Event loop only. */
final class Turnover {
  /*
   * Overlap.  One worker at a time is `old`: it does not count any more, so that another one is spawned, and goes on working meanwhile. The next worker that becomes ready is its successor: from then on the
   *           old one gets nothing further, and the successor begins when the old one has ended its task, so that no more tasks run at a time than the pool has workers. Then it is the next one's turn.
   *           A worker that may run no further task has a successor started in the same way.
   * Memory.   Where there is none for one more process, a worn worker goes before its successor comes, and a refresh fails.
   * Failure.  A start that fails ends a refresh; the old workers stay. One that is worn stays, too, and is tried again after the back-off.
   */
  /** What the fleet does for it. */
  interface Crew {
    /** Tells whether workers may be started now. */
    boolean mayStart();

    /** Takes memory for one more process; tells whether there is some. */
    boolean makeRoom();

    /** Gives back memory that is not needed. */
    void dropRoom();

    /** Lets a worker end what it has begun, and then go. */
    void drain(Worker worker);

    /** Returns the {@link Worker#joined} of the next worker. */
    int nextToJoin();
  }

  /** All workers that there were at some moment are to be replaced. */
  private record Refresh(Set<Worker> left, CompletableFuture<Void> done) {}

  private final Crew crew;
  private final IntFunction<WorkerStartException> startFailure;
  private final ArrayDeque<Worker> waiting = new ArrayDeque<>();
  private final List<Refresh> refreshes = new ArrayList<>();
  private @Nullable Worker old;
  private int firstSuccessor;

  Turnover(Crew crew, IntFunction<WorkerStartException> startFailure) {
    this.crew = crew;
    this.startFailure = startFailure;
  }

  /** A worker is worn and shall be replaced. */
  void worn(Worker worker) {
    if (!worker.worn) {
      worker.worn = true;
      enqueue(worker);
    }
  }

  private void enqueue(Worker worker) {
    if (canGo(worker) && old != worker && !waiting.contains(worker)) {
      waiting.add(worker);
    }
  }

  private static boolean canGo(Worker worker) {
    return worker.kill == null
        && !worker.stopSent
        && (worker.state == Worker.State.READY || worker.state == Worker.State.BUSY);
  }

  /** Begins to replace all of some workers. */
  void refresh(Collection<Worker> all, CompletableFuture<Void> done) {
    Refresh refresh = new Refresh(new HashSet<>(), done);
    for (Worker worker : all) {
      if (!worker.stopSent) {
        refresh.left.add(worker);
        enqueue(worker);
      }
    }
    refreshes.add(refresh);
    completeRefreshes();
  }

  /** Goes on with the next one, if there is one whose turn it is. */
  void proceed() {
    while (old == null && !waiting.isEmpty() && crew.mayStart()) {
      Worker next = waiting.remove();
      if (!canGo(next)) {
        continue;
      }
      if (crew.makeRoom()) {
        begin(next);
      } else if (next.worn) {
        leave(next);
      } else {
        failRefreshes(
            new IllegalStateException(
                "there is no memory in the budget for one more worker, which a refresh needs; make the pool smaller for it, or close another one"));
      }
    }
  }

  /** A worker may run no further task, and has not ended the last one. */
  void overlap(Worker draining) {
    if (old == null
        && waiting.isEmpty()
        && !draining.leaving
        && draining.kill == null
        && crew.mayStart()
        && crew.makeRoom()) {
      begin(draining);
    }
  }

  private void begin(Worker worker) {
    old = worker;
    worker.leaving = true;
    firstSuccessor = crew.nextToJoin();
  }

  private void leave(Worker worker) {
    worker.recycled = true;
    if (worker.state != Worker.State.DRAINING) {
      crew.drain(worker);
    }
  }

  /** A worker has become ready. */
  void ready(Worker worker) {
    for (Refresh refresh : refreshes) {
      if (refresh.left.contains(worker)) {
        enqueue(worker);
      }
    }
    Worker leaving = old;
    if (leaving != null && worker.joined >= firstSuccessor) {
      old = null;
      worker.waitsFor = leaving;
      leave(leaving);
    }
  }

  /** Lets the one whose successor is being started count again, for a while. */
  void pause() {
    Worker paused = old;
    if (paused != null) {
      old = null;
      paused.leaving = false;
      if (canGo(paused)) {
        waiting.addFirst(paused);
      }
    }
  }

  /** A start has failed. */
  void startFailed() {
    if (old == null) {
      return;
    }
    boolean refreshing = isRefreshed(old);
    pause();
    if (refreshing) {
      int left = 0;
      for (Refresh refresh : refreshes) {
        left = Math.max(left, refresh.left.size());
      }
      failRefreshes(startFailure.apply(left));
    }
    crew.dropRoom();
  }

  private boolean isRefreshed(Worker worker) {
    for (Refresh refresh : refreshes) {
      if (refresh.left.contains(worker)) {
        return true;
      }
    }
    return false;
  }

  private void failRefreshes(Throwable failure) {
    List<Refresh> failed = new ArrayList<>(refreshes);
    refreshes.clear();
    waiting.removeIf(worker -> !worker.worn);
    for (Refresh refresh : failed) {
      refresh.done.completeExceptionally(failure);
    }
  }

  /** A worker is gone. */
  void gone(Worker worker) {
    if (old == worker) {
      old = null; // its successor takes its place without waiting
    }
    waiting.remove(worker);
    for (Refresh refresh : refreshes) {
      refresh.left.remove(worker);
    }
    completeRefreshes();
  }

  private void completeRefreshes() {
    for (Refresh refresh : new ArrayList<>(refreshes)) {
      if (refresh.left.isEmpty()) {
        refreshes.remove(refresh);
        refresh.done.complete(null);
      }
    }
  }

  /** The pool ends. */
  void end(String pool) {
    pause();
    waiting.clear();
    failRefreshes(new IllegalStateException(
        "pool \"" + pool + "\" was closed before all of its workers were replaced"));
  }
}
