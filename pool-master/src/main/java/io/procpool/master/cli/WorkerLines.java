// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.PoolSnapshot;
import io.procpool.TaskProgress;
import io.procpool.WorkerSnapshot;
import io.procpool.WorkerSnapshot.CurrentTask;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** What the workers are doing, one line for each. */
final class WorkerLines {
  private WorkerLines() {}

  /**
   * Returns lines for a terminal: those that have been busy for longest if there is no room for all.
   *
   * @param room how many lines there may be
   * @param label how the running input is called
   */
  static List<String> of(PoolSnapshot snapshot, int room, Function<CurrentTask, String> label) {
    List<WorkerSnapshot> shown = new ArrayList<>(snapshot.workers());
    int left = 0;
    if (shown.size() > room) {
      shown.sort(Comparator.comparing(
              (WorkerSnapshot worker) -> worker.task().map(CurrentTask::runTime).orElse(null),
              Comparator.nullsFirst(Comparator.naturalOrder()))
          .reversed());
      left = shown.size() - Math.max(0, room - 1);
      shown = shown.subList(0, shown.size() - left);
    }
    List<String> lines = new ArrayList<>();
    for (WorkerSnapshot worker : shown) {
      lines.add(line(worker, label));
    }
    if (left > 0 && room > 0) {
      lines.add("  and " + Texts.count(left, "worker") + (shown.isEmpty() ? "" : " more"));
    }
    return lines;
  }

  private static String line(WorkerSnapshot worker, Function<CurrentTask, String> label) {
    String start = String.format(
        Locale.ROOT,
        "  %-9s %7s %-8s %8s",
        worker.name(),
        worker.pid() < 0 ? "-" : worker.pid(),
        worker.state(),
        worker.rssBytes() < 0 ? "" : (worker.rssBytes() >> 20) + " MiB");
    return worker
        .task()
        .map(task -> start
            + String.format(Locale.ROOT, " %9s  ", Texts.time(task.runTime()))
            + task.progress().map(WorkerLines::text).orElse("")
            + label.apply(task))
        .orElse(start);
  }

  private static String text(TaskProgress progress) {
    return Math.round(progress.fraction() * 100) + " % "
        + (progress.message().isEmpty() ? "" : progress.message() + ", ");
  }
}
