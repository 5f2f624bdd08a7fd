// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Looks for an order of the operations of a history in which each could have returned what it has, and none comes before one that had returned when it began: by trying, as
 * Wing and Gong do, and remembering where it was in vain. For small histories.
 */
final class Linearizability {
  private static final int MOST = 60;

  private Linearizability() {}

  /**
   * Something that was done.
   *
   * @param begin when it was called, in nanoseconds of a clock that all processes share
   * @param end when it returned
   * @param name what was done
   * @param first its first argument
   * @param second its second one
   * @param result what it returned
   */
  record Operation(
      long begin,
      long end,
      String name,
      @Nullable Object first,
      @Nullable Object second,
      @Nullable Object result)
      implements Serializable {}

  /** What an object is to do: a state that is not changed, but replaced. */
  interface Model<S> {
    /** Returns the state at first. */
    S initial();

    /** Returns what comes of an operation. */
    Outcome<S> apply(S state, Operation operation);
  }

  /**
   * What comes of an operation.
   *
   * @param state the state then
   * @param result what it must return
   */
  record Outcome<S>(S state, @Nullable Object result) {}

  private record Place(long done, Object state) {}

  /** Tells whether there is such an order. */
  static <S extends Object> boolean holds(List<Operation> history, Model<S> model) {
    if (history.size() > MOST) {
      throw new IllegalArgumentException(
          "history: " + history.size() + " operations (expected: " + MOST + " at most)");
    }
    return search(history, model, 0, model.initial(), new HashSet<>());
  }

  private static <S extends Object> boolean search(
      List<Operation> history, Model<S> model, long done, S state, Set<Place> inVain) {
    if (done == (1L << history.size()) - 1) {
      return true;
    }
    if (!inVain.add(new Place(done, state))) {
      return false;
    }
    long firstEnd = Long.MAX_VALUE;
    for (int i = 0; i < history.size(); i++) {
      if ((done & 1L << i) == 0) {
        firstEnd = Math.min(firstEnd, history.get(i).end());
      }
    }
    for (int i = 0; i < history.size(); i++) {
      Operation next = history.get(i);
      if ((done & 1L << i) == 0 && next.begin() <= firstEnd) {
        Outcome<S> outcome = model.apply(state, next);
        if (Objects.equals(outcome.result(), next.result())
            && search(history, model, done | 1L << i, outcome.state(), inVain)) {
          return true;
        }
      }
    }
    return false;
  }
}
