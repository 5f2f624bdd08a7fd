// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import java.util.ArrayDeque;

/** Turns of one object, or of several of which one can be used at a time, in the order in which they came. For the event loop alone. */
final class TurnLine {
  private final ArrayDeque<Place> places = new ArrayDeque<>();
  private boolean busy;

  private record Place(ServedObject object, Turn turn) {}

  /** Takes a turn, at once if nothing is before it. */
  void take(ServedObject object, Turn turn, ObjectTable objects, EventExecutor loop) {
    places.add(new Place(object, turn));
    if (!busy) {
      advance(objects, loop);
    }
  }

  /** Tells whether a turn is not over. */
  boolean isBusy() {
    return busy;
  }

  /** Says that the turn that was left to another thread is over; {@link #advance} follows. */
  void over() {
    busy = false;
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
