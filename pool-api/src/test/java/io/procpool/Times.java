// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool;

import java.time.Duration;

/**
 * The two lengths of time that tests know, both multiplied by the system property {@value #SCALE} (default 1). A test
 * never waits for a time to make something happen.
 */
final class Times {
  /** Name of the system property that stretches all times, for slow machines. */
  static final String SCALE = "procpool.test.timeScale";

  /** How long a test watches for what must not happen, and a timeout that is meant to run out. */
  static final Duration SHORT = scaled(Duration.ofMillis(200));

  /** The deadline for what must happen. */
  static final Duration LONG = scaled(Duration.ofSeconds(20));

  private Times() {}

  private static Duration scaled(Duration time) {
    double scale = Double.parseDouble(System.getProperty(SCALE, "1"));
    return Duration.ofNanos((long) (time.toNanos() * scale));
  }
}
