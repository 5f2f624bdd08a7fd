// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the setters of options have in common: they refuse what cannot be, and copy the rest. */
final class OptionChecks {
  static final long LEAST_RSS_BYTES = 16L << 20; // no JVM is smaller
  private static final long LEAST_HEAP_BYTES = 2L << 20;
  private static final Duration LONGEST = Duration.ofDays(36500);

  private OptionChecks() {}

  static String name(String name) {
    if (!name.matches("[A-Za-z0-9._-]+")) {
      throw new IllegalArgumentException(
          "name: \"" + name + "\" (expected: letters, digits and .-_ only)");
    }
    return name;
  }

  static long maxHeapBytes(long maxHeapBytes) {
    return heapBytes(maxHeapBytes, "the JVM's default");
  }

  static long taskHeapBytes(long maxHeapBytes) {
    return heapBytes(maxHeapBytes, "no limit");
  }

  private static long heapBytes(long maxHeapBytes, String meaningOfZero) {
    if (maxHeapBytes != 0 && maxHeapBytes < LEAST_HEAP_BYTES) {
      throw new IllegalArgumentException("maxHeapBytes: " + maxHeapBytes + " (expected: 0 for "
          + meaningOfZero + ", else " + LEAST_HEAP_BYTES + " or more)");
    }
    return maxHeapBytes;
  }

  static long maxRssBytes(long maxRssBytes) {
    if (maxRssBytes != 0 && maxRssBytes < LEAST_RSS_BYTES) {
      throw new IllegalArgumentException("maxRssBytes: " + maxRssBytes
          + " (expected: 0 for no limit, else " + LEAST_RSS_BYTES
          + " or more, because no JVM is smaller)");
    }
    return maxRssBytes;
  }

  static List<String> jvmArgs(List<String> jvmArgs) {
    for (String arg : jvmArgs) {
      if (!arg.startsWith("-")
          || arg.equals("-cp")
          || arg.equals("-jar")
          || arg.startsWith("-classpath")
          || arg.startsWith("--class-path")) {
        throw new IllegalArgumentException("jvmArgs: \"" + arg
            + "\" (expected: JVM flags starting with -; use classPath for the class path)");
      }
    }
    return List.copyOf(jvmArgs);
  }

  /** A JVM takes one debugging agent only. */
  static void noOwnDebugger(List<String> jvmArgs, Map<String, String> environment) {
    List<String> given = new ArrayList<>(jvmArgs);
    for (String variable :
        new String[] {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"}) {
      given.addAll(List.of(environment.getOrDefault(variable, "").split("\\s+")));
    }
    for (String arg : given) {
      if (arg.startsWith("-agentlib:jdwp") || arg.startsWith("-Xrunjdwp")) {
        throw new IllegalArgumentException("debugWorkers=true contradicts " + arg
            + ", because a JVM listens for one debugger only; leave one of them out");
      }
    }
  }

  static Map<String, String> environment(Map<String, String> environment) {
    environment.forEach((key, value) -> {
      if (key.isEmpty()
          || key.indexOf('=') >= 0
          || key.indexOf('\0') >= 0
          || value.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("environment: \"" + key
            + "\" (expected: a name without '=' and no NUL in name or value)");
      }
    });
    return Map.copyOf(environment);
  }

  static List<Path> classPath(List<Path> classPath) {
    List<Path> absolute = new ArrayList<>();
    for (Path entry : classPath) {
      absolute.add(entry.toAbsolutePath());
    }
    return List.copyOf(absolute);
  }

  static void workers(int min, int max) {
    inRange("workers", max, 1, PoolOptions.MAX_WORKERS);
    inRange("minWorkers", min, 0, PoolOptions.MAX_WORKERS);
    if (min > max) {
      throw new IllegalArgumentException(
          "minWorkers: " + min + " is above workers: " + max + "; lower it or raise workers");
    }
  }

  static int inRange(String option, int value, int from, int to) {
    if (value < from || value > to) {
      throw new IllegalArgumentException(option + ": " + value + " (expected: "
          + (to == Integer.MAX_VALUE ? from + " or more)" : from + " to " + to + ")"));
    }
    return value;
  }

  static Duration nonNegative(String option, Duration value) {
    if (value.isNegative()) {
      throw new IllegalArgumentException(option + ": " + value + " (expected: zero or more)");
    }
    return bounded(option, value);
  }

  static Duration positive(String option, Duration value) {
    if (value.isNegative() || value.isZero()) {
      throw new IllegalArgumentException(option + ": " + value + " (expected: more than zero)");
    }
    return bounded(option, value);
  }

  private static Duration bounded(String option, Duration value) {
    if (value.compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(
          option + ": " + value + " (expected: at most " + LONGEST.toDays() + " days)");
    }
    return value;
  }
}
