// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
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
  private final Map<Long, Served> objects = new HashMap<>();
  private final Map<String, Long> names = new HashMap<>();
  private final ExecutorService others;
  private final ClassLoader loader;
  private long last = ManagerWire.SERVER;

  /**
   * Makes an empty one.
   *
   * @param loader finds the classes of what is stored
   */
  ObjectTable(ClassLoader loader) {
    this.loader = loader;
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
  Served find(long number) {
    return objects.get(number);
  }

  /**
   * Makes an object, or finds the one of a name.
   *
   * @param arguments what that kind needs to be made
   * @throws PayloadFormatException if the arguments are not those
   * @throws IllegalArgumentException if there is no such kind, or something of another kind has that name
   */
  long open(String kind, @Nullable String name, PayloadReader arguments)
      throws PayloadFormatException {
    Long known = name == null ? null : names.get(name);
    Served there = known == null ? null : objects.get(known);
    if (known != null && there != null && !there.isUnusable()) {
      if (!there.kind().equals(kind)) {
        throw new IllegalArgumentException("\"" + name + "\" is " + withArticle(there.kind())
            + ", not " + withArticle(kind) + "; use another name");
      }
      return known;
    }
    Served made = make(kind, arguments);
    objects.put(++last, made);
    if (name != null) {
      names.put(name, last);
    }
    return last;
  }

  private Served make(String kind, PayloadReader arguments) throws PayloadFormatException {
    ObjectKind ofJdk = ObjectKind.of(kind);
    if (ofJdk != null) {
      return new ServedObject(kind, Target.of(ofJdk, arguments, loader), loader);
    }
    return switch (kind) {
      case "queue" -> ServedQueue.open(false, arguments);
      case "lifo" -> ServedQueue.open(true, arguments);
      default ->
        throw new IllegalArgumentException("this server has no objects of the kind " + kind);
    };
  }

  /** Returns a kind as it stands in a sentence. */
  static String withArticle(String kind) {
    return ("aeiou".indexOf(kind.charAt(0)) < 0 ? "a " : "an ") + kind;
  }

  /** Ends what is still being done. */
  void close() {
    others.shutdownNow();
  }
}
