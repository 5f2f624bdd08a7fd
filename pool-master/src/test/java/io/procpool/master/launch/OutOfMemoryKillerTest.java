// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.procpool.master.process.Faults;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel's own out-of-memory killer ends a worker in a control group that is full: the failure says that it was this, and what the worker had; a kill by somebody else afterwards is not taken for it.
 * Needs the right to make control groups.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class OutOfMemoryKillerTest {
  private static final String LIMIT_BYTES = String.valueOf(300L << 20);
  private static final int KILLED = 137;
  private static final int TIMES = 5;

  @TempDir
  Path directory;

  private @Nullable Path group;

  private void makeGroup() {
    List<String> refusals = new ArrayList<>();
    String name = "procpool-test-" + ProcessHandle.current().pid();
    for (MachineMemory.Group around :
        MachineMemory.groups(Path.of("/sys/fs/cgroup"), Path.of("/proc/self/cgroup"))) {
      if (group == null) {
        group = made(around.directory().resolve(name), around.unified(), refusals);
      }
    }
    assumeTrue(group != null, "no control group with a limit of memory can be made: " + refusals);
  }

  /** Makes a group whose memory is limited, with what may be swapped out; null if that cannot be. */
  private static @Nullable Path made(Path group, boolean unified, List<String> refusals) {
    try {
      Files.createDirectory(group);
    } catch (IOException refused) {
      refusals.add(refused.toString());
      return null;
    }
    try {
      Path limit = group.resolve(unified ? "memory.max" : "memory.limit_in_bytes");
      if (!Files.exists(limit)) {
        throw new IOException("there is no " + limit);
      }
      Files.writeString(limit, LIMIT_BYTES);
      Path swap = group.resolve(unified ? "memory.swap.max" : "memory.swappiness");
      if (Files.exists(swap)) {
        Files.writeString(swap, "0");
      }
      return group;
    } catch (IOException refused) {
      refusals.add(refused.toString());
      group.toFile().delete();
      return null;
    }
  }

  @AfterEach
  void removeGroup() {
    Path made = group;
    if (made != null) {
      Faults.awaitLong("the group to be empty").until(() -> made.toFile().delete());
      group = null;
    }
  }

  /** What a killed worker had is free after some milliseconds only; if the master needs a page meanwhile, the kernel kills it, too. Then there is nothing to be seen. */
  @Test
  void groupIsFull_workerIsKilled_failureSaysByWhom() throws Exception {
    Path log = directory.resolve("log");
    int exit = KILLED;
    for (int i = 0; i < TIMES && exit == KILLED; i++) {
      removeGroup();
      makeGroup();
      exit = runMaster(log);
    }
    String text = Files.readString(log, StandardCharsets.UTF_8);
    assertThat(exit).as(text).isZero();
    assertThat(text)
        .containsPattern("first = KERNEL_OUT_OF_MEMORY SIGKILL true [1-9][0-9]+ true\n")
        .containsPattern("worker-1 \\(pid [0-9]+\\) exited with 137 \\(usually SIGKILL\\) after ")
        .contains(
            "killed by the kernel's out-of-memory killer: it has killed 1 of this control group ("
                + group + "/memory.")
        .contains(": oom_kill 0 -> 1)")
        .containsPattern("memory when last looked at: resident [1-9][0-9]+\\.[0-9] MiB")
        .containsPattern("second = SIGNAL SIGKILL true ")
        .contains("third = 2\n", "crashed = 3\n", "end\n");
  }

  private int runMaster(Path log) throws Exception {
    // The shell enters the group before it becomes the master.
    Process master = new ProcessBuilder(
            "sh",
            "-c",
            "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"",
            String.valueOf(group),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx64m",
            "-cp",
            System.getProperty("java.class.path"),
            OutOfMemoryKillerMaster.class.getName())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
    try {
      assertThat(master.waitFor(Faults.LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
    } finally {
      master.destroyForcibly().waitFor();
    }
    return master.exitValue();
  }
}
