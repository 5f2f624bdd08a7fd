// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The ways in which code of a user goes wrong. */
enum Strike {
  THROW,
  EXIT_0,
  HALT,
  SIGKILL,
  OUT_OF_MEMORY,
  DIRECT_MEMORY,
  THREADS,
  STACK_OVERFLOW,
  ENDLESS_LOOP;

  /** Set in the environment of workers only. */
  static final String WORKER_MARK = "PROCPOOL_FAULT_WORKER";

  static final int HALT_VALUE = 42;
  static final String TEXT = "struck on purpose";

  /** What ends the endless loops of this process. */
  static volatile CountDownLatch loopEnd = new CountDownLatch(1);

  static boolean inWorker() {
    return System.getenv(WORKER_MARK) != null;
  }

  void strikeInWorker() {
    if (inWorker()) {
      strike();
    }
  }

  void strike() {
    switch (this) {
      case THROW -> throw new IllegalStateException(TEXT);
      case EXIT_0 -> System.exit(0);
      case HALT -> Runtime.getRuntime().halt(HALT_VALUE);
      case SIGKILL -> killSelf();
      case OUT_OF_MEMORY -> exhaust();
      case DIRECT_MEMORY -> exhaustDirectMemory();
      case THREADS -> startImpossibleThread();
      case STACK_OVERFLOW -> recurse(0);
      case ENDLESS_LOOP -> loop();
    }
  }

  private static void killSelf() {
    try {
      Faults.signal("KILL", Faults.pid());
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Fills the small heap of a worker; in the master, whose heap others need, asks for what no heap has. */
  private static void exhaust() {
    List<Object> hoard = new ArrayList<>();
    while (true) {
      hoard.add(inWorker() ? new byte[1 << 20] : new long[Integer.MAX_VALUE]);
    }
  }

  private static void exhaustDirectMemory() {
    List<Object> hoard = new ArrayList<>();
    while (true) {
      hoard.add(ByteBuffer.allocateDirect(4 << 20));
    }
  }

  /** No system has the memory for such a stack. */
  private static void startImpossibleThread() {
    new Thread(null, () -> {}, "impossible", 1L << 46).start();
  }

  private static int recurse(int depth) {
    return recurse(depth + 1) + 1;
  }

  private static void loop() {
    while (inWorker() || loopEnd.getCount() > 0) {
      Thread.onSpinWait();
    }
  }
}
