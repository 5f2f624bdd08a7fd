// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.manager.ServersHere;
import io.procpool.manager.FunctionTimeoutException;
import io.procpool.manager.ManagerDeadlockException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The turns that threads are busy with: how long they may take, and who waits for whom. For the event loop alone. */
final class Turns {
  /*
   * Circles. A turn waits for the calls that it has made as a client of its own server (RunningTurn), a call for the turn that its object is busy with. A circle can only
   *          come about when a call is made, or waited for: a turn that begins waits for nothing yet. So it is looked for then. What waits in line before a call
   *          matters only when its turn has come.
   * Limit.   When a turn has taken too long its caller is told at once, and those who wait for the object after a grace period, in which it may react to its interrupt.
   */
  static final Duration GRACE = Duration.ofSeconds(1);

  private static final long AGAIN_MILLIS = 10;

  private final Map<Long, RunningTurn> turns = new HashMap<>();
  private final Map<Long, RunningTurn> byObject = new HashMap<>();
  private final Map<RunningTurn, Future<?>> alarms = new HashMap<>();
  private final String server;
  private final Duration limit;

  /**
   * Makes an empty one.
   *
   * @param limit how long a turn may take; zero if there is no limit
   */
  Turns(String server, Duration limit) {
    this.server = server;
    this.limit = limit;
  }

  /**
   * Begins one, which a thread is to do.
   *
   * @param numbers of the objects that nobody else can use meanwhile, its own first
   * @param isAt tells whether something is one of them
   * @param call whose turn it is; null if it is of the server's own, which has no limit
   * @param whenStuck is given what those are to be told who want to use the object before it has ended
   */
  RunningTurn begin(
      Served object,
      List<Long> numbers,
      Predicate<@Nullable Object> isAt,
      @Nullable ClientCall call,
      EventExecutor loop,
      Consumer<FunctionTimeoutException> whenStuck) {
    boolean limited = call != null && !limit.isZero();
    long turn = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
    RunningTurn begun = new RunningTurn(
        new ServersHere.Turn(server, turn, isAt),
        call,
        object.kind() + " " + numbers.get(0),
        limited);
    turns.put(turn, begun);
    for (long number : numbers) {
      byObject.put(number, begun);
    }
    if (limited) {
      long end = System.nanoTime() + limit.toNanos() + GRACE.toNanos();
      alarm(begun, limit.toNanos(), loop, () -> timeIsUp(begun, end, loop, whenStuck));
    }
    return begun;
  }

  private void alarm(RunningTurn turn, long nanos, EventExecutor loop, Runnable action) {
    alarms.put(turn, loop.schedule(action, nanos, TimeUnit.NANOSECONDS));
  }

  private void timeIsUp(
      RunningTurn turn,
      long end,
      EventExecutor loop,
      Consumer<FunctionTimeoutException> whenStuck) {
    ClientCall call = turn.call();
    FunctionTimeoutException why = turn.end(limit, System.nanoTime() - end >= 0);
    if (why == null || call == null) {
      long again = TimeUnit.MILLISECONDS.toNanos(AGAIN_MILLIS);
      alarm(turn, again, loop, () -> timeIsUp(turn, end, loop, whenStuck));
      return;
    }
    alarm(turn, GRACE.toNanos(), loop, () -> whenStuck.accept(turn.inTheWay(why)));
    call.reply(Replies.thrown(call.number(), why));
  }

  /** Says that one has ended. */
  void end(RunningTurn turn) {
    turns.remove(turn.number());
    byObject.values().removeIf(other -> other == turn);
    Future<?> alarm = alarms.remove(turn);
    if (alarm != null) {
      alarm.cancel(false);
    }
  }

  /**
   * Says that a turn waits for a call from now on.
   *
   * @param turn its number; it may have ended
   * @return why it must not; null if it may
   */
  @Nullable
  ManagerDeadlockException waitFor(long turn, ClientCall call) {
    RunningTurn waiting = turns.get(turn);
    if (waiting == null) {
      return null;
    }
    Deque<RunningTurn> way = new ArrayDeque<>();
    if (leadsTo(waiting, call, way, new HashSet<>())) {
      return circle(way, call);
    }
    waiting.waitFor(call);
    return null;
  }

  /** Tells whether a call waits for a turn to end, and how: each that the one before waits for. */
  private boolean leadsTo(
      RunningTurn wanted, ClientCall call, Deque<RunningTurn> way, Set<RunningTurn> seen) {
    RunningTurn holder = byObject.get(call.object());
    if (holder == null || !seen.add(holder)) {
      return false;
    }
    way.addLast(holder);
    if (holder == wanted) {
      return true;
    }
    for (ClientCall next : holder.waits()) {
      if (leadsTo(wanted, next, way, seen)) {
        return true;
      }
    }
    way.removeLast();
    return false;
  }

  private static ManagerDeadlockException circle(Deque<RunningTurn> way, ClientCall call) {
    List<RunningTurn> circle = new ArrayList<>(way);
    circle.add(0, circle.remove(circle.size() - 1)); // who would close it
    List<String> waits = new ArrayList<>();
    for (int i = 0; i < circle.size(); i++) {
      waits.add(circle.get(i)
          + (i == 0 ? " would wait for " : " waits for ")
          + circle.get((i + 1) % circle.size()).object());
    }
    return new ManagerDeadlockException(
        "a function that runs on the server cannot wait for " + call.signature()
            + ", because functions would wait for each other for ever: " + String.join(", ", waits)
            + "; use one object in a function, or the objects in the same order in all",
        circle.stream().map(RunningTurn::toString).toList());
  }
}
