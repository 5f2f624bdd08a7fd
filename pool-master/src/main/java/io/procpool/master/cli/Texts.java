// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.time.Duration;
import java.util.Locale;

/** How figures and failures are put into words. */
final class Texts {
  private static final int MAX_TEXT = 300;

  private Texts() {}

  /** Returns a number of bytes with a unit, such as {@code 1.5 GiB}. */
  static String bytes(long bytes) {
    String[] units = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = bytes;
    int unit = 0;
    while (Math.abs(value) >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    boolean whole = unit == 0 || value == Math.rint(value);
    return (whole ? String.valueOf(Math.round(value)) : String.format(Locale.ROOT, "%.1f", value))
        + " " + units[unit];
  }

  /** Returns a time with a unit: three digits, such as {@code 4.21 s} or {@code 31 ms}. */
  static String seconds(double seconds) {
    if (seconds >= 120) {
      long whole = Math.round(seconds);
      return whole / 60 + " min " + whole % 60 + " s";
    }
    if (seconds >= 1) {
      return String.format(Locale.ROOT, seconds >= 10 ? "%.1f s" : "%.2f s", seconds);
    }
    return String.format(
        Locale.ROOT, seconds >= 0.01 || seconds == 0 ? "%.0f ms" : "%.2f ms", seconds * 1000);
  }

  static String time(Duration duration) {
    return seconds(duration.toNanos() / 1e9);
  }

  /** Returns "1 input" or "7 inputs". */
  static String count(long count, String noun) {
    return count + " " + noun + (count == 1 ? "" : "s");
  }

  /** Returns a message on one line: its lines are separated by semicolons, where they do not end with punctuation. */
  static String oneLine(String message) {
    return blanks(message.strip().replaceAll("(?<![\\s:;,.])\\s*\\R\\s*", "; "));
  }

  /** Returns a text of any kind on one line: what separates its lines becomes a blank. */
  static String blanks(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  /** Returns a text of any kind on one line, its middle left out if it is long. */
  static String brief(String text) {
    return shortened(blanks(text));
  }

  private static String shortened(String line) {
    if (line.length() <= MAX_TEXT) {
      return line;
    }
    return line.substring(0, MAX_TEXT - 60) + " ... " + line.substring(line.length() - 40);
  }

  /** Returns the class and message of a failure, on one line. */
  static String failure(Throwable failure) {
    String message = failure.getMessage();
    String name = failure.getClass().getName();
    return shortened(oneLine(message == null || message.isBlank() ? name : name + ": " + message));
  }

  /** Returns a failure for a reader who does not care for its class, unless the message alone says little. */
  static String reason(Throwable failure) {
    String message = failure.getMessage();
    boolean speaks = message != null && message.strip().indexOf(' ') > 0;
    return speaks && message != null ? shortened(oneLine(message)) : failure(failure);
  }
}
