// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Finds what a killed process has left: processes that were started while it was being killed, and those whose own parent was gone before. */
final class Strays {
  /*
   * Every process that is spawned has a variable of its own in its environment, which what it starts inherits. After it is gone, who has that variable is
   * killed, until a look that began after the end finds nobody. Where /proc cannot be read nothing is found.
   */
  private static final String VARIABLE = "PROCPOOL_FAMILY";
  private static final long PATIENCE_NANOS = 2_000_000_000;
  private static final long INTERVAL_NANOS = 1_000_000;

  private Strays() {}

  /** Marks a process that is about to be spawned. */
  static void mark(Map<String, String> environment) {
    environment.put(VARIABLE, UUID.randomUUID().toString());
  }

  /** Returns the mark of a living process; null if that is not known. */
  static @Nullable String markOf(long pid) {
    String environment = environment(Long.toString(pid));
    int start = environment.indexOf('\0' + VARIABLE + '=');
    int end = environment.indexOf('\0', start + 1);
    return start < 0 || end < 0 ? null : environment.substring(start, end + 1);
  }

  /** Kills all processes with a mark; returns when none is left, or after two seconds. */
  static void kill(Process process, String mark) {
    long begin = System.nanoTime();
    boolean left = true;
    while (left && System.nanoTime() - begin < PATIENCE_NANOS) {
      left = process.isAlive();
      if (left) {
        LockSupport.parkNanos(INTERVAL_NANOS);
      } else {
        left = killOnce(mark);
      }
    }
  }

  private static boolean killOnce(String mark) {
    boolean found = false;
    String[] entries = new File("/proc").list();
    if (entries == null) {
      return false;
    }
    for (String entry : entries) {
      if (Character.isDigit(entry.charAt(0)) && environment(entry).contains(mark)) {
        found = true;
        ProcessHandle.of(Long.parseLong(entry)).ifPresent(ProcessHandle::destroyForcibly);
      }
    }
    return found;
  }

  /** Returns the environment of a process, each variable between two zeros; empty if it cannot be read, as that of another user or of a zombie. */
  private static String environment(String pid) {
    try (FileInputStream in = new FileInputStream("/proc/" + pid + "/environ")) {
      return '\0' + new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (IOException goneOrForbidden) {
      return "";
    }
  }
}
