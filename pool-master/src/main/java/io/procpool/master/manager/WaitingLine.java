// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Calls that wait, in the order in which they came. Who is taken back, because its thread was interrupted or its process has gone, or whose time is up,
 * leaves. For the event loop alone.
 */
final class WaitingLine<W extends Waiter> {
  /** No end. */
  static final long FOREVER = Long.MAX_VALUE;

  private final LinkedHashSet<W> waiters =
      new LinkedHashSet<>(); // which are equal to themselves only

  /** Has a call wait at the end of the line, until it is taken out. */
  void add(W waiter) {
    waiters.add(waiter);
    waiter.call.setCancellation(() -> {
      boolean takenBack = waiter.cancelled();
      if (takenBack) {
        remove(waiter);
      }
      return takenBack;
    });
  }

  /** As {@link #add(Waiter)}, for a time. */
  void add(W waiter, long nanos, EventExecutor loop) {
    add(waiter);
    if (nanos != FOREVER) {
      waiter.alarm = loop.schedule(
          () -> {
            if (remove(waiter)) {
              waiter.timeIsUp();
            }
          },
          nanos,
          TimeUnit.NANOSECONDS);
    }
  }

  /** Takes a call out of the line; tells whether it was there. */
  boolean remove(W waiter) {
    if (waiter.alarm != null) {
      waiter.alarm.cancel(false);
      waiter.alarm = null;
    }
    return waiters.remove(waiter);
  }

  /** Takes the first one out; null if nobody waits. */
  @Nullable
  W poll() {
    return pollFirst(each -> true);
  }

  /** Takes the first one out of a certain kind; null if there is none. */
  @Nullable
  W pollFirst(Predicate<W> which) {
    for (W each : waiters) {
      if (which.test(each)) {
        remove(each);
        return each;
      }
    }
    return null;
  }

  /** Takes all out that wait now. */
  List<W> pollAll() {
    List<W> all = List.copyOf(waiters);
    all.forEach(this::remove);
    return all;
  }

  int size() {
    return waiters.size();
  }
}
