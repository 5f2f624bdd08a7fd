// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the files of the kernel say of its out-of-memory killer, in both versions of control groups. */
final class KernelKillsTest {
  @TempDir
  Path directory;

  private Path groups;
  private Path proc;

  @BeforeEach
  void makeDirectories() throws IOException {
    groups = Files.createDirectories(directory.resolve("cgroup"));
    proc = directory.resolve("proc");
    write(proc.resolve("vmstat"), "nr_free_pages 7\noom_kill 5\nnr_x 1\n");
  }

  private static void write(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void unified_eventsOfTheGroup_count() throws IOException {
    write(proc.resolve("self/cgroup"), "0::/jobs/one\n");
    Path events = groups.resolve("jobs/one/memory.events");
    write(events, "low 0\nhigh 4\noom 3\noom_kill 2\noom_group_kill 9\n");
    write(groups.resolve("jobs/memory.events"), "oom_kill 70\n");
    KernelKills kills = new KernelKills(groups, proc);
    assertThat(kills.count()).isEqualTo(new KernelKills.Count(2, 5));
    assertThat(kills.groupSource()).isEqualTo(events.toString());
    write(events, "oom 4\noom_kill 3\n");
    assertThat(kills.count()).isEqualTo(new KernelKills.Count(3, 5));
  }

  @Test
  void versionOne_controlOfTheGroup_counts() throws IOException {
    write(proc.resolve("self/cgroup"), "4:memory:/a/b\n1:cpu:/\n0::/\n");
    write(
        groups.resolve("memory/a/b/memory.oom_control"),
        "oom_kill_disable 0\nunder_oom 0\noom_kill 11\n");
    assertThat(new KernelKills(groups, proc).count()).isEqualTo(new KernelKills.Count(11, 5));
  }

  /** In a container the group's own path need not be visible: then the nearest one around it counts. */
  @Test
  void group_notVisible_nearestOneAround() throws IOException {
    write(proc.resolve("self/cgroup"), "0::/hidden/deep\n");
    write(groups.resolve("memory.events"), "oom_kill 1\n");
    assertThat(new KernelKills(groups, proc).count().group()).isEqualTo(1);
  }

  @Test
  void nothingReadable_isUnknownAndSaysNothing() {
    KernelKills kills = new KernelKills(directory.resolve("no"), directory.resolve("neither"));
    assertThat(kills.count()).isEqualTo(new KernelKills.Count(-1, -1));
    assertThat(new KillLedger(kills, System::nanoTime).judge(null))
        .isEqualTo(new KillLedger.Verdict(false, ""));
  }
}
