// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.examples.programs;

import io.procpool.ChildProcess;
import java.io.Serializable;

/** Starts children whose tasks may throw any exception, which ends the child. Safe for use by multiple threads. */
final class Children {
  private Children() {}

  /** What a child does. */
  @FunctionalInterface
  interface Body extends Serializable {
    /** Does it, in the child. */
    void run() throws Exception;
  }

  /** Starts a child. */
  static ChildProcess start(Body body) {
    return ChildProcess.start(() -> {
      try {
        body.run();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    });
  }
}
