// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.manager.ManagerWire;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An object of the JDK or of a user's, and who uses it next. For the event loop alone. */
final class ServedObject implements Kept {
  /*
   * One after the other. What only has to do with numbers, texts and the like is done in the event loop, at once. What may run code of users (a
   *                      function, or the methods of elements) is done by another thread, while the loop goes on; until it is through,
   *                      all that comes for this object waits in `line`, in the order in which it came. What a store keeps together has one line, too (Family).
   * What is in it.       An object to which something of a user's has come stays with the slower way: who knows which of its methods run that.
   */
  private final String kind;
  private final Target target;
  private final ClassLoader loader; // finds the classes of arguments
  private final Watchers watchers;
  private final @Nullable Family family; // if it is of a user's type, and there is a store
  private final TurnLine line;
  private Holding holding = Holding.SIMPLE;
  private long number;
  private boolean isKnown; // as one of its own type

  ServedObject(String kind, Target target, ClassLoader loader, Watchers watchers) {
    this.kind = kind;
    this.target = target;
    this.loader = loader;
    this.watchers = watchers;
    this.family = target.family();
    this.line = family == null ? new TurnLine() : family.line();
  }

  /** Says which number it has. */
  void setNumber(long number) {
    this.number = number;
    Family.Member member = target.member();
    if (member != null) {
      member.family().serve(member, this, number);
    }
  }

  /** Returns with what a store keeps it; null if there is none, or it is no user's. */
  @Nullable
  Family family() {
    return family;
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
    Turn turn = listens || call.signature().equals(ManagerWire.UNLISTEN)
        ? new ListenTurn(call, listens, family == null ? watchers : Watchers.NONE)
        : new ObjectCall(call, watchers, family != null);
    line.take(this, turn, objects, loop);
  }

  @Override
  public void restoreNothing() throws PayloadFormatException {
    if (family == null) {
      restoredContent().clear();
    } else if (isFirst()) {
      family.clear();
    }
  }

  @Override
  public void restore(Change change, ObjectTable objects) throws PayloadFormatException {
    if (family != null) {
      family.apply(change);
    } else {
      Content content = restoredContent();
      holding = change.isForeign() ? Holding.FOREIGN : holding;
      content.apply(change);
    }
  }

  @Override
  public void restored(ObjectTable objects) throws PayloadFormatException {
    if (family != null && isFirst()) {
      family.rebuildKept();
      family.makeKnown(objects);
    }
  }

  private boolean isFirst() {
    Family.Member member = target.member();
    return member != null && member.isFirst();
  }

  /** Makes an object of the JDK, and returns what it holds. */
  private Content restoredContent() throws PayloadFormatException {
    try {
      holding = holding.and(target.made().holding());
    } catch (PayloadFormatException e) {
      throw e;
    } catch (Throwable e) {
      throw new PayloadFormatException("a " + kind + " cannot be made again: " + e);
    }
    return Objects.requireNonNull(target.content(loader));
  }

  @Override
  public boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    if (family != null && (!isFirst() || !target.isMade() && !family.isRestored())) {
      loop.execute(() -> whenKnown.accept(List.of())); // the first one writes the state, if any
      return true;
    }
    boolean now = !line.isBusy();
    line.take(this, new StateTurn(whenKnown), objects, loop);
    return now;
  }

  /** Tells whether a turn is left to another thread. */
  boolean isForElsewhere(Turn turn) {
    return holding == Holding.FOREIGN || turn.isForeign() || turn.isLong() || !target.isMade();
  }

  /** Does something in the event loop. */
  void run(Turn turn, ObjectTable objects) {
    turn.run(target, holding, loader, objects, null);
    holding = turn.left(holding);
    turn.reply(objects);
  }

  /** Has something done by another thread. */
  void runElsewhere(Turn turn, ObjectTable objects, EventExecutor loop) {
    Holding before = holding;
    List<Long> numbers = family == null ? List.of(number) : family.numbers(number);
    RunningTurn running = objects
        .turns()
        .begin(this, numbers, this::sharesTurns, turn.call(), loop, line::refuseCalls);
    objects.others().execute(() -> {
      running.begin();
      try {
        turn.run(target, before, loader, objects, running);
      } finally {
        running.end();
        goOn(turn, running, objects, loop);
      }
    });
  }

  private boolean sharesTurns(@Nullable Object other) {
    return other instanceof ServedObject served && served.line == line;
  }

  private void goOn(Turn done, RunningTurn running, ObjectTable objects, EventExecutor loop) {
    try {
      loop.execute(() -> {
        objects.turns().end(running);
        line.over();
        holding = done.left(holding);
        if (!isKnown && target.isOfUser()) {
          isKnown = true;
          objects.know(new Reference(number, this), target.object());
        }
        if (family != null) {
          family.makeKnown(objects);
        }
        done.reply(objects);
        line.advance(objects, loop);
      });
    } catch (RejectedExecutionException serverHasEnded) {
      // And so have its clients' connections.
    }
  }
}
