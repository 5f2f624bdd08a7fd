// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Calls futex(2). */
abstract class FutexCall {
  private static final String OS = System.getProperty("os.name", "");
  private static final String ARCH = System.getProperty("os.arch", "");

  /** Returns the fastest there is, or null if there is none. */
  static @Nullable FutexCall find() {
    long number = number();
    if (number < 0) {
      return null;
    }
    FutexCall foreign = ForeignFutexCall.find(number);
    return foreign == null ? JnaFutexCall.find(number) : foreign;
  }

  /** Returns the number of the system call, or -1 if it is not known. */
  static long number() {
    if (!OS.equals("Linux")) {
      return -1;
    }
    return switch (ARCH) {
      case "amd64", "x86_64" -> 202;
      case "aarch64" -> 98;
      default -> -1;
    };
  }

  /** Returns where a direct buffer begins. */
  abstract long address(ByteBuffer direct);

  /**
   * Waits or wakes.
   *
   * @param timeAddress where the time to wait is, or 0
   */
  abstract void futex(long address, int operation, int value, long timeAddress);
}
