// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.ExecutionException;

/**
 * Y09: something is done once, after a while; something else is called off before its time and is never done.
 *
 * <p>Safe for use by multiple threads.
 */
public final class Timers {
  private Timers() {}

  /**
   * What was seen.
   *
   * @param delay the delay that was asked for
   * @param waited how long after the request it was done
   * @param times how often it was done
   * @param cancelled whether the other could be called off
   * @param timesCancelled how often that was done
   */
  record Seen(
      Duration delay, Duration waited, long times, boolean cancelled, long timesCancelled) {}

  /** Runs the program. */
  static Seen run(ProgramSettings settings)
      throws InterruptedException, ExecutionException, IOException {
    Duration delay = Duration.ofMillis(settings.millis(1));
    Path fired = Files.createTempFile("timer-", null);
    Path never = Files.createTempFile("timer-", null);
    try (Pool pool = settings.pool(2)) {
      String firedName = fired.toString();
      String neverName = never.toString();
      Instant start = Instant.now();
      AsyncResult<Instant> timer = pool.schedule(() -> fire(firedName), delay);
      AsyncResult<Instant> calledOff = pool.schedule(() -> fire(neverName), delay.multipliedBy(2));
      AsyncResult<Instant> later = pool.schedule(Instant::now, delay.multipliedBy(3));
      boolean cancelled = calledOff.cancel(false);

      Duration waited = Duration.between(start, timer.get());
      settings.out().println("fired after " + waited.toMillis() + " ms");
      later.get();
      Seen seen = new Seen(delay, waited, lines(fired), cancelled, lines(never));
      settings
          .out()
          .println(
              "called off: " + seen.cancelled() + ", fired " + seen.timesCancelled() + " times");
      return seen;
    } finally {
      Files.delete(fired);
      Files.delete(never);
    }
  }

  private static Instant fire(String file) throws IOException {
    Files.writeString(Path.of(file), "fired\n", StandardOpenOption.APPEND);
    return Instant.now();
  }

  private static long lines(Path file) throws IOException {
    return Files.readAllLines(file).size();
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
