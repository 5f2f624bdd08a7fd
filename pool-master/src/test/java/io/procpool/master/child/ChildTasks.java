// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.child;

import java.util.concurrent.CountDownLatch;

/** What the children of these tests do. */
final class ChildTasks {
  private ChildTasks() {}

  static void sleepForEver() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  static void ignoreInterrupts() {
    while (true) {
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException ignored) {
        // That is what it is for.
      }
    }
  }
}
