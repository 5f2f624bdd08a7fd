// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Counts what the kernel's out-of-memory killer has killed, where the system tells it. Safe for use by multiple threads. */
public final class KernelKills {
  /*
   * Whose. The group's count is of processes in it, whatever memory was short: it is a fact that one of them was killed. The machine's is of all
   *        processes there are, and no more than a hint.
   * Group. Workers are in the group of this process unless somebody moves them, or this process, while it runs.
   */
  private static final KernelKills SYSTEM =
      new KernelKills(Path.of("/sys/fs/cgroup"), Path.of("/proc"));
  private static final String KEY = "oom_kill ";

  private final List<Path> groupFiles;
  private final Path machineFile;

  KernelKills(Path groups, Path proc) {
    groupFiles = MachineMemory.groups(groups, proc.resolve("self/cgroup")).stream()
        .map(group ->
            group.directory().resolve(group.unified() ? "memory.events" : "memory.oom_control"))
        .filter(Files::isReadable)
        .toList();
    machineFile = proc.resolve("vmstat");
  }

  /** Returns those of this system. */
  public static KernelKills ofThisSystem() {
    return SYSTEM;
  }

  /**
   * How many there have been; -1 where it is not known.
   *
   * @param group in the control group of this process
   * @param machine in all
   */
  public record Count(long group, long machine) {}

  /** Counts. Reads two small files. */
  public Count count() {
    long group = -1;
    for (Path file : groupFiles) {
      group = value(file);
      if (group >= 0) {
        break; // the innermost group that counts
      }
    }
    return new Count(group, value(machineFile));
  }

  /** Returns where the count of the control group comes from, for messages. */
  public String groupSource() {
    return groupFiles.isEmpty() ? "" : groupFiles.get(0).toString();
  }

  private static long value(Path file) {
    for (String line : MachineMemory.lines(file)) {
      if (line.startsWith(KEY)) {
        try {
          return Long.parseLong(line.substring(KEY.length()).strip());
        } catch (NumberFormatException unknown) {
          return -1;
        }
      }
    }
    return -1;
  }
}
