// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.manager.ServersHere;
import java.util.ArrayDeque;
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
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    line.add(new ObjectCall(call));
    if (!busy) {
      advance(objects, loop);
    }
  }

  private void advance(ObjectTable objects, EventExecutor loop) {
    for (ObjectCall next = line.poll(); next != null; next = line.poll()) {
      if (next.begin()) {
        holdsForeign |= next.isForeign();
        if (holdsForeign) {
          busy = true;
          runElsewhere(next, objects, loop);
          return;
        }
        next.run(kind, target, loader, objects);
        next.reply();
      }
    }
  }

  private void runElsewhere(ObjectCall call, ObjectTable objects, EventExecutor loop) {
    objects.others().execute(() -> {
      ServersHere.workAt(this);
      try {
        call.run(kind, target, loader, objects);
      } finally {
        ServersHere.workAt(null);
        goOn(call, objects, loop);
      }
    });
  }

  private void goOn(ObjectCall done, ObjectTable objects, EventExecutor loop) {
    try {
      loop.execute(() -> {
        busy = false;
        done.reply();
        advance(objects, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }
}
