// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** How a thread sleeps until somebody, in any process, wakes those who sleep on a word. Implementations are thread-safe. */
interface WordWaiter {
  /** Chooses: {@code futex}, {@code park}; without it the first if the system has it. */
  String PROPERTY = "procpool.waiter";

  /**
   * Sleeps if the word is as expected, until it is woken, or the time is up, or the thread is interrupted if that matters;
   * or for no reason. The interrupt status stays as it is.
   */
  void sleep(ByteBuffer memory, int at, int expected, long nanos, boolean interruptible);

  /** Wakes some of those who sleep on a word. */
  void wake(ByteBuffer memory, int at, int count);

  /** Tells whether one who sleeps must look again by itself, because nobody can wake it. */
  boolean looksByItself();

  /**
   * Returns the one of this process.
   *
   * @throws IllegalStateException if the one that was asked for cannot be had
   */
  static WordWaiter installed() {
    return Installed.get();
  }

  /** Finds it when it is first needed, which is not before somebody has to sleep. */
  final class Installed {
    private static volatile @Nullable WordWaiter found;

    private Installed() {}

    private static WordWaiter get() {
      WordWaiter known = found;
      return known == null ? find() : known;
    }

    private static synchronized WordWaiter find() {
      String chosen = System.getProperty(PROPERTY, "");
      WordWaiter made = switch (chosen) {
        case "" -> {
          WordWaiter futex = FutexWaiter.find();
          yield futex == null ? new ParkWaiter() : futex;
        }
        case "park" -> new ParkWaiter();
        case "futex" -> {
          WordWaiter futex = FutexWaiter.find();
          if (futex == null) {
            throw new IllegalStateException("-D" + PROPERTY
                + "=futex: this system has none, or native access is denied (expected: Linux on x86-64 or aarch64);"
                + " leave the property out");
          }
          yield futex;
        }
        default ->
          throw new IllegalStateException(
              "-D" + PROPERTY + "=" + chosen + " (expected: futex or park)");
      };
      found = made;
      return made;
    }
  }
}
