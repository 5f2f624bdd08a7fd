// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Where sessions have their files there is no room at times: what needs some fails and says so, all else goes on, and nothing is left. Needs the right to mount. */
@Timeout(value = 2, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@EnabledOnOs(OS.LINUX)
final class FullDiskTest {
  @TempDir
  Path directory;

  private Path small;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    small = Files.createDirectory(directory.resolve("small"));
    mounted = succeeds("mount", "-t", "tmpfs", "-o", "size=4m", "procpool-test", small.toString());
    assumeTrue(mounted, "this user may not mount");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(succeeds("umount", small.toString())).isTrue();
    }
  }

  private static boolean succeeds(String... command) throws Exception {
    Process process = new ProcessBuilder(command)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
    return process.waitFor() == 0;
  }

  @Test
  void sessionDirectoryFull_whatNeedsNoRoomGoesOn() throws Exception {
    Path log = directory.resolve("log");
    Process master = new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xmx128m",
            "-Dprocpool.directory=" + small,
            "-cp",
            System.getProperty("java.class.path"),
            FullDiskMaster.class.getName(),
            small.toString())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
    try {
      assertThat(master.waitFor(Faults.LONG.toSeconds() * 3, TimeUnit.SECONDS)).isTrue();
    } finally {
      master.destroyForcibly().waitFor();
    }
    String text = Files.readString(log, StandardCharsets.UTF_8);
    List<String> said = text.lines().filter(line -> line.matches("[a-z]+ = .*")).toList();
    assertThat(said).as(text).hasSize(10);
    assertThat(said.get(0)).startsWith("open = ").contains("No space left");
    assertThat(said.get(4))
        .startsWith("shared = OutOfSharedMemoryException: ")
        .contains("0 bytes are available", "-Dprocpool.directory");
    assertThat(said.get(5)).startsWith("crash = WorkerCrashedException: ").contains("with 7");
    assertThat(said)
        .contains(
            "empty = 2",
            "small = [2, 3, 4]",
            "large = 8388608",
            "after = 3",
            "busy = [5, 6]",
            "workers = 3",
            "many = 30");
    assertThat(text).contains("no room for the worker segment");
    assertThat(small.toFile().list()).isEmpty();
  }
}
