// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.channel;

import io.procpool.ipc.memory.Session;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Pipes and closed queues whose last holder was killed: nobody will use them any more, and nobody was left to give their memory back. It
 * is done by who makes another one.
 */
final class Abandoned {
  private static final long EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final AtomicLong LAST = new AtomicLong(System.nanoTime());

  private Abandoned() {}

  /** Gives back what there is, but not more often than is worth it. */
  static void giveBackNowAndThen() {
    long last = LAST.get();
    long now = System.nanoTime();
    if (now - last > EVERY_NANOS && LAST.compareAndSet(last, now)) {
      giveBack();
    }
  }

  static void giveBack() {
    Session session = Session.current();
    session.giveBackAbandoned(PipeConnection.KIND, PipeEnds::areAbandoned);
    session.giveBackAbandoned(MappedQueue.KIND, memory -> Ring.isClosed(memory, 0));
  }
}
