// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.master.flight.Flight;

/** What workers have: gives them units, and takes away those that they have not begun. Event loop only. */
final class Units {
  private final Pending pending;
  private final TaskClock clock;
  private long tasks;

  Units(Pending pending, TaskClock clock) {
    this.pending = pending;
    this.clock = clock;
  }

  /** A worker is to get a unit. */
  void add(Unit unit) {
    Worker worker = unit.worker;
    int count = unit.to - unit.from;
    tasks += count;
    worker.units.add(unit);
    worker.assignedTasks += count;
    worker.bytesInFlight += unit.bytes;
    unit.flight = Flight.taskBegins();
    worker.segment().offer(unit.seq, count);
    pending.begun(unit);
  }

  /** A worker has ended its first unit. */
  void ended(Worker worker, Unit unit) {
    worker.units.remove();
    worker.bytesInFlight -= unit.bytes;
    settle(worker);
    clock.headEnded(worker);
  }

  /** Items of units have an outcome, or belong to no worker any more. */
  void over(int count) {
    tasks -= count;
  }

  /** Takes a unit back to where it waits for another worker; false if it has begun, or was cancelled. */
  boolean takeBack(Unit unit) {
    if (!unit.segment.revoke(unit.seq)) {
      return false;
    }
    removeRevoked(unit);
    pending.putBack(new Slice(unit.work, unit.received, unit.to));
    return true;
  }

  /** A unit has been taken back in the segment: its worker does not have it any more. */
  void removeRevoked(Unit unit) {
    Worker worker = unit.worker;
    boolean wasHead = worker.units.peek() == unit;
    pending.cameBack(unit);
    worker.units.remove(unit);
    worker.assignedTasks -= unit.to - unit.received;
    worker.bytesInFlight -= unit.bytes;
    tasks -= unit.to - unit.received;
    settle(worker);
    if (wasHead) {
      clock.head(worker);
    }
  }

  /** A unit ends earlier, as it does in the segment; returns what it has lost. */
  Slice cut(Unit unit, int end) {
    Slice rest = new Slice(unit.work, end, unit.to);
    unit.worker.assignedTasks -= rest.count();
    unit.to = end;
    tasks -= rest.count();
    return rest;
  }

  /** A worker has one unit less. */
  private static void settle(Worker worker) {
    if (worker.units.isEmpty() && worker.state == Worker.State.BUSY) {
      worker.enter(Worker.State.READY);
    }
  }

  /** Returns the number of tasks that workers have. */
  long tasks() {
    return tasks;
  }
}
