// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Named steps at which a test can stop a process in order to kill it there. Without {@code -Dprocpool.faultPoints=true} there are
 * none, and the compiler leaves nothing of them. Safe for use by multiple threads.
 */
public final class FaultPoint {
  private static final boolean ENABLED = Boolean.getBoolean("procpool.faultPoints");

  private static volatile @Nullable FaultPoint armed;

  private final String step;
  private final Path file;

  private FaultPoint(String step, Path file) {
    this.step = step;
    this.file = file;
  }

  /**
   * Sees to it that the next thread to reach a step makes an empty file and then stops for ever. The one after that passes.
   *
   * @throws IllegalStateException if this process has no such steps
   */
  public static void stopAt(String step, Path file) {
    if (!ENABLED) {
      throw new IllegalStateException(
          "no fault points; start the JVM with -Dprocpool.faultPoints=true");
    }
    armed = new FaultPoint(step, file);
  }

  /** Says that the calling thread is at a step. */
  public static void reached(String step) {
    if (ENABLED) {
      FaultPoint point = armed;
      if (point != null && point.step.equals(step)) {
        armed = null;
        point.stop();
      }
    }
  }

  private void stop() {
    try {
      Files.createFile(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    while (true) {
      LockSupport.park(this);
      Thread.interrupted();
    }
  }
}
