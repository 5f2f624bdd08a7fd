// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

/** How much to do: what gives a figure worth printing, or just enough to see that it works. */
enum Effort {
  FULL,
  SMOKE;

  private static final long WARM_UP_NANOS = 3_000_000_000L;

  int choose(int full, int smoke) {
    return this == FULL ? full : smoke;
  }

  /** Returns how long the same is done before it is measured. */
  long warmUpNanos() {
    return this == FULL ? WARM_UP_NANOS : 0;
  }
}
