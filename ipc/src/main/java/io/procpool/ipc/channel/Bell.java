// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.ipc.memory.Session;
import io.procpool.ipc.sync.WordWaiter;
import io.procpool.ipc.sync.Words;
import java.nio.ByteBuffer;

/**
 * Wakes, in all processes of the session, the threads that wait for several things in memory at once. It tells only that something may be
 * ready, so all of them look; who rings does so only for what somebody wanted to be rung for. Safe for use by multiple threads and
 * processes.
 */
public final class Bell {
  private Bell() {}

  /** Found when it is first needed, which makes this process one of its session's. */
  private static final class OfSession {
    private static final ByteBuffer WORD = Session.current().processes().bell();
  }

  /** Rings it. Does not wait. */
  public static void ring() {
    Words.INT.getAndAdd(OfSession.WORD, 0, 1);
    WordWaiter.installed().wake(OfSession.WORD, 0, Integer.MAX_VALUE);
  }

  /** Returns the word that changes with each ring, for those who sleep on it. */
  static ByteBuffer word() {
    return OfSession.WORD;
  }

  /** Returns what {@link #word()} is now. */
  static int count() {
    return (int) Words.INT.getVolatile(OfSession.WORD, 0);
  }
}
