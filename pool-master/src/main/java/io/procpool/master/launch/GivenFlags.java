// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The JVM flags that users have given, also through the environment: they win over those that are chosen here. Immutable. */
public final class GivenFlags {
  private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w*GC\\b");
  private static final Pattern PROCESSORS = Pattern.compile("-XX:ActiveProcessorCount=");
  private static final Pattern HEAP =
      Pattern.compile("(?:-Xmx|-XX:MaxHeapSize=)([0-9]+)([kKmMgGtT]?)");
  private static final Pattern HEAP_PERCENTAGE =
      Pattern.compile("-XX:MaxRAMPercentage=([0-9]+(?:[.][0-9]+)?)");
  private static final Pattern MEMORY = Pattern.compile("-XX:MaxRAM=");
  private static final Pattern AFTER_OUT_OF_MEMORY =
      Pattern.compile("-XX:(\\+(Exit|Crash)OnOutOfMemoryError|OnOutOfMemoryError=)");
  private static final String[] VARIABLES = {
    "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS"
  };

  private final String text;

  private GivenFlags(String text) {
    this.text = text;
  }

  /** Returns the flags among the arguments of a JVM and in its environment. */
  public static GivenFlags of(List<String> jvmArgs, Map<String, String> environment) {
    StringBuilder flags = new StringBuilder(String.join(" ", jvmArgs));
    for (String variable : VARIABLES) {
      flags
          .append(' ')
          .append(environment.getOrDefault(
              variable, Objects.requireNonNullElse(System.getenv(variable), "")));
    }
    return new GivenFlags(flags.toString());
  }

  /** Tells whether a garbage collector is named; the JVM refuses two. */
  boolean nameCollector() {
    return COLLECTOR.matcher(text).find();
  }

  /** Tells whether a number of CPUs is named. */
  boolean nameProcessors() {
    return PROCESSORS.matcher(text).find();
  }

  /** Tells whether it is said what is to happen after an OutOfMemoryError. */
  boolean sayWhatFollowsOutOfMemory() {
    return AFTER_OUT_OF_MEMORY.matcher(text).find();
  }

  /** Returns the heap that is named, in bytes: the last one; a quarter of the memory, as the JVM would choose, if only its circumstances are. */
  public OptionalLong heapBytes() {
    OptionalLong named = OptionalLong.empty();
    Matcher heap = HEAP.matcher(text);
    while (heap.find()) {
      int shift = switch (heap.group(2).toLowerCase(Locale.ROOT)) {
        case "k" -> 10;
        case "m" -> 20;
        case "g" -> 30;
        case "t" -> 40;
        default -> 0;
      };
      named = OptionalLong.of(number(heap.group(1)) << shift);
    }
    if (named.isPresent()) {
      return named;
    }
    Matcher percentage = HEAP_PERCENTAGE.matcher(text);
    if (percentage.find()) {
      return OptionalLong.of(
          (long) (MachineMemory.bytes() / 100.0 * Double.parseDouble(percentage.group(1))));
    }
    return MEMORY.matcher(text).find()
        ? OptionalLong.of(MachineMemory.bytes() / 4)
        : OptionalLong.empty();
  }

  /** What the JVM would not believe is none of our affairs; it will say so. */
  private static long number(String digits) {
    return digits.length() > 15 ? 0 : Long.parseLong(digits);
  }
}
