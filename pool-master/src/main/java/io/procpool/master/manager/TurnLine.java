// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.manager.FunctionTimeoutException;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Turns of one object, or of several of which one can be used at a time, in the order in which they came. For the event loop alone. */
final class TurnLine {
  /*
   * While a thread is busy with a turn although its time is over (Turns), calls are not left waiting: `inTheWay` says why they cannot be done.
   */
  private final ArrayDeque<Place> places = new ArrayDeque<>();
  private boolean busy;
  private @Nullable FunctionTimeoutException inTheWay;

  private record Place(ServedObject object, Turn turn) {}

  /** Takes a turn, at once if nothing is before it. */
  void take(ServedObject object, Turn turn, ObjectTable objects, EventExecutor loop) {
    FunctionTimeoutException why = inTheWay;
    if (why != null && refuse(turn, why)) {
      return;
    }
    places.add(new Place(object, turn));
    if (!busy) {
      advance(objects, loop);
    }
  }

  /** Has all calls that wait told why they cannot be done, and those that come as long as a thread is busy. */
  void refuseCalls(FunctionTimeoutException why) {
    inTheWay = why;
    places.removeIf(place -> refuse(place.turn, why));
  }

  private static boolean refuse(Turn turn, FunctionTimeoutException why) {
    ClientCall call = turn.call();
    if (call != null) {
      call.reply(Replies.thrown(call.number(), why));
    }
    return call != null;
  }

  /** Tells whether a turn is not over. */
  boolean isBusy() {
    return busy;
  }

  /** Says that the turn that was left to another thread is over; {@link #advance} follows. */
  void over() {
    busy = false;
    inTheWay = null;
  }

  /** Goes on as far as is possible at once. */
  void advance(ObjectTable objects, EventExecutor loop) {
    for (Place next = places.poll(); next != null; next = places.poll()) {
      if (next.turn.begin()) {
        if (next.object.isForElsewhere(next.turn)) {
          busy = true;
          next.object.runElsewhere(next.turn, objects, loop);
          return;
        }
        next.object.run(next.turn, objects);
      }
    }
  }
}
