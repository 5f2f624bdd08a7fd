// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/** Facts on the machine. */
final class Machine {
  private Machine() {}

  /** Returns the memory this process may use in bytes: the machine's, or its control group's if that is less. */
  static long memoryBytes() {
    long memory = operatingSystem().getTotalMemorySize();
    OptionalLong limit = groupLimitBytes();
    return limit.isPresent() ? Math.min(memory, limit.getAsLong()) : memory;
  }

  static OperatingSystemMXBean operatingSystem() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
  }

  /** Returns the memory limit of this process's control group, if there is one. */
  static OptionalLong groupLimitBytes() {
    OptionalLong smallest = OptionalLong.empty();
    for (String line : lines(Path.of("/proc/self/cgroup"))) {
      String[] parts = line.split(":", 3);
      if (parts.length != 3) {
        continue;
      }
      Path root = Path.of("/sys/fs/cgroup");
      boolean unified = parts[1].isEmpty();
      if (!unified && !parts[1].contains("memory")) {
        continue;
      }
      Path base = unified ? root : root.resolve("memory");
      Path group = base.resolve(parts[2].replaceFirst("^/+", "")).normalize();
      while (group != null && group.startsWith(base)) {
        for (String value :
            lines(group.resolve(unified ? "memory.max" : "memory.limit_in_bytes"))) {
          if (value.matches("[0-9]{1,18}")) {
            long limit = Long.parseLong(value);
            if (smallest.isEmpty() || limit < smallest.getAsLong()) {
              smallest = OptionalLong.of(limit);
            }
          }
        }
        group = group.getParent();
      }
    }
    return smallest;
  }

  /** Returns the value in bytes of a line of {@code /proc/PID/status} such as VmHWM, if there is one. */
  static OptionalLong statusBytes(long pid, String key) {
    for (String line : lines(Path.of("/proc/" + pid + "/status"))) {
      if (line.startsWith(key + ":")) {
        String[] words = line.split("\\s+");
        return OptionalLong.of(Long.parseLong(words[1]) * 1024);
      }
    }
    return OptionalLong.empty();
  }

  /** Returns the processor's name as the system gives it, or the architecture. */
  static String processor() {
    for (String line : lines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("model name")) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return System.getProperty("os.arch", "unknown");
  }

  /** Returns the lines of a small file of the kernel; none if it cannot be read. */
  static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException | SecurityException e) {
      return List.of();
    }
  }
}
