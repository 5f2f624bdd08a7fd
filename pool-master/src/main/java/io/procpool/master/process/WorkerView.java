// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.TaskProgress;
import io.procpool.WorkerSnapshot;
import io.procpool.WorkerSnapshot.CurrentTask;
import io.procpool.ipc.WorkerSegment;
import io.procpool.ipc.WorkerSegment.UnitState;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Tells what a worker is doing. Event loop only. */
final class WorkerView {
  /*
   * The worker goes on while it is looked at. What belongs to one item is read between two looks at which item that is; if it changes all the time, its tasks are too short
   * for anybody to see. What the worker says itself counts only as far as it can be true.
   */
  private static final int LOOKS = 5;

  private WorkerView() {}

  static WorkerSnapshot of(Worker worker, long now) {
    long age = now - worker.spawnedNanos;
    long ended = worker.assignedTasks;
    long waiting = 0;
    CurrentTask task = null;
    long heapBytes = -1;
    for (Unit unit : worker.units) {
      UnitState state = unit.segment.state(unit.seq);
      int count = unit.to - unit.from;
      int begun = Math.min(unit.segment.begun(unit.seq), count);
      int over = state == UnitState.DONE ? count : hasBegun(state) ? Math.max(0, begun - 1) : 0;
      ended -= count - over;
      waiting += state == UnitState.DONE ? 0 : hasBegun(state) ? count - begun : count;
      if (task == null && hasBegun(state)) {
        task = running(unit, now, age);
        heapBytes = unit.segment.heapBytes(unit.seq);
      }
    }
    return new WorkerSnapshot(
        worker.name,
        worker.pid,
        worker.processExited
            ? WorkerSnapshot.State.EXITED
            : WorkerSnapshot.State.valueOf(worker.state.name()),
        Duration.ofNanos(now - worker.stateSinceNanos),
        Duration.ofNanos(age),
        Math.max(0, ended),
        waiting,
        Optional.ofNullable(task),
        -1,
        heapBytes,
        worker.debugPort);
  }

  private static boolean hasBegun(UnitState state) {
    return state.isRunning() || state == UnitState.KILLED;
  }

  private static @Nullable CurrentTask running(Unit unit, long now, long age) {
    WorkerSegment segment = unit.segment;
    for (int i = 0; i < LOOKS; i++) {
      int begun = segment.begun(unit.seq);
      if (begun < 1 || begun > unit.to - unit.from) {
        return null;
      }
      long ran = now - segment.itemStartNanos();
      Optional<TaskProgress> progress = unit.progress();
      if (segment.begun(unit.seq) == begun) {
        long ranNanos = Math.max(0, Math.min(ran, age));
        return unit.work.running(
            unit.from + begun - 1, unit.attempt, Duration.ofNanos(ranNanos), progress);
      }
    }
    return null;
  }
}
