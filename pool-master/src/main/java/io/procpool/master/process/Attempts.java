// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.process;

import io.procpool.InfrastructureException;
import io.procpool.PoolTerminatedException;
import io.procpool.WorkerStartException;
import io.procpool.master.pool.Work;
import java.time.LocalTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The attempts that have failed so far of the items of one work. Event loop only. */
final class Attempts {
  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");
  private static final int SHOWN = 20;

  private record Failed(LocalTime at, LostAttempt how) {}

  private final Map<Integer, List<Failed>> failed = new HashMap<>();

  private static List<Failed> of(Work work, int item) {
    return work.attempts() instanceof Attempts attempts
        ? attempts.failed.getOrDefault(item, List.of())
        : List.of();
  }

  /** Returns how many attempts of an item have failed. */
  static int failed(Work work, int item) {
    return of(work, item).size();
  }

  /** Notes that an attempt has failed. */
  static void add(Work work, int item, LostAttempt how) {
    if (!(work.attempts() instanceof Attempts)) {
      work.attempts(new Attempts());
    }
    if (work.attempts() instanceof Attempts attempts) {
      attempts
          .failed
          .computeIfAbsent(item, first -> new ArrayList<>())
          .add(new Failed(LocalTime.now(), how));
    }
  }

  /** Returns what becomes of an item whose last attempt has just failed, and that is not run again. */
  static Fate last(Work work, int item, LostAttempt how, boolean poolUsable) {
    List<Failed> earlier = of(work, item);
    long taskId = work.taskId(item);
    if (earlier.isEmpty()) {
      return how.endedWorker()
          ? Fate.failed(taskId, poolUsable)
          : Fate.failedAlone(taskId, poolUsable);
    }
    String text = "task " + taskId + " failed in attempt " + (earlier.size() + 1)
        + " as before, and is not run again; the pool is " + (poolUsable ? "usable" : "closed");
    return new Fate(poolUsable, text + list(earlier));
  }

  /** Returns what an item fails with that could not be begun; if it had been before, that is how its last attempt failed. */
  static Throwable settled(Work work, int item, InfrastructureException notBegun) {
    List<Failed> all = of(work, item);
    if (all.isEmpty()) {
      return notBegun;
    }
    String why = notBegun instanceof PoolTerminatedException
        ? "the pool was ended"
        : notBegun instanceof WorkerStartException
            ? "no worker could be started"
            : "workers ended before they had begun it";
    Fate fate = new Fate(
        notBegun.poolUsable(),
        "task " + work.taskId(item) + " was to be run again, but " + why
            + list(all.subList(0, all.size() - 1)));
    Throwable failure = all.get(all.size() - 1).how().exception(fate);
    failure.addSuppressed(notBegun);
    return failure;
  }

  private static String list(List<Failed> attempts) {
    StringBuilder text = new StringBuilder();
    int first = Math.max(0, attempts.size() - SHOWN);
    for (int i = first; i < attempts.size(); i++) {
      Failed attempt = attempts.get(i);
      text.append("\n  attempt ")
          .append(i + 1)
          .append(" failed at ")
          .append(TIME.format(attempt.at()))
          .append(": ")
          .append(attempt.how().summary());
    }
    return text.toString();
  }
}
