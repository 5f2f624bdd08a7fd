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

  static OperatingSystemMXBean operatingSystem() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
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
