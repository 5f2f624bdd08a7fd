// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The pauses in the logs that JVMs write with {@link #flag}: every stop of the whole program by the garbage collector,
 * whichever collector it is.
 *
 * @param seconds sum of all pauses
 * @param longestSeconds the longest pause
 * @param count the number of pauses
 */
record GcLog(double seconds, double longestSeconds, long count) {
  private static final Pattern PAUSE =
      Pattern.compile("GC\\(\\d+\\) (?:[YOyo]: )?Pause .*?([0-9]+)[.,]([0-9]+)ms\\s*$");

  /** Returns the JVM flag for logs into a folder, a file for each process. */
  static String flag(Path folder, String prefix) {
    return "-Xlog:gc,gc+phases:file=" + folder.resolve(prefix + "-%p.gc") + "::filecount=0";
  }

  /** Reads all logs of a folder. */
  static GcLog read(Path folder) throws IOException {
    double sum = 0;
    double longest = 0;
    long count = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.gc")) {
      for (Path file : files) {
        for (String line : lines(file)) {
          Matcher matcher = PAUSE.matcher(line);
          if (matcher.find()) {
            double seconds = Double.parseDouble(matcher.group(1) + "." + matcher.group(2)) / 1000;
            sum += seconds;
            longest = Math.max(longest, seconds);
            count++;
          }
        }
      }
    }
    return new GcLog(sum, longest, count);
  }

  private static List<String> lines(Path file) throws IOException {
    return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
  }
}
