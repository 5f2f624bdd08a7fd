// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

/** Checks numbers of permits. */
final class Permits {
  private Permits() {}

  /**
   * Checks how many permits are asked for.
   *
   * @throws IllegalArgumentException if that cannot be
   */
  static void check(int permits, int bound) {
    if (permits < 1 || permits > bound) {
      throw new IllegalArgumentException("permits: " + permits + " (expected: 1 to " + bound + ")");
    }
  }
}
