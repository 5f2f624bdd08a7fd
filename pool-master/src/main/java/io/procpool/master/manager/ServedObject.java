// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** An object that clients use, and who is next. For the event loop alone. */
final class ServedObject {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came.
   */
  private final ObjectKind kind;
  private final Object target;
  private final ArrayDeque<Work> line = new ArrayDeque<>();
  private boolean busy;
  private boolean holdsForeign; // objects of users' classes, as far as is known

  /** Something to be done with the object. */
  interface Work {
    /** Tells whether it may run code of users. */
    boolean isForeign();

    /** Tells whether it is still wanted; then it is done now. */
    boolean begin();

    /** Does it, and keeps what comes of it. In the event loop, or in another thread. */
    void run();

    /** Replies. In the event loop. */
    void reply();
  }

  ServedObject(ObjectKind kind) {
    this.kind = kind;
    this.target = kind.make();
  }

  ObjectKind kind() {
    return kind;
  }

  Object target() {
    return target;
  }

  /** Does some work as soon as all is done that came before. */
  void accept(Work work, Executor others, Executor loop) {
    line.add(work);
    if (!busy) {
      advance(others, loop);
    }
  }

  private void advance(Executor others, Executor loop) {
    for (Work next = line.poll(); next != null; next = line.poll()) {
      if (next.begin()) {
        holdsForeign |= next.isForeign();
        if (holdsForeign) {
          busy = true;
          runElsewhere(next, others, loop);
          return;
        }
        next.run();
        next.reply();
      }
    }
  }

  private void goOn(Work done, Executor others, Executor loop) {
    try {
      loop.execute(() -> {
        busy = false;
        done.reply();
        advance(others, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }

  private void runElsewhere(Work work, Executor others, Executor loop) {
    others.execute(() -> {
      try {
        work.run();
      } finally {
        goOn(work, others, loop);
      }
    });
  }
}
