// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.pool.FairShares;
import io.procpool.master.pool.KeyOwners;
import io.procpool.master.pool.WaitingLines;
import io.procpool.master.pool.Work;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What no worker has: slices of work in the order in which they are to be handed out. Event loop only. */
final class Pending {
  /*
   * Lines.    What any worker may run is in `common`. What only one may run, because it has the key or is meant by a broadcast, is bound: it waits in the lines of that worker.
   * Keys.     A worker is home to its keys as long as it takes units or still has some. When it is not any more, what is bound to it by key gets another home, before anything
   *           else of these keys does, so that their order stays. Where there is no worker at all it waits in `common` (`homeless`).
   * Held.     When something with a key is to be run again later, what has the same key is in no line, but `held` until then.
   * Ranks.    As long as nobody has given a priority or submitter, nothing is counted or compared. `ranked` says whether somebody has since the pool was last idle.
   */
  private final Collection<Worker> workers;
  private final FairShares shares = new FairShares();
  private final WaitingLines<Slice> common = lines();
  private final KeyOwners<Worker> keys = new KeyOwners<>();
  private int bound; // slices that wait in lines of workers
  private int homeless; // slices that should, but there was no worker
  private boolean ranked;
  private final Map<String, ArrayDeque<Slice>> held = new HashMap<>(); // by key
  private long tasks;

  Pending(Collection<Worker> workers) {
    this.workers = workers;
  }

  private WaitingLines<Slice> lines() {
    return new WaitingLines<>(Slice::work, shares);
  }

  /** Adds work that has just been accepted. */
  void add(Work work) {
    ranked |= !work.isPlain();
    Slice slice = new Slice(work, 0, work.count());
    tasks += slice.count();
    ArrayDeque<Slice> sameKey = heldFor(work);
    if (sameKey != null) {
      sameKey.addLast(slice);
    } else {
      linesFor(work).add(slice);
    }
  }

  /** Adds what had been handed out, or was about to be: it is older than all that waits and is its equal. */
  void putBack(Slice slice) {
    tasks += slice.count();
    ArrayDeque<Slice> sameKey = heldFor(slice.work());
    if (sameKey != null) {
      sameKey.addFirst(slice);
    } else {
      linesFor(slice.work()).putBack(slice);
    }
  }

  private @Nullable ArrayDeque<Slice> heldFor(Work work) {
    return held.isEmpty() || !work.hasKey() ? null : held.get(work.key());
  }

  /** Keeps what has a key from being handed out. */
  void hold(String key) {
    List<Slice> found =
        removeFromLines(slice -> slice.work().hasKey() && slice.work().key().equals(key));
    held.computeIfAbsent(key, first -> new ArrayDeque<>()).addAll(found);
  }

  /** Lets what has a key be handed out again, before its equals. */
  void release(String key) {
    ArrayDeque<Slice> released = held.remove(key);
    while (released != null && !released.isEmpty()) {
      Slice last = released.removeLast();
      linesFor(last.work()).putBack(last);
    }
  }

  private WaitingLines<Slice> linesFor(Work work) {
    if (!work.isBound()) {
      return common;
    }
    houseHomeless();
    Worker home = home(work);
    if (home == null) {
      homeless++;
      return common;
    }
    bound++;
    if (home.bound == null) {
      home.bound = lines();
    }
    return home.bound;
  }

  private @Nullable Worker home(Work work) {
    if (work.target() instanceof Worker target) {
      return target;
    }
    Worker owner = keys.owner(work);
    if (owner != null && !owner.isHome()) {
      rehouse(owner);
      owner = keys.owner(work);
    }
    return owner != null ? owner : keys.deal(work, workers, Worker::isHome);
  }

  /** Takes the keys from a worker, and finds others for what waits for it because of them. */
  private void rehouse(Worker worker) {
    keys.release(worker);
    List<Slice> homeless = worker.bound == null
        ? List.of()
        : worker.bound.removeIf(slice -> slice.work().hasKey());
    bound -= homeless.size();
    for (Slice slice : homeless) {
      linesFor(slice.work()).add(slice);
    }
  }

  /** Finds other workers for keys of those that have ended, and workers for keys that have none. */
  void rehouse() {
    if (bound > 0) {
      for (Worker worker : workers) {
        if (worker.bound != null && !worker.bound.isEmpty() && !worker.isHome()) {
          rehouse(worker);
        }
      }
    }
    houseHomeless();
  }

  private void houseHomeless() {
    if (homeless > 0 && workers.stream().anyMatch(Worker::isHome)) {
      homeless = 0;
      List<Slice> found = common.removeIf(slice -> slice.work().isBound());
      found.forEach(slice -> linesFor(slice.work()).add(slice));
    }
  }

  /** A worker is gone: returns what only it could have run. */
  List<Slice> removeAllFor(Worker worker) {
    rehouse(worker);
    List<Slice> left = worker.bound == null ? List.of() : worker.bound.removeIf(slice -> true);
    bound -= left.size();
    uncount(left);
    return left;
  }

  private void uncount(List<Slice> removed) {
    for (Slice slice : removed) {
      tasks -= slice.count();
    }
  }

  boolean isEmpty() {
    return common.isEmpty() && bound == 0 && held.isEmpty();
  }

  /** Tells whether something waits that any worker may run. */
  boolean hasCommon() {
    return !common.isEmpty();
  }

  /** Tells whether something waits for one worker. */
  boolean hasBound() {
    return bound > 0;
  }

