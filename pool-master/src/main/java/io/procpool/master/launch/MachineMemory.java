// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** The memory that this process may use. Read once. Safe for use by multiple threads. */
public final class MachineMemory {
  private static final Path GROUPS = Path.of("/sys/fs/cgroup");

  private MachineMemory() {}

  /** Read when first asked for. */
  private static final class Known {
    static final OptionalLong GROUP_LIMIT = readGroupLimit();
    static final long BYTES = Math.min(readTotal(), GROUP_LIMIT.orElse(Long.MAX_VALUE));
  }

  /** Returns the memory this process may use in bytes: the machine's, or its control group's if that is less. */
  public static long bytes() {
    return Known.BYTES;
  }

  /** Returns the smallest memory limit of the control groups of this process, if there is one. */
  public static OptionalLong groupLimitBytes() {
    return Known.GROUP_LIMIT;
  }

  /** The file tells faster than the JDK, which loads its management for that. */
  private static long readTotal() {
    for (String line : lines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemTotal:") && line.endsWith(" kB")) {
        return Long.parseLong(
                line.substring("MemTotal:".length(), line.length() - 3).strip())
            * 1024;
      }
    }
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
  }

  private static OptionalLong readGroupLimit() {
    long smallest = Long.MAX_VALUE;
    for (Group group : groups(GROUPS, Path.of("/proc/self/cgroup"))) {
      smallest = Math.min(
          smallest,
          limit(
              group.directory().resolve(group.unified() ? "memory.max" : "memory.limit_in_bytes")));
    }
    return smallest == Long.MAX_VALUE ? OptionalLong.empty() : OptionalLong.of(smallest);
  }

  /**
   * A control group for memory.
   *
   * @param unified whether it is of version 2
   */
  record Group(Path directory, boolean unified) {}

  /** Returns the control groups for memory that a file of {@code /proc} names, and those around them; each after those that it holds. */
  static List<Group> groups(Path mount, Path file) {
    List<Group> groups = new ArrayList<>();
    for (String line : lines(file)) {
      int first = line.indexOf(':');
      int second = line.indexOf(':', first + 1);
      if (first < 0 || second < 0) {
        continue;
      }
      String controllers = line.substring(first + 1, second);
      boolean unified = controllers.isEmpty();
      if (!unified && !controllers.contains("memory")) {
        continue;
      }
      Path base = unified ? mount : mount.resolve("memory");
      Path group = base.resolve("." + line.substring(second + 1)).normalize();
      while (group != null && group.startsWith(base)) {
        groups.add(new Group(group, unified));
        group = group.getParent();
      }
    }
    return groups;
  }

  private static long limit(Path file) {
    for (String value : lines(file)) {
      try {
        return Long.parseLong(value.strip());
      } catch (NumberFormatException noLimit) {
        // "max"
      }
    }
    return Long.MAX_VALUE;
  }

  static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException | SecurityException unreadable) {
      return List.of();
    }
  }
}
