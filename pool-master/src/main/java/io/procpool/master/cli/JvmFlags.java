// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Asks a JVM whether it runs a class with some flags, before workers are started with them: one line in the place of the complaints of
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
    List<String> asked = new ArrayList<>();
    if (heapBytes > 0) {
      asked.add("-Xmx" + heapBytes);
    }
    asked.addAll(jvmArgs);
    Path folder = null;
    try {
      folder = Files.createTempDirectory("procpool-flags-");
      String complaint = complaint(command(asked, folder));
      if (complaint != null) {
        throw CommandException.usage((jvmArgs.isEmpty() ? "--heap" : "--jvm-arg")
            + ": the workers' JVM refuses " + String.join(" ", asked) + " (" + complaint
            + "); correct or remove the flag");
      }
    } catch (IOException | URISyntaxException e) {
      // the pool will say why no JVM can be started
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      delete(folder);
    }
  }

  /** Returns what starts a JVM as a worker's is started, but for what no flag of the user can clash with. */
  private static List<String> command(List<String> asked, Path folder) throws URISyntaxException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xshare:auto");
    command.add("-XX:-UsePerfData");
    command.add("-XX:+UseCountedLoopSafepoints");
    command.add("-XX:LoopStripMiningIter=1000");
    command.add("-XX:ErrorFile=" + folder.resolve("hs_err.log"));
    command.addAll(asked);
    command.add("-cp");
    command.add(Path.of(
            JvmFlags.class.getProtectionDomain().getCodeSource().getLocation().toURI())
        .toString());
    command.add(Probe.class.getName());
    return command;
  }

  /** Returns what keeps the JVM from running a class; null if it does. */
  private static @Nullable String complaint(List<String> command)
      throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    AtomicBoolean late = new AtomicBoolean();
    Thread reaper = new Thread(() -> reap(process, late), "pool-master-flags");
    reaper.setDaemon(true);
    reaper.start();
    String answer;
    try (InputStream in = process.getInputStream()) {
      answer = new String(in.readNBytes(MAX_ANSWER_BYTES), StandardCharsets.UTF_8);
      in.transferTo(OutputStream.nullOutputStream());
    }
    int exit = process.waitFor();
    if (exit == Probe.REACHED || late.get()) {
      return null;
    }
    return exit == 0
        ? "with it the JVM ends before it runs anything"
        : exit == 1 ? firstComplaint(answer) : "the JVM dies with exit status " + exit;
  }

  /** Shows that the JVM runs classes. */
  static final class Probe {
    static final int REACHED = 77;

    private Probe() {}

    public static void main(String[] args) {
      Runtime.getRuntime().halt(REACHED);
    }
  }

  private static void delete(@Nullable Path folder) {
    if (folder == null) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      // in the temporary folder
    }
  }

  private static void reap(Process process, AtomicBoolean late) {
    try {
      if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        late.set(true);
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
    }
  }

  private static String firstComplaint(String answer) {
    List<String> complaint = answer
        .lines()
        .filter(line ->
            !line.isBlank() && !line.startsWith("Picked up ") && !line.contains(" warning: "))
        .limit(2)
        .toList();
    return complaint.isEmpty()
        ? "it says nothing"
        : Texts.brief(Texts.oneLine(String.join("\n", complaint)));
  }
}