  /** Returns the next slice that any worker may run, which stays. */
  @Nullable
  Slice peek() {
    return common.peek();
  }

  /** Removes the next slice that any worker may run. */
  Slice remove() {
    Slice slice = common.remove();
    homeless -= slice.work().isBound() ? 1 : 0;
    tasks -= slice.count();
    return slice;
  }

  /** Returns the next slice that only this worker may run, which stays. */
  @Nullable
  Slice peek(Worker worker) {
    return worker.bound == null ? null : worker.bound.peek();
  }

  /** Removes the next slice that only this worker may run. */
  Slice remove(Worker worker) {
    if (worker.bound == null) {
      throw new IllegalStateException("nothing is bound to " + worker.name);
    }
    Slice slice = worker.bound.remove();
    bound--;
    tasks -= slice.count();
    return slice;
  }

  /** Tells whether what is next of what only this worker may run is to go before all that any worker may. */
  boolean isBoundNext(Worker worker) {
    return worker.bound != null
        && !worker.bound.isEmpty()
        && (common.isEmpty() || worker.bound.isBefore(common));
  }

  /** Removes all slices of a work. */
  List<Slice> removeAll(Work work) {
    return removeAll(Set.of(work));
  }

  /** Removes all slices of some works. */
  List<Slice> removeAll(Set<Work> works) {
    return removeAll(slice -> works.contains(slice.work()));
  }

  /** Removes the slices that fulfil a condition. */
  List<Slice> removeAll(Predicate<Slice> condition) {
    List<Slice> removed = removeFromLines(condition);
    for (ArrayDeque<Slice> slices : held.values()) {
      slices.stream().filter(condition).forEach(removed::add);
      slices.removeIf(condition);
    }
    uncount(removed);
    return removed;
  }

  private List<Slice> removeFromLines(Predicate<Slice> condition) {
    List<Slice> removed = common.removeIf(condition);
    for (Slice slice : removed) {
      homeless -= slice.work().isBound() ? 1 : 0;
    }
    if (bound > 0) {
      for (Worker worker : workers) {
        if (worker.bound != null) {
          List<Slice> here = worker.bound.removeIf(condition);
          bound -= here.size();
          removed.addAll(here);
        }
      }
    }
    return removed;
  }

  /** Removes everything. */
  List<Slice> removeAll() {
    List<Slice> all = all();
    common.removeIf(slice -> true);
    for (Worker worker : workers) {
      if (worker.bound != null) {
        worker.bound.removeIf(slice -> true);
      }
    }
    held.clear();
    bound = 0;
    homeless = 0;
    tasks = 0;
    return all;
  }

  private List<Slice> all() {
    List<Slice> all = new ArrayList<>(common.all());
    for (Worker worker : workers) {
      if (worker.bound != null) {
        all.addAll(worker.bound.all());
      }
    }
    held.values().forEach(all::addAll);
    return all;
  }

  /** Returns the works of which all items are here and have never been begun. */
  List<Work> untouched() {
    Map<Work, Integer> items = new LinkedHashMap<>();
    for (Slice slice : all()) {
      if (Attempts.failed(slice.work(), slice.from()) == 0) {
        items.merge(slice.work(), slice.count(), Integer::sum);
      }
    }
    List<Work> untouched = new ArrayList<>();
    items.forEach((work, count) -> {
      if (count == work.count()) {
        untouched.add(work);
      }
    });
    return untouched;
  }

  /** Returns how long something has waited since it was accepted; -1 if nothing waits. */
  long oldestWaitNanos(long now) {
    List<Slice> fronts = common.fronts();
    for (Worker worker : workers) {
      if (worker.bound != null) {
        fronts.addAll(worker.bound.fronts());
      }
    }
    long oldest = -1;
    for (Slice front : fronts) {
      oldest = Math.max(oldest, Math.max(0, now - front.work().acceptedNanos()));
    }
    return oldest;
  }

  /** Returns the number of tasks. */
  long tasks() {
    return tasks;
  }

  // Ranks.

  /** Tells whether some work has had a priority or submitter since the pool was idle. */
  boolean isRanked() {
    return ranked;
  }

  /** The pool is idle: whoever had a priority or submitter is through. */
  void idle() {
    ranked = false;
  }

  /** Tells whether all that waits, and some work beside it if there is one, is in one line. */
  boolean isUniform(@Nullable Work beside) {
    if (common.isVaried()) {
      return false;
    }
    Slice next = common.peek();
    Work sample = next == null ? beside : next.work();
    if (beside != null && sample != null && !sample.isInLineWith(beside)) {
      return false;
    }
    if (bound > 0) {
      for (Worker worker : workers) {
        WaitingLines<Slice> lines = worker.bound;
        Slice own = lines == null ? null : lines.peek();
        if (lines != null && own != null) {
          if (lines.isVaried() || (sample != null && !sample.isInLineWith(own.work()))) {
            return false;
          }
          sample = own.work();
        }
      }
    }
    return true;
  }

  /** A unit is handed out. */
  void begun(Unit unit) {
    if (ranked) {
      unit.charged = shares.begun(unit.work);
    }
  }

  /** A unit has ended, after so much time of its worker. */
  void ended(Unit unit, long nanos) {
    if (unit.charged > 0) {
      shares.ended(unit.work, unit.charged, nanos);
      unit.charged = 0;
    }
  }

  /** A unit was taken back before it began. */
  void cameBack(Unit unit) {
    if (unit.charged > 0) {
      shares.cameBack(unit.work, unit.charged);
      unit.charged = 0;
    }
  }
}
