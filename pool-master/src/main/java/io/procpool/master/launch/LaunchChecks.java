// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Refuses options of JVMs that this machine cannot honour. */
public final class LaunchChecks {
  private LaunchChecks() {}

  /**
   * Checks options.
   *
   * @throws IllegalArgumentException naming the first that cannot be
   */
  public static void check(
      long maxHeapBytes,
      Optional<Path> workingDirectory,
      Optional<Path> javaExecutable,
      List<Path> classPath) {
    if (maxHeapBytes > 0) {
      long memory = MachineMemory.bytes();
      if (maxHeapBytes > memory) {
        throw new IllegalArgumentException("maxHeapBytes: " + maxHeapBytes
            + " is more than the memory of this machine or control group, " + memory
            + " bytes; lower it");
      }
    }
    workingDirectory.ifPresent(directory -> {
      if (!Files.isDirectory(directory)) {
        throw new IllegalArgumentException(
            "workingDirectory: " + directory + " (expected: an existing directory)");
      }
    });
    javaExecutable.ifPresent(java -> {
      if (!Files.isExecutable(java) || Files.isDirectory(java)) {
        throw new IllegalArgumentException(
            "javaExecutable: " + java + " (expected: an executable file)");
      }
    });
    for (Path entry : classPath) {
      if (!Files.exists(entry)) {
        throw new IllegalArgumentException("classPath: " + entry + " does not exist");
      }
    }
  }
}
