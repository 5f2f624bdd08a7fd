// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.Pool;
import io.procpool.WorkerSnapshot;
import io.procpool.WorkerSnapshot.CurrentTask;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/** What the threads of busy workers do, as text. */
final class WorkerThreads {
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final int MOST_WORKERS = 16;
  private static final int MOST_LINES = 400; // of a worker
  private static final String TASK_THREAD = "\"procpool-task\" ";
  private static final Pattern SERVICE_THREAD = Pattern.compile(
      "\"(?:procpool-.*|JFR .*|Reference Handler|Finalizer|Signal Dispatcher|Common-Cleaner"
          + "|Notification Thread|Service Thread|Attach Listener|DestroyJavaVM)\" ");

  private WorkerThreads() {}

  /**
   * Asks the workers, and waits for two seconds at most; one that has not answered is said to be silent. Those that have been at their input for longest come first; what there are
   * more of than 16 is counted only.
   *
   * @param label how the running input is called
   */
  static String of(Pool pool, Function<CurrentTask, String> label) throws InterruptedException {
    List<WorkerSnapshot> busy = pool.snapshot().workers().stream()
        .filter(worker -> worker.task().isPresent())
        .sorted(Comparator.comparing(
                (WorkerSnapshot worker) -> worker.task().orElseThrow().runTime())
            .reversed())
        .toList();
    if (busy.isEmpty()) {
      return "";
    }
    return text(busy, pool.threadDumps(PATIENCE), label);
  }

  static String text(
      List<WorkerSnapshot> busy, Map<String, String> dumps, Function<CurrentTask, String> label) {
    StringBuilder text = new StringBuilder();
    for (WorkerSnapshot worker : busy.subList(0, Math.min(MOST_WORKERS, busy.size()))) {
      text.append("pool-master: threads of ").append(worker.name());
      text.append(" (pid ").append(worker.pid()).append("), which was at ");
      text.append(Texts.blanks(label.apply(worker.task().orElseThrow()))).append(":\n");
      append(dumps.getOrDefault(worker.name(), "its process has ended"), text);
    }
    if (busy.size() > MOST_WORKERS) {
      text.append("pool-master: and ")
          .append(Texts.count(busy.size() - MOST_WORKERS, "busy worker"))
          .append(" more\n");
    }
    return text.toString();
  }

  /** The task's thread comes first; what the JVM and the pool have for themselves is counted only. */
  private static void append(String dump, StringBuilder text) {
    List<String> shown = new ArrayList<>();
    int others = 0;
    for (String thread : dump.strip().split("\n\n")) {
      if (thread.startsWith(TASK_THREAD)) {
        shown.add(0, thread);
      } else if (SERVICE_THREAD.matcher(thread).lookingAt()) {
        others++;
      } else {
        shown.add(thread);
      }
    }
    List<String> lines = String.join("\n\n", shown).lines().toList();
    for (String line : lines.subList(0, Math.min(MOST_LINES, lines.size()))) {
      text.append(line.isEmpty() ? "" : "  ").append(line).append('\n');
    }
    if (lines.size() > MOST_LINES) {
      text.append("  and ").append(lines.size() - MOST_LINES).append(" lines more\n");
    }
    if (others > 0) {
      text.append("  and ")
          .append(Texts.count(others, "thread"))
          .append(" of the JVM and the pool\n");
    }
  }
}
