// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.FunctionTimeoutException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An object of the JDK or of a user's, and who uses it next. For the event loop alone. */
final class ServedObject implements Kept {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came.
   * Too long.            While that thread is busy although its time is over (Turns), calls are not left waiting: `inTheWay` says why they cannot be done.
   * What is in it.       An object to which something of a user's has come stays with the slower way: who knows which of its methods run that.
   */
  private final String kind;
  private final Target target;
  private final ClassLoader loader; // finds the classes of arguments
  private final Watchers watchers;
  private final ArrayDeque<Turn> line = new ArrayDeque<>();
  private boolean busy;
  private @Nullable FunctionTimeoutException inTheWay;
  private Holding holding = Holding.SIMPLE;
  private long number;
  private boolean isKnown; // as one of its own type

  ServedObject(String kind, Target target, ClassLoader loader, Watchers watchers) {
    this.kind = kind;
    this.target = target;
    this.loader = loader;
    this.watchers = watchers;
  }

  /** Says which number it has. */
  void setNumber(long number) {
    this.number = number;
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
  public void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException {
    boolean listens = call.signature().equals(ManagerWire.LISTEN);
    take(
        listens || call.signature().equals(ManagerWire.UNLISTEN)
            ? new ListenTurn(call, listens, watchers)
            : new ObjectCall(call, watchers),
        objects,
        loop);
  }

  private void take(Turn turn, ObjectTable objects, EventExecutor loop) {
    FunctionTimeoutException why = inTheWay;
    if (why != null && refuse(turn, why)) {
      return;
    }
    line.add(turn);
    if (!busy) {
      advance(objects, loop);
    }
  }

  /** Has all calls that wait told why they cannot be done, and those that come as long as the object is busy. */
  private void refuseCalls(FunctionTimeoutException why) {
    inTheWay = why;
    line.removeIf(turn -> refuse(turn, why));
  }

  private static boolean refuse(Turn turn, FunctionTimeoutException why) {
    ClientCall call = turn.call();
    if (call != null) {
      call.reply(Replies.thrown(call.number(), why));
    }
    return call != null;
  }

  @Override
  public void restoreNothing() throws PayloadFormatException {
    Content content = restoredContent();
    if (content != null) {
      content.clear();
    }
  }

  @Override
  public void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    Content content = restoredContent();
    if (content != null) {
      holding = change.isForeign() ? Holding.FOREIGN : holding;
      content.apply(change);
    }
  }

  /** Makes the object, and returns what it holds; null if it is of a user's type, and comes back as it is made. */
  private @Nullable Content restoredContent() throws PayloadFormatException {
    if (watchers == Watchers.NONE) {
      return null;
    }
    try {
      holding = holding.and(target.made().holding());
    } catch (PayloadFormatException e) {
      throw e;
    } catch (Throwable e) {
      throw new PayloadFormatException("a " + kind + " cannot be made again: " + e);
    }
    return target.content(loader);
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    if (watchers == Watchers.NONE) {
      loop.execute(() -> whenKnown.accept(List.of()));
      return true;
    }
    boolean now = !busy;
    take(new StateTurn(whenKnown), objects, loop);
    return now;
  }

  private void advance(ObjectTable objects, EventExecutor loop) {
    for (Turn next = line.poll(); next != null; next = line.poll()) {
      if (next.begin()) {
        if (holding == Holding.FOREIGN || next.isForeign() || next.isLong() || !target.isMade()) {
          busy = true;
          runElsewhere(next, objects, loop);
          return;
        }
        next.run(target, holding, loader, objects, null);
        holding = next.left(holding);
        next.reply(objects);
      }
    }
  }

  private void runElsewhere(Turn call, ObjectTable objects, EventExecutor loop) {
    Holding before = holding;
    RunningTurn running = objects.turns().begin(this, number, call.call(), loop, this::refuseCalls);
    objects.others().execute(() -> {
      running.begin();
      try {
        call.run(target, before, loader, objects, running);
      } finally {
        running.end();
        goOn(call, running, objects, loop);
      }
    });
  }

  private void goOn(Turn done, RunningTurn running, ObjectTable objects, EventExecutor loop) {
    try {
      loop.execute(() -> {
        objects.turns().end(running);
        busy = false;
        inTheWay = null;
        holding = done.left(holding);
        if (!isKnown && target.isOfUser()) {
          isKnown = true;
          objects.know(new Reference(number, this), target.object());
        }
        done.reply(objects);
        advance(objects, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }
}
