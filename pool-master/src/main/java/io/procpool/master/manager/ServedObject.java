// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** An object of the JDK, and who uses it next. For the event loop alone. */
final class ServedObject implements Served {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came.
   */
  private final ObjectKind kind;
  private final Object target;
  private final ClassLoader loader; // finds the classes of arguments
  private final ArrayDeque<ObjectCall> line = new ArrayDeque<>();
  private boolean busy;
  private boolean holdsForeign; // objects of users' classes, as far as is known

  ServedObject(ObjectKind kind, ClassLoader loader) {
    this.kind = kind;
    this.loader = loader;
    this.target = kind.make();
  }

  @Override
  public String kind() {
    return kind.name();
  }

  @Override
  public void accept(ClientCall call, Executor others, EventExecutor loop)
      throws PayloadFormatException {
    line.add(new ObjectCall(call));
    if (!busy) {
      advance(others, loop);
    }
  }

  private void advance(Executor others, EventExecutor loop) {
    for (ObjectCall next = line.poll(); next != null; next = line.poll()) {
      if (next.begin()) {
        holdsForeign |= next.isForeign();
        if (holdsForeign) {
          busy = true;
          runElsewhere(next, others, loop);
          return;
        }
        next.run(kind, target, loader);
        next.reply();
      }
    }
  }

  private void runElsewhere(ObjectCall call, Executor others, EventExecutor loop) {
    others.execute(() -> {
      try {
        call.run(kind, target, loader);
      } finally {
        goOn(call, others, loop);
      }
    });
  }

  private void goOn(ObjectCall done, Executor others, EventExecutor loop) {
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
}
