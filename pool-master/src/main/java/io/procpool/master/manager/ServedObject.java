// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.manager.ServersHere;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An object of the JDK, and who uses it next. For the event loop alone. */
final class ServedObject implements Kept {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came.
   */
  private final ObjectKind kind;
  private final Content content;
  private final Watchers watchers;
  private final ClassLoader loader; // finds the classes of arguments
  private final ArrayDeque<Turn> line = new ArrayDeque<>();
  private boolean busy;
  private boolean holdsForeign; // objects of users' classes, as far as is known

  ServedObject(ObjectKind kind, ClassLoader loader, Watchers watchers) {
    this.kind = kind;
    this.loader = loader;
    this.watchers = watchers;
    this.content = Content.of(kind.make(), loader);
  }

  @Override
  public String kind() {
    return kind.name();
  }

  @Override
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    boolean listens = call.signature().equals(ManagerWire.LISTEN);
    take(
        listens || call.signature().equals(ManagerWire.UNLISTEN)
            ? new ListenTurn(call, listens, watchers)
            : new ObjectCall(call, content, watchers),
        objects,
        loop);
  }

  private void take(Turn turn, ObjectTable objects, EventExecutor loop) {
    line.add(turn);
    if (!busy) {
      advance(objects, loop);
    }
  }

  @Override
  public void restoreNothing() {
    content.clear();
  }

  @Override
  public void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    holdsForeign |= change.isForeign();
    content.apply(change);
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    boolean now = !busy;
    take(new StateTurn(content, whenKnown), objects, loop);
    return now;
  }

  private void advance(ObjectTable objects, EventExecutor loop) {
    for (Turn next = line.poll(); next != null; next = line.poll()) {
      if (next.begin()) {
        holdsForeign |= next.isForeign();
        if (holdsForeign || next.isLong()) {
          busy = true;
          runElsewhere(next, objects, loop);
          return;
        }
        next.run(kind, loader, objects);
        next.reply();
      }
    }
  }

  private void runElsewhere(Turn turn, ObjectTable objects, EventExecutor loop) {
    objects.others().execute(() -> {
      ServersHere.workAt(this);
      try {
        turn.run(kind, loader, objects);
      } finally {
        ServersHere.workAt(null);
        goOn(turn, objects, loop);
      }
    });
  }

  private void goOn(Turn done, ObjectTable objects, EventExecutor loop) {
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
