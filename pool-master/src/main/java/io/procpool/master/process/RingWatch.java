// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.util.ArrayList;
import java.util.List;

/** The rings that an event loop reads. Event loop only. */
final class RingWatch {
  private final List<FrameHandler> handlers = new ArrayList<>();

  void add(FrameHandler handler) {
    handlers.add(handler);
  }

  void remove(FrameHandler handler) {
    handlers.remove(handler);
  }

  boolean isReady() {
    for (FrameHandler handler : handlers) {
      if (handler.isReady()) {
        return true;
      }
    }
    return false;
  }

  /** Tells whether a frame is being received or sent. */
  boolean isInTheMiddle() {
    for (FrameHandler handler : handlers) {
      if (handler.isInTheMiddle()) {
        return true;
      }
    }
    return false;
  }

  /** Says that the loop will sleep unless something is ready; tells whether that is so. */
  boolean sleep() {
    for (FrameHandler handler : handlers) {
      handler.sleep();
    }
    return !isReady();
  }

  /** Reads all that is there. */
  void read() {
    for (FrameHandler handler : new ArrayList<>(handlers)) {
      handler.readRing();
    }
  }
}
