// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.manager.ManagerWire;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What a server has. For the event loop alone. */
final class ObjectTable {
  private final Map<Long, ServedObject> objects = new HashMap<>();
  private final Map<String, Long> names = new HashMap<>();
  private final ExecutorService others;
  private long last = ManagerWire.SERVER;

  ObjectTable() {
    AtomicInteger number = new AtomicInteger();
    others = Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task, "manager-work-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    });
  }

  /** Returns who does what may take its time. */
  Executor others() {
    return others;
  }

  @Nullable
  ServedObject find(long number) {
    return objects.get(number);
  }

  /**
   * Makes an object, or finds the one of a name.
   *
   * @throws IllegalArgumentException if there is no such kind, or something of another kind has that name
   */
  long open(String kind, @Nullable String name) {
    ObjectKind wanted = ObjectKind.of(kind);
    if (wanted == null) {
      throw new IllegalArgumentException("this server has no objects of the kind " + kind);
    }
    Long known = name == null ? null : names.get(name);
    ServedObject there = known == null ? null : objects.get(known);
    if (known != null && there != null) {
      if (there.kind() != wanted) {
        throw new IllegalArgumentException("\"" + name + "\" is a "
            + there.kind().name() + ", not a " + kind + "; use another name");
      }
      return known;
    }
    long made = ++last;
    objects.put(made, new ServedObject(wanted));
    if (name != null) {
      names.put(name, made);
    }
    return made;
  }

  /** Ends what is still being done. */
  void close() {
    others.shutdownNow();
  }
}
