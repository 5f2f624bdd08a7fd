// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.WorkerSnapshot;
import io.procpool.WorkerSnapshot.CurrentTask;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What is printed of the threads of busy workers is bounded, and of each it is said if there is nothing. */
final class WorkerThreadsTest {
  private static WorkerSnapshot worker(int number) {
    CurrentTask task = new CurrentTask(
        number,
        number - 1,
        "work",
        1,
        Duration.ZERO,
        Optional.empty(),
        0,
        Optional.empty(),
        Optional.empty());
    return new WorkerSnapshot(
        "worker-" + number,
        1000 + number,
        WorkerSnapshot.State.BUSY,
        Duration.ZERO,
        Duration.ZERO,
        0,
        0,
        Optional.of(task),
        -1,
        -1,
        -1);
  }

  @Test
  void text_manyWorkersAndLines_isBounded() {
    List<WorkerSnapshot> busy =
        IntStream.rangeClosed(1, 20).mapToObj(n -> worker(n)).toList();
    String text = WorkerThreads.text(
        busy,
        Map.of(
            "worker-1",
            "\"Finalizer\" WAITING daemon\n    at a.B.c\n\n\"x\" BLOCKED\n\n\"procpool-task\" RUNNABLE\n    at a.B.d\n\n"
                + "\"procpool-watcher\" RUNNABLE\n\ndeadlock of 2 threads:\n",
            "worker-2",
            "line\n".repeat(500)),
        task -> "input " + task.taskId());
    assertThat(text)
        .startsWith("pool-master: threads of worker-1 (pid 1001), which was at input 1:\n"
            + "  \"procpool-task\" RUNNABLE\n      at a.B.d\n\n  \"x\" BLOCKED\n\n  deadlock of 2 threads:\n"
            + "  and 2 threads of the JVM and the pool\n"
            + "pool-master: threads of worker-2 (pid 1002), which was at input 2:\n  line\n")
        .contains("  line\n  and 100 lines more\npool-master: threads of worker-3 ")
        .contains("worker-16 (pid 1016), which was at input 16:\n  its process has ended\n")
        .endsWith("pool-master: and 4 busy workers more\n")
        .doesNotContain("worker-17");
  }
}
