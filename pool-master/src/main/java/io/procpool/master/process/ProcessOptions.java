// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/** Refuses options that this machine cannot honour. */
final class ProcessOptions {
  private ProcessOptions() {}

  static void check(PoolOptions options) {
    if (options.maxHeapBytes() > 0) {
      long memory = memoryBytes();
      if (options.maxHeapBytes() > memory) {
        throw new IllegalArgumentException("maxHeapBytes: " + options.maxHeapBytes()
            + " is more than the memory of this machine or control group, " + memory
            + " bytes; lower it");
      }
    }
    options.workingDirectory().ifPresent(directory -> {
      if (!Files.isDirectory(directory)) {
        throw new IllegalArgumentException(
            "workingDirectory: " + directory + " (expected: an existing directory)");
      }
    });
    options.javaExecutable().ifPresent(java -> {
      if (!Files.isExecutable(java) || Files.isDirectory(java)) {
        throw new IllegalArgumentException(
            "javaExecutable: " + java + " (expected: an executable file)");
      }
    });
    for (Path entry : options.classPath()) {
      if (!Files.exists(entry)) {
        throw new IllegalArgumentException("classPath: " + entry + " does not exist");
      }
    }
  }

  /** Returns the memory this process may use: the machine's, or its control group's. */
  static long memoryBytes() {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return system.getTotalMemorySize();
  }
}
