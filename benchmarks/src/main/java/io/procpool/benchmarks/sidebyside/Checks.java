// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.benchmarks.sidebyside;

/** What is measured must also be right. */
final class Checks {
  private Checks() {}

  static void equal(Object actual, Object expected) {
    if (!actual.equals(expected)) {
      throw new AssertionError(actual + " (expected: " + expected + ")");
    }
  }
}
