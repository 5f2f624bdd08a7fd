// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the values of options; what is wrong is said in one line that names the option. */
final class Values {
  private static final Pattern TIME = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)\\s*(ms|s|m|h)");
  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(36500); // of the pool's options, too
  private static final Pattern SIZE = Pattern.compile("([0-9]+)\\s*([kmgt]?)(?:i?b)?");

  private Values() {}

  /** Reads a whole number. */
  static int number(String option, String text, int from, int to) throws CommandException {
    String expected = to == Integer.MAX_VALUE ? from + " or more" : from + " to " + to;
    try {
      int value = Integer.parseInt(text.strip());
      if (value >= from && value <= to) {
        return value;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw CommandException.usage(
        option + ": \"" + text + "\" is not valid; give a whole number, " + expected);
  }

  /** Reads whole numbers separated by commas. */
  static List<Integer> numbers(String option, String text, int from, int to)
      throws CommandException {
    List<Integer> values = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int value = number(option, part, from, to);
      if (values.contains(value)) {
        throw CommandException.usage(
            option + ": " + value + " is given twice; give each number once");
      }
      values.add(value);
    }
    return values;
  }

  /** Reads a time of more than zero. */
  static Duration time(String option, String text) throws CommandException {
    String value = text.strip().toLowerCase(Locale.ROOT);
    Matcher matcher = TIME.matcher(value);
    Duration time = Duration.ZERO;
    try {
      if (matcher.matches()) {
        double millis = switch (matcher.group(2)) {
          case "ms" -> 1;
          case "s" -> 1_000;
          case "m" -> 60_000;
          default -> 3_600_000;
        };
        double nanos = Double.parseDouble(matcher.group(1)) * millis * 1e6;
        time =
            nanos > LONGEST.toNanos() ? LONGEST.plusNanos(1) : Duration.ofNanos(Math.round(nanos));
      } else {
        time = Duration.parse(value);
      }
    } catch (DateTimeParseException e) {
      // said below
    }
    if (time.isZero() || time.isNegative()) {
      throw CommandException.usage(option + ": \"" + text
          + "\" is not a time above zero; give it as 500ms, 2s, 1m, 1h or PT1.5S");
    }
    if (time.compareTo(SHORTEST) < 0) {
      throw CommandException.usage(option + ": \"" + text + "\" is too short; give 1ms or more");
    }
    if (time.compareTo(LONGEST) > 0) {
      throw CommandException.usage(
          option + ": \"" + text + "\" is too long; give 36500 days (876000h) or less");
    }
    return time;
  }

  /** Reads a size in bytes of more than zero. */
  static long bytes(String option, String text) throws CommandException {
    Matcher matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (matcher.matches()) {
      try {
        int shift = 10 * "kmgt".indexOf(matcher.group(2)) + 10;
        long factor = matcher.group(2).isEmpty() ? 1 : 1L << shift;
        long value = Math.multiplyExact(Long.parseLong(matcher.group(1)), factor);
        if (value > 0) {
          return value;
        }
      } catch (ArithmeticException | NumberFormatException e) {
        // said below
      }
    }
    throw CommandException.usage(
        option + ": \"" + text + "\" is not a size; give it as 512m or 2g");
  }
}
