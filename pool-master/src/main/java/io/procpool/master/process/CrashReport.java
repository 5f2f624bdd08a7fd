// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.PoolOptions;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * What a JVM writes about its own crash.
 *
 * @param path where it is
 * @param head the lines that say what happened, and where in the code
 */
record CrashReport(Path path, String head) {
  private static final String FLAG = "-XX:ErrorFile=";
  private static final int MAX_BYTES = 128 * 1024;
  private static final int MAX_HEADER_LINES = 12;
  private static final int MAX_FRAMES = 12;
  private static final int CLOCK_SLACK_MILLIS = 2_000;
  private static final List<String> NOISE = List.of(
      "JRE version:",
      "Java VM:",
      "If you would like",
      "https://",
      "http://",
      "No core dump",
      "CreateCoredumpOnCrash",
      "Core dump will",
      "An error report",
      "The crash happened",
      "See problematic");

  /** Returns the report of a worker whose process is gone; null if there is none. */
  static @Nullable CrashReport of(Worker worker, PoolOptions options) {
    for (Path path : places(worker.pid, options)) {
      if (isOf(worker, path)) {
        return new CrashReport(path, head(path));
      }
    }
    return null;
  }

  /** The JVM goes to the temporary directory if it may not write where it should. */
  private static List<Path> places(long pid, PoolOptions options) {
    Path directory = options.workingDirectory().orElse(Path.of("")).toAbsolutePath();
    String name = "hs_err_pid" + pid + ".log";
    List<Path> places = new ArrayList<>();
    for (String arg : options.jvmArgs()) {
      if (arg.startsWith(FLAG)) {
        places.add(
            0, directory.resolve(arg.substring(FLAG.length()).replace("%p", Long.toString(pid))));
      }
    }
    places.add(directory.resolve(name));
    places.add(Path.of(System.getProperty("java.io.tmpdir"), name));
    return places;
  }

  /** Process ids come again: a report that is older than the worker is another process's. */
  private static boolean isOf(Worker worker, Path path) {
    try {
      return Files.getLastModifiedTime(path).toMillis()
          >= worker.spawnedMillis - CLOCK_SLACK_MILLIS;
    } catch (IOException none) {
      return false;
    }
  }

  private static String head(Path path) {
    StringJoiner head = new StringJoiner("\n");
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(MAX_BYTES);
      BufferedReader lines = new BufferedReader(
          new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8));
      header(lines, head);
      frames(lines, head);
    } catch (IOException unreadable) {
      head.add("it cannot be read: " + unreadable.getMessage());
    }
    return head.toString();
  }

  private static void header(BufferedReader lines, StringJoiner head) throws IOException {
    int kept = 0;
    for (String line = lines.readLine();
        line != null && line.startsWith("#");
        line = lines.readLine()) {
      String said = line.substring(1).strip();
      if (!said.isEmpty()
          && kept < MAX_HEADER_LINES
          && NOISE.stream().noneMatch(said::startsWith)) {
        head.add(said);
        kept++;
      }
    }
  }

  private static void frames(BufferedReader lines, StringJoiner head) throws IOException {
    int left = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith("Current thread")) {
        head.add(line);
      } else if (line.startsWith("Native frames:") || line.startsWith("Java frames:")) {
        head.add(line.substring(0, line.indexOf(':') + 1));
        left = MAX_FRAMES;
      } else if (line.isBlank()) {
        left = 0;
      } else if (left > 0) {
        head.add("  " + line.strip());
        left--;
      }
    }
  }

  /** Returns the first thing that it says happened, such as {@code SIGSEGV (0xb) at pc=…}. */
  String what() {
    return head.lines()
        .filter(line -> !line.startsWith("A fatal error"))
        .findFirst()
        .orElse("no reason is given");
  }

  /** Tells whether the system refused memory to the JVM. */
  boolean isOutOfMemory() {
    return head.contains("insufficient memory") || head.contains("Out of Memory Error");
  }
}
