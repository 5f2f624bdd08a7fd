// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Objects that are kept because a handle is on its way from one process to another. For the event loop alone. */
final class Tickets {
  /*
   * A ticket ends when the process that gets the message claims the object, or says that it has it; or when the sender says that the message is not on its
   * way any more. The connections of the two are read in any order, so a ticket may end before it begins: such are remembered for a while. What a process has
   * lent that has gone, and nobody has claimed, is kept for a while, too.
   */
  private static final int MOST_EARLY = 10_000;

  /** How long what a dead process has lent is kept. */
  static final long ORPHAN_SECONDS = 60;

  private final Map<Long, Lent> lent = new HashMap<>();
  private final Set<Long> early = new LinkedHashSet<>();

  /** What is kept for a message, and what is to be done when its sender has gone. */
  private record Lent(Reference reference, Client sender, Runnable whenGone) {}

  /** Keeps an object for a message. */
  void lend(long ticket, Reference reference, Client sender, EventExecutor loop) {
    if (early.remove(ticket)) {
      return;
    }
    Runnable orphaned =
        () -> loop.schedule(() -> lent.remove(ticket), ORPHAN_SECONDS, TimeUnit.SECONDS);
    lent.put(ticket, new Lent(reference, sender, orphaned));
    sender.whenGone(orphaned);
  }

  /** Ends a ticket. */
  void end(long ticket) {
    Lent ended = lent.remove(ticket);
    if (ended != null) {
      ended.sender().forget(ended.whenGone());
      return;
    }
    early.add(ticket);
    if (early.size() > MOST_EARLY) {
      early.remove(early.iterator().next());
    }
  }
}
