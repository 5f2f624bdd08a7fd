// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.sync;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What threads did with one lock, and whether that can be explained by an order in which one thing happened after the other. Immutable. */
record LockHistory(List<List<Operation>> threads) {
  enum Kind {
    LOCK,
    TRY_FAILED,
    UNLOCK
  }

  /**
   * One call.
   *
   * @param from when it was called, by {@link System#nanoTime()}, which is the same for all processes of a machine
   * @param to when it returned
   * @param token the hold that it began, if any
   */
  record Operation(Kind kind, long from, long to, long token) implements Serializable {}

  private static final int NOBODY = -1;

  /** Tells whether there is such an order: one owner at a time, larger tokens later, no try that fails while nobody has the lock. */
  boolean isLinearizable() {
    return search(new int[threads.size()], NOBODY, Long.MIN_VALUE, new HashSet<>());
  }

  private boolean search(int[] done, int owner, long token, Set<List<Integer>> seen) {
    List<Integer> state = new ArrayList<>();
    for (int each : done) {
      state.add(each);
    }
    if (!seen.add(state)) { // how far all are says who has the lock, and the last token
      return false;
    }
    boolean ended = true;
    long mustBeginBefore = Long.MAX_VALUE;
    for (int thread = 0; thread < done.length; thread++) {
      if (done[thread] < threads.get(thread).size()) {
        ended = false;
        mustBeginBefore = Math.min(mustBeginBefore, next(done, thread).to());
      }
    }
    if (ended) {
      return true;
    }
    for (int thread = 0; thread < done.length; thread++) {
      if (done[thread] == threads.get(thread).size()) {
        continue;
      }
      Operation next = next(done, thread);
      boolean possible = next.from() <= mustBeginBefore
          && switch (next.kind()) {
            case LOCK -> owner == NOBODY && next.token() > token;
            case TRY_FAILED -> owner != NOBODY;
            case UNLOCK -> owner == thread;
          };
      if (possible) {
        done[thread]++;
        int ownerThen =
            next.kind() == Kind.LOCK ? thread : next.kind() == Kind.UNLOCK ? NOBODY : owner;
        boolean found =
            search(done, ownerThen, next.kind() == Kind.LOCK ? next.token() : token, seen);
        done[thread]--;
        if (found) {
          return true;
        }
      }
    }
    return false;
  }

  private Operation next(int[] done, int thread) {
    return threads.get(thread).get(done[thread]);
  }

  /** Lists all, in the order in which they were called. */
  @Override
  public String toString() {
    List<String> lines = new ArrayList<>();
    for (int thread = 0; thread < threads.size(); thread++) {
      for (Operation each : threads.get(thread)) {
        lines.add(each.from() + " to " + each.to() + ": thread " + thread + " " + each.kind() + " "
            + each.token());
      }
    }
    lines.sort(Comparator.naturalOrder());
    return String.join("\n", lines);
  }
}
