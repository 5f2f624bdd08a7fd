// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.jobs;

import java.util.List;

/** Checks the arguments of a job; what is wrong with one is said in one line. Safe for use by multiple threads. */
final class JobArguments {
  private final String usage;
  private final List<String> values;

  /** Refuses a number of arguments outside the given range, with the usage line. */
  JobArguments(String usage, List<String> values, int min, int max) {
    this.usage = usage;
    this.values = values;
    if (values.size() < min || values.size() > max) {
      throw new IllegalArgumentException(values.size()
          + (values.size() == 1 ? " argument" : " arguments") + " (usage: " + usage + ")");
    }
  }

  List<String> all() {
    return values;
  }

  String get(int index) {
    return values.get(index);
  }

  /** Returns the argument at the index as a number, or the fallback if there are fewer arguments. */
  long number(String name, int index, long min, long max, long fallback) {
    return index < values.size() ? number(name, index, min, max) : fallback;
  }

  /** Returns the argument at the index as a number. */
  long number(String name, int index, long min, long max) {
    String text = values.get(index);
    try {
      long value = Long.parseLong(text);
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // The message below says it.
    }
    throw new IllegalArgumentException(name + ": \"" + text + "\" (expected: a whole number from "
        + min + " to " + max + "; usage: " + usage + ")");
  }
}
