// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.ManagedType;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
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
  private final Map<Object, Long> instances = new IdentityHashMap<>(); // of users' types
  private final UserTypes types;
  private final ExecutorService others;
  private final ClassLoader loader;
  private long last = ManagerWire.SERVER;

  /**
   * Makes an empty one.
   *
   * @param loader finds the classes of what is stored
   * @param types the types of users' own
   */
  ObjectTable(ClassLoader loader, UserTypes types) {
    this.loader = loader;
    this.types = types;
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
    ManagedType<?> type = types.wanted(kind, arguments);
    Long known = name == null ? null : names.get(name);
    Served there = known == null ? null : objects.get(known);
    if (known != null && there != null && !there.isUnusable()) {
      if (!there.kind().equals(kind)) {
        throw new IllegalArgumentException("\"" + name + "\" is " + withArticle(there.kind())
            + ", not " + withArticle(kind) + "; use another name");
      }
      return known;
    }
    Served made = type == null
        ? make(kind, arguments)
        : new ServedObject(kind, UserTypes.target(type), loader, new Numbered(last + 1));
    objects.put(++last, made);
    if (name != null) {
      names.put(name, last);
    }
    return last;
  }

  private Served make(String kind, PayloadReader arguments) throws PayloadFormatException {
    ObjectKind ofJdk = ObjectKind.of(kind);
    if (ofJdk != null) {
      return new ServedObject(kind, Target.of(ofJdk, arguments, loader), loader, Instances.NONE);
    }
    return switch (kind) {
      case ManagerWire.CREATED ->
        new ServedObject(
            kind, UserTypes.created(arguments, loader), loader, new Numbered(last + 1));
      case "queue", ServedQueue.DEQUE -> ServedQueue.open(kind, false, arguments);
      case "lifo" -> ServedQueue.open(kind, true, arguments);
      case ServedPool.KIND -> ServedPool.open(arguments, loader);
      case ServedPriorityQueue.KIND -> ServedPriorityQueue.open(arguments, loader);
      default ->
        throw new IllegalArgumentException("this server has no objects of the kind " + kind);
    };
  }

  /** An object of a user's type has one number, however often it is returned: so only one call is done with it at a time. */
  private final class Numbered implements Instances {
    private final long number;

    Numbered(long number) {
      this.number = number;
    }

    @Override
    public void made(Object object) {
      instances.putIfAbsent(object, number);
    }

    @Override
    public long numberOf(Reference reference) {
      Long known = instances.get(reference.object());
      if (known != null) {
        return known;
      }
      long given = ++last;
      Class<?> type = reference.type();
      Target target = Target.later(() -> UserTypes.made(type, reference.object()));
      objects.put(given, new ServedObject(type.getName(), target, loader, new Numbered(given)));
      instances.put(reference.object(), given);
      return given;
    }
  }

  /** Returns a kind as it stands in a sentence. */
  static String withArticle(String kind) {
    return ("aeiou".indexOf(kind.charAt(0)) < 0 ? "a " : "an ") + kind;
  }

  /** Ends what is still being done. */
  void close() {
    List.copyOf(objects.values()).forEach(Served::end);
    others.shutdownNow();
  }
}
