// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.pool;

import io.procpool.TaskOptions;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which worker has which keys. Keys are dealt out in groups, so that any number of them takes the same memory; a group stays with its worker until that is {@linkplain #release released}. Used
 * by one thread at a time.
 *
 * @param <W> a worker
 */
public final class KeyOwners<W> {
  private static final int GROUPS = TaskOptions.KEY_GROUPS;

  private @Nullable Object @Nullable [] owners; // by group
  private final Map<W, Integer> groups = new IdentityHashMap<>(); // how many each worker has

  /** Returns the worker that has a work's key, if one has. */
  @SuppressWarnings("unchecked") // only workers are put there
  public @Nullable W owner(Work work) {
    return owners == null ? null : (W) owners[group(work)];
  }

  private static int group(Work work) {
    int hash = work.key().hashCode() * 0x9e3779b9;
    return hash >>> Integer.numberOfLeadingZeros(GROUPS - 1);
  }

  /** Gives the group of a work's key to the one of some workers that has the fewest; null if there is none. */
  public @Nullable W deal(Work work, Iterable<W> workers, Predicate<W> eligible) {
    W fewest = null;
    for (W worker : workers) {
      if (eligible.test(worker) && (fewest == null || count(worker) < count(fewest))) {
        fewest = worker;
      }
    }
    if (fewest != null) {
      if (owners == null) {
        owners = new @Nullable Object[GROUPS];
      }
      owners[group(work)] = fewest;
      groups.merge(fewest, 1, Integer::sum);
    }
    return fewest;
  }

  int count(W worker) {
    return groups.getOrDefault(worker, 0);
  }

  /** Takes all keys from a worker. */
  public void release(W worker) {
    if (groups.remove(worker) != null && owners != null) {
      for (int group = 0; group < GROUPS; group++) {
        if (owners[group] == worker) {
          owners[group] = null;
        }
      }
    }
  }
}
