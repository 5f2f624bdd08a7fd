// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/** An object of the JDK or of a user's, and who uses it next. For the event loop alone. */
final class ServedObject implements Served {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came.
   * What is in it.       An object to which something of a user's has come stays with the slower way: who knows which of its methods run that.
   */
  private final String kind;
  private final Target target;
  private final ClassLoader loader; // finds the classes of arguments
  private final ArrayDeque<ObjectCall> line = new ArrayDeque<>();
  private boolean busy;
  private final Instances instances;
  private Holding holding = Holding.SIMPLE;
  private boolean isKnown; // to the instances

  ServedObject(String kind, Target target, ClassLoader loader, Instances instances) {
    this.instances = instances;
    this.kind = kind;
    this.target = target;
    this.loader = loader;
  }

  @Override
  public String kind() {
    return kind;
  }

  @Override
  public boolean isUnusable() {
    return target.isFailed();
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
        if (holding == Holding.FOREIGN || next.isForeign() || !target.isMade()) {
          busy = true;
          runElsewhere(next, others, loop);
          return;
        }
        next.run(target, holding, loader);
        holding = next.left();
        next.reply(instances);
      }
    }
  }

  private void runElsewhere(ObjectCall call, Executor others, EventExecutor loop) {
    Holding before = holding;
    others.execute(() -> {
      try {
        call.run(target, before, loader);
      } finally {
        goOn(call, others, loop);
      }
    });
  }

  private void goOn(ObjectCall done, Executor others, EventExecutor loop) {
    try {
      loop.execute(() -> {
        busy = false;
        holding = done.left();
        Object made = isKnown ? null : target.object();
        if (made != null) {
          isKnown = true;
          instances.made(made);
        }
        done.reply(instances);
        advance(others, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }
}
