// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import io.procpool.Chaos;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/** Reads what {@code --chaos} says, such as {@code seed=7,kill-before=0.05,slow=0.1:20ms}. */
final class ChaosFlag {
  private static final String OPTION = "--chaos";
  private static final String EXPECTED =
      "give seed=N and any of kill-before=RATE, kill-during=RATE:TIME, kill-after=RATE, stop=RATE:TIME, slow=RATE:TIME, separated by commas";

  private ChaosFlag() {}

  static Chaos read(String text) throws CommandException {
    Chaos chaos = Chaos.ofSeed(seed(text));
    Set<String> given = new HashSet<>();
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      String word = equals < 0 ? part : part.substring(0, equals).strip().toLowerCase(Locale.ROOT);
      String value = part.substring(equals + 1).strip();
      if (equals < 0 || !given.add(word)) {
        throw invalid(part);
      }
      try {
        chaos = with(chaos, word, value, part);
      } catch (IllegalArgumentException e) {
        throw CommandException.usage(
            OPTION + ": \"" + part + "\": " + e.getMessage() + "; " + EXPECTED, e);
      }
    }
    if (given.size() < 2) {
      throw CommandException.usage(OPTION + ": \"" + text + "\" does no harm; " + EXPECTED);
    }
    return chaos;
  }

  private static long seed(String text) throws CommandException {
    for (String part : text.split(",", -1)) {
      if (part.strip().startsWith("seed=")) {
        try {
          return Long.parseLong(part.strip().substring("seed=".length()).strip());
        } catch (NumberFormatException e) {
          throw invalid(part);
        }
      }
    }
    throw CommandException.usage(OPTION + ": \"" + text + "\" has no seed; " + EXPECTED);
  }

  private static Chaos with(Chaos chaos, String word, String value, String part)
      throws CommandException {
    int colon = value.indexOf(':');
    boolean timed = word.equals("kill-during") || word.equals("stop") || word.equals("slow");
    if (timed != colon >= 0) {
      throw invalid(part);
    }
    if (word.equals("seed")) {
      return chaos;
    }
    double rate = rate(colon < 0 ? value : value.substring(0, colon), part);
    Duration time = timed ? Values.time(OPTION, value.substring(colon + 1)) : Duration.ZERO;
    return switch (word) {
      case "kill-before" -> chaos.killBefore(rate);
      case "kill-during" -> chaos.killDuring(rate, time);
      case "kill-after" -> chaos.killAfter(rate);
      case "stop" -> chaos.stop(rate, time);
      case "slow" -> chaos.slow(rate, time);
      default -> throw invalid(part);
    };
  }

  private static double rate(String text, String part) throws CommandException {
    try {
      return Double.parseDouble(text.strip());
    } catch (NumberFormatException e) {
      throw invalid(part);
    }
  }

  private static CommandException invalid(String part) {
    return CommandException.usage(OPTION + ": \"" + part + "\" is not valid; " + EXPECTED);
  }
}
