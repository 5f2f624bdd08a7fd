// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import java.util.Locale;

/**
 * What was last seen of a worker while it ran an item.
 *
 * @param rssBytes resident memory; -1 if it was not looked at
 * @param heapBytes heap that was used; -1 if the worker has not said so
 * @param stack where the task was, a line for each frame; empty if the worker has not said so
 */
record Vital(long rssBytes, long heapBytes, String stack) {
  private static final int SHOWN_FRAMES = 12;

  static final Vital NONE = new Vital(-1, -1, "");

  static Vital of(Worker worker, Unit unit, int itemOfUnit) {
    Worker.Stack stack = worker.stack;
    boolean same = stack != null && stack.seq() == unit.seq && stack.item() == itemOfUnit;
    return new Vital(
        worker.rssBytes,
        worker.segment().heapBytes(unit.seq),
        same && stack != null ? stack.text() : "");
  }

  /** Appends a line about memory, if something is known. */
  void appendMemory(StringBuilder message) {
    if (rssBytes < 0 && heapBytes < 0) {
      return;
    }
    message.append("\n  memory when last looked at: ");
    if (rssBytes >= 0) {
      message.append("resident ").append(mebibytes(rssBytes));
    }
    if (heapBytes >= 0) {
      message.append(rssBytes >= 0 ? ", " : "").append("heap in use ").append(mebibytes(heapBytes));
    }
  }

  /** Appends the innermost frames, if they are known. */
  void appendStack(StringBuilder message) {
    if (stack.isEmpty()) {
      return;
    }
    String[] frames = stack.split("\n");
    int shown = Math.min(frames.length, SHOWN_FRAMES);
    message.append("\n  where the task was:");
    for (int i = 0; i < shown; i++) {
      message.append("\n    at ").append(frames[i]);
    }
    if (frames.length > shown) {
      message.append("\n    and ").append(frames.length - shown).append(" more");
    }
  }

  static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / (double) (1 << 20));
  }
}
