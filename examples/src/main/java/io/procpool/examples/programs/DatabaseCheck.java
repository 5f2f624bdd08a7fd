// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.AsyncResult;
import io.procpool.Pool;
import io.procpool.sync.ProcessEvent;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/**
 * Y06: a client waits until a check has found the database up, which takes one to three seconds: three times at most, half a second
 * each. After that it fails with a {@link TimeoutException}.
 *
 * <p>Safe for use by multiple threads.
 */
public final class DatabaseCheck {
  private static final int ATTEMPTS = 3;

  private DatabaseCheck() {}

  /**
   * What was seen.
   *
   * @param attempt in which attempt the client was connected, if it was
   * @param failure what it failed with otherwise
   */
  record Seen(Optional<Integer> attempt, Optional<Throwable> failure) {}

  /** Runs the program with a check of random length. */
  static Seen run(ProgramSettings settings) throws InterruptedException {
    return run(settings, 1 + 2 * new Random().nextDouble());
  }

  /** Runs the program with a check that takes so many seconds. */
  static Seen run(ProgramSettings settings, double seconds) throws InterruptedException {
    long checkMillis = settings.millis(seconds);
    Duration patience = Duration.ofMillis(settings.millis(0.5));
    try (ProcessEvent up = ProcessEvent.create();
        Pool pool = settings.startedPool(2)) {
      AsyncResult<Boolean> check = pool.submit(() -> check(up, checkMillis));
      AsyncResult<Integer> client = pool.submit(() -> connect(up, patience));

      Seen seen = outcome(client);
      settings
          .out()
          .println(seen.attempt()
              .map(attempt -> "connected in attempt " + attempt)
              .or(() -> seen.failure().map(Throwable::toString))
              .orElseThrow());
      check.cancel(true);
      return seen;
    }
  }

  private static Seen outcome(AsyncResult<Integer> client) throws InterruptedException {
    try {
      return new Seen(Optional.of(client.get()), Optional.empty());
    } catch (ExecutionException e) {
      return new Seen(Optional.empty(), Optional.ofNullable(e.getCause()));
    }
  }

  private static boolean check(ProcessEvent up, long millis) throws InterruptedException {
    Thread.sleep(millis);
    up.set();
    return true;
  }

  private static int connect(ProcessEvent up, Duration patience)
      throws InterruptedException, TimeoutException {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (up.await(patience)) {
        return attempt;
      }
    }
    throw new TimeoutException("no connection in " + ATTEMPTS + " attempts");
  }

  /** Runs the program; see {@link Programs} for the options. */
  public static void main(String[] args) throws Exception {
    run(Programs.settings(List.of(args)));
  }
}
