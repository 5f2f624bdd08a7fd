// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import io.procpool.WorkerSnapshot.CurrentTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Snapshots as text. */
final class SnapshotText {
  private static final String INDENT = "  ";

  private SnapshotText() {}

  static String of(PoolSnapshot pool) {
    List<String> lines = new ArrayList<>();
    PoolStatistics counts = pool.statistics();
    lines.add("pool \"" + pool.name() + "\" (" + pool.backend() + ", "
        + pool.state().name().toLowerCase(Locale.ROOT) + ") at " + pool.when()
        + (pool.current() ? "" : ": what was known then, because it does not answer now"));
    lines.add(INDENT + "workers: " + counts.workersStarting() + " starting, "
        + counts.workersReady() + " ready, " + counts.workersBusy() + " busy, of "
        + counts.minWorkers() + " to " + counts.maxWorkers()
        + "; " + counts.readySpares() + " spares; " + counts.spawnedWorkers() + " spawned, "
        + counts.crashedWorkers() + " crashed, " + counts.retiredWorkers() + " retired so far");
    lines.add(INDENT + "tasks: " + counts.pendingTasks() + " pending"
        + pool.oldestWait().map(wait -> " (for up to " + time(wait) + ")").orElse("") + ", "
        + counts.activeTasks() + " in workers; " + counts.completedTasks() + " completed, "
        + counts.lostTasks() + " lost, " + counts.cancelledTasks() + " cancelled so far");
    limits(pool.backPressure(), lines);
    List<List<String>> rows = new ArrayList<>();
    pool.workers().forEach(worker -> rows.add(row(worker)));
    table(rows, lines);
    return String.join("\n", lines);
  }

  private static void limits(PoolSnapshot.BackPressure load, List<String> lines) {
    List<String> limits = new ArrayList<>();
    if (load.maxTasks() != Integer.MAX_VALUE) {
      limits.add(load.tasks() + " of at most " + load.maxTasks() + " tasks");
    }
    if (load.maxBytes() != Long.MAX_VALUE) {
      limits.add(bytes(load.bytes()) + " of at most " + bytes(load.maxBytes()));
    }
    if (!limits.isEmpty()) {
      lines.add(INDENT + "accepted: " + String.join(", ", limits));
    }
  }

  private static List<String> row(WorkerSnapshot worker) {
    return List.of(
        worker.name(),
        worker.pid() < 0 ? "pid -" : "pid " + worker.pid(),
        worker.state().name(),
        "for " + time(worker.inState()),
        "age " + time(worker.age()),
        "ended " + worker.endedTasks(),
        "waiting " + worker.waitingTasks(),
        "rss " + bytes(worker.rssBytes()),
        "heap " + bytes(worker.heapBytes()),
        worker.debugPort() < 0 ? "" : "debug " + worker.debugPort(),
        worker.task().map(SnapshotText::task).orElse(""));
  }

  private static String task(CurrentTask task) {
    StringBuilder text = new StringBuilder("task " + task.taskId() + " (" + task.name() + ")");
    if (task.input() >= 0) {
      text.append(" input ").append(task.input());
    }
    if (task.attempt() > 1) {
      text.append(" attempt ").append(task.attempt());
    }
    text.append(" for ").append(time(task.runTime()));
    task.progress()
        .ifPresent(progress -> text.append(", ")
            .append(Math.round(progress.fraction() * 100))
            .append(" %")
            .append(progress.message().isEmpty() ? "" : " " + oneLine(progress.message())));
    if (task.priority() != 0) {
      text.append(", priority ").append(task.priority());
    }
    task.submitter().ifPresent(who -> text.append(", of ").append(oneLine(who)));
    task.key().ifPresent(key -> text.append(", key ").append(oneLine(key)));
    return text.toString();
  }

  private static void table(List<List<String>> rows, List<String> lines) {
    if (rows.isEmpty()) {
      return;
    }
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        if (widths[i] == 0) {
          continue;
        }
        String cell = row.get(i);
        line.append(INDENT).append(cell).append(" ".repeat(widths[i] - cell.length()));
      }
      lines.add(line.toString().stripTrailing());
    }
  }

  /** What tasks and users say may hold anything, also what terminals obey. */
  private static String oneLine(String text) {
    return text.replaceAll("\\p{Cntrl}+", " ");
  }

  private static String time(Duration time) {
    long millis = time.toMillis();
    if (millis < 1000) {
      return millis + " ms";
    }
    if (millis < 60_000) {
      return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
    }
    return time.toHours() > 0
        ? time.toHours() + " h " + time.toMinutesPart() + " min"
        : time.toMinutes() + " min " + time.toSecondsPart() + " s";
  }

  private static String bytes(long bytes) {
    if (bytes < 0) {
      return "-";
    }
    return bytes < 1 << 20 ? bytes + " B" : (bytes >> 20) + " MiB";
  }
}
