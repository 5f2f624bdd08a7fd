// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.sync;

import io.procpool.ipc.memory.ProcessTable;
import io.procpool.ipc.memory.Session;
import io.procpool.sync.Deadlock;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Finds circles among the threads of a session that wait for each other. */
public final class Deadlocks {
  /*
   * What processes write down follows the waits by some milliseconds, and each by its own. So a circle counts if it is there,
   * with the same waits, a while later: no one in it has got on meanwhile, and what they hold they held all the time.
   */
  private static final long BETWEEN_LOOKS_NANOS = 2 * Waiting.SLICE_NANOS;

  private Deadlocks() {}

  /** Finds those of the session that this process is in. Takes some 50 ms if anybody has waited for long. */
  static List<Deadlock> ofThisSession() {
    return find(new File(Session.current().path()), Actor.processes());
  }

  /**
   * Finds those of another session.
   *
   * @param directory where the session is
   */
  public static List<Deadlock> ofSession(File directory) {
    if (Session.isCurrent(directory)) {
      return ofThisSession(); // to open its files again would be to let go of all that this process
      // holds
    }
    ProcessTable processes;
    try {
      processes = ProcessTable.lookAt(directory);
    } catch (IOException none) {
      return List.of(); // nobody there has a lock
    }
    try {
      return find(directory, processes);
    } finally {
      processes.close();
    }
  }

  private static List<Deadlock> find(File directory, ProcessTable processes) {
    Set<List<WaitReport.Entry>> first = cycles(WaitReport.readAll(directory, processes));
    if (first.isEmpty()) {
      return List.of();
    }
    try {
      TimeUnit.NANOSECONDS.sleep(BETWEEN_LOOKS_NANOS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // then what was seen once has to do
    }
    Set<List<WaitReport.Entry>> second = cycles(WaitReport.readAll(directory, processes));
    List<Deadlock> found = new ArrayList<>();
    for (List<WaitReport.Entry> cycle : second) {
      if (first.contains(cycle)) {
        found.add(new Deadlock(cycle.stream().map(Deadlocks::waiting).toList()));
      }
    }
    return found;
  }

  private static Deadlock.Waiting waiting(WaitReport.Entry entry) {
    return new Deadlock.Waiting(
        entry.pid(), entry.thread(), entry.what(), entry.since(), entry.stack());
  }

  /** Returns the circles, each beginning with the thread of the smallest id. */
  private static Set<List<WaitReport.Entry>> cycles(List<WaitReport.Entry> entries) {
    Map<Long, WaitReport.Entry> waiting = new HashMap<>();
    entries.forEach(entry -> waiting.put(entry.id(), entry));
    Set<List<WaitReport.Entry>> found = new HashSet<>();
    Set<Long> done = new HashSet<>();
    for (WaitReport.Entry entry : entries) {
      follow(entry, waiting, new LinkedHashMap<>(), done, found);
    }
    return found;
  }

  private static void follow(
      WaitReport.Entry entry,
      Map<Long, WaitReport.Entry> waiting,
      LinkedHashMap<Long, WaitReport.Entry> path,
      Set<Long> done,
      Set<List<WaitReport.Entry>> found) {
    path.put(entry.id(), entry);
    for (long holder : entry.holders()) {
      WaitReport.Entry next = waiting.get(holder);
      if (path.containsKey(holder)) {
        found.add(cycle(new ArrayList<>(path.values()), holder));
      } else if (next != null && !done.contains(holder)) {
        follow(next, waiting, path, done, found);
      }
    }
    path.remove(entry.id());
    done.add(entry.id());
  }

  private static List<WaitReport.Entry> cycle(List<WaitReport.Entry> path, long first) {
    int start = 0;
    while (path.get(start).id() != first) {
      start++;
    }
    List<WaitReport.Entry> cycle = path.subList(start, path.size());
    int smallest = 0;
    for (int i = 1; i < cycle.size(); i++) {
      smallest = cycle.get(i).id() < cycle.get(smallest).id() ? i : smallest;
    }
    List<WaitReport.Entry> turned = new ArrayList<>(cycle.subList(smallest, cycle.size()));
    turned.addAll(cycle.subList(0, smallest));
    return turned;
  }
}
