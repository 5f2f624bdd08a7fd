// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Asks a JVM whether it takes some flags, before workers are started with them: one line in the place of the complaints of
 * every worker and every attempt. A JVM that does not answer in time (a debugger that waits) is taken to agree.
 */
final class JvmFlags {
  private static final long PATIENCE_SECONDS = 10;
  private static final int MAX_ANSWER_BYTES = 1 << 16;

  private JvmFlags() {}

  /** Checks the flags that {@code --jvm-arg} and {@code --heap} give to the workers. */
  static void check(List<String> jvmArgs, long heapBytes) throws CommandException {
    if (jvmArgs.isEmpty() && heapBytes == 0) {
      return;
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    if (heapBytes > 0) {
      command.add("-Xmx" + heapBytes);
    }
    command.addAll(jvmArgs);
    command.add("-version");
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      process.getOutputStream().close();
      Thread reaper = new Thread(() -> reap(process), "pool-master-flags");
      reaper.setDaemon(true);
      reaper.start();
      String answer;
      try (InputStream in = process.getInputStream()) {
        answer = new String(in.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
        in.transferTo(OutputStream.nullOutputStream());
      }
      if (process.waitFor() == 1) {
        throw CommandException.usage(
            (jvmArgs.isEmpty() ? "--heap" : "--jvm-arg") + ": the workers' JVM refuses "
                + String.join(" ", command.subList(1, command.size() - 1)) + " ("
                + firstComplaint(answer) + "); correct or remove the flag");
      }
    } catch (IOException e) {
      // the pool will say why no JVM can be started
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void reap(Process process) {
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }

  private static String firstComplaint(String answer) {
    List<String> complaint = answer
        .lines()
        .filter(line -> !line.isBlank() && !line.startsWith("Picked up "))
        .limit(2)
        .toList();
    return complaint.isEmpty() ? "it says nothing" : Texts.brief(String.join("\n", complaint));
  }
}
