// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

/** Says how threads of this process sleep until another process wakes them. */
public final class Waiters {
  private Waiters() {}

  /** Finds out how, so that nobody has to later. Takes a tenth of a second the first time. */
  public static void prepare() {
    WordWaiters.prepare();
  }

  /** Returns {@code futex} or {@code park}, with more for people. Takes a tenth of a second. */
  public static String describe() {
    String chosen = System.getProperty(WordWaiter.PROPERTY, "");
    if (!chosen.isEmpty() && !chosen.equals("futex")) {
      return chosen + ", as -D" + WordWaiter.PROPERTY + " says";
    }
    FutexCall call = FutexCall.find();
    return call == null
        ? "park: this system has no futex, or native access is denied"
        : "futex, by " + (call instanceof JnaFutexCall ? "JNA" : "the JDK's foreign functions");
  }
}
