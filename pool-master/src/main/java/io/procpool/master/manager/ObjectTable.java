// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.ManagedType;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** What a server has. For the event loop alone, but for {@link #find}. */
final class ObjectTable {
  /*
   * Life. The table itself keeps only objects with names. Others are kept by the clients that have handles of them (Client), by messages on their way (Tickets, and
   *       calls under way), and by other objects here: handles in this JVM refer to the objects themselves. So the collector of the JVM finds what nobody can reach
   *       any more, circles, too.
   */
  private final Map<Long, Entry> objects = new ConcurrentHashMap<>();
  private final Map<String, Reference> names = new TreeMap<>();
  private final ReferenceQueue<Served> unreachable = new ReferenceQueue<>();
  private final Tickets tickets = new Tickets();
  private final Instances instances = new Instances();
  private final UserTypes types;
  private final ExecutorService others;
  private final ClassLoader loader;
  private final String server;
  private long last = ManagerWire.SERVER;
  private volatile boolean ending;

  private static final class Entry extends WeakReference<Served> {
    final long number;

    Entry(long number, Served object, ReferenceQueue<Served> queue) {
      super(object, queue);
      this.number = number;
    }
  }

  /**
   * Makes an empty one.
   *
   * @param server its random name
   * @param loader finds the classes of what is stored
   * @param types the types of users' own
   */
  ObjectTable(String server, ClassLoader loader, UserTypes types) {
    this.types = types;
    this.server = server;
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

  String server() {
    return server;
  }

  Tickets tickets() {
    return tickets;
  }

  /** Returns an object; null if there is none of that number any more. In whatever thread. */
  @Nullable
  Served find(long number) {
    Entry entry = objects.get(number);
    return entry == null ? null : entry.get();
  }

  /** Returns what keeps an object; null if there is none of that number any more. In whatever thread. */
  @Nullable
  Reference reference(long number) {
    Served object = find(number);
    return object == null ? null : new Reference(number, object);
  }

  /** Returns what keeps objects, as far as they are still there. In whatever thread. */
  List<Reference> references(List<Long> numbers) {
    if (numbers.isEmpty()) {
      return List.of();
    }
    return numbers.stream().map(this::reference).filter(Objects::nonNull).toList();
  }

  /**
   * Makes an object, or finds the one of a name.
   *
   * @param arguments what that kind needs to be made
   * @throws PayloadFormatException if the arguments are not those
   * @throws IllegalArgumentException if there is no such kind, or something of another kind has that name
   */
  Reference open(String kind, @Nullable String name, PayloadReader arguments)
      throws PayloadFormatException {
    ManagedType<?> type = types.wanted(kind, arguments);
    Reference known = name == null ? null : names.get(name);
    if (known != null && !known.object().isUnusable()) {
      if (!known.object().kind().equals(kind)) {
        throw new IllegalArgumentException("\"" + name + "\" is "
            + withArticle(known.object().kind()) + ", not " + withArticle(kind)
            + "; use another name");
      }
      return known;
    }
    Reference made = add(
        type == null
            ? make(kind, arguments)
            : new ServedObject(kind, UserTypes.target(type), loader));
    if (name != null) {
      names.put(name, made);
    }
    return made;
  }

  private Reference add(Served object) {
    purge();
    last++;
    objects.put(last, new Entry(last, object, unreachable));
    if (object instanceof ServedObject numbered) {
      numbered.setNumber(last);
    }
    return new Reference(last, object);
  }

  /** Forgets what the collector has found to be unreachable. */
  private void purge() {
    for (java.lang.ref.Reference<?> gone = unreachable.poll();
        gone != null;
        gone = unreachable.poll()) {
      objects.remove(((Entry) gone).number);
    }
  }

  /** Returns how many objects there are, as far as the collector knows. */
  int count() {
    purge();
    return objects.size();
  }

  /** Returns the names, in their order. */
  Set<String> names() {
    return names.keySet();
  }

  /** Takes a name away; tells whether there was one. */
  boolean remove(String name) {
    return names.remove(name) != null;
  }

  private Served make(String kind, PayloadReader arguments) throws PayloadFormatException {
    ObjectKind ofJdk = ObjectKind.of(kind);
    if (ofJdk != null) {
      return new ServedObject(kind, Target.of(ofJdk, arguments, loader), loader);
    }
    return switch (kind) {
      case ManagerWire.CREATED ->
        new ServedObject(kind, UserTypes.created(arguments, loader), loader);
      case "queue", ServedQueue.DEQUE -> ServedQueue.open(kind, false, arguments);
      case "lifo" -> ServedQueue.open(kind, true, arguments);
      case ServedPool.KIND -> ServedPool.open(arguments, loader);
      case ServedPriorityQueue.KIND -> ServedPriorityQueue.open(arguments, loader);
      case "lock", "reentrantLock" -> new ServedLock(kind.equals("reentrantLock"));
      case "condition" -> ServedCondition.open(find(Plain.readLong(arguments)));
      case "semaphore", "boundedSemaphore" ->
        ServedSemaphore.open(kind.equals("boundedSemaphore"), arguments);
      case "event" -> new ServedEvent();
      case "barrier" -> ServedBarrier.open(arguments);
      case "latch" -> ServedLatch.open(arguments);
      default ->
        throw new IllegalArgumentException("this server has no objects of the kind " + kind);
    };
  }

  /** Makes an object of a user's type known, so that it keeps its number when a method returns it. */
  void know(Reference reference, Object instance) {
    instances.add(instance, reference);
  }

  /** Returns what keeps an object that a method has returned: what is known already, or new. So only one call is done with it at a time, however often it is returned. */
  Reference referenceTo(Returned returned) {
    Reference known = instances.find(returned.object());
    if (known != null) {
      return known;
    }
    Target target = Target.later(() -> UserTypes.made(returned.type(), returned.object()));
    Reference added = add(new ServedObject(returned.type().getName(), target, loader));
    instances.add(returned.object(), added);
    return added;
  }

  /** Returns a kind as it stands in a sentence. */
  static String withArticle(String kind) {
    return ("aeiou".indexOf(kind.charAt(0)) < 0 ? "a " : "an ") + kind;
  }

  /** Says that the server ends: whose connection ends from now on has not died. From any thread. */
  void beginToEnd() {
    ending = true;
  }

  /** Tells whether the server ends. */
  boolean isEnding() {
    return ending;
  }

  /** Ends what is still being done. */
  void close() {
    for (Entry entry : objects.values()) {
      Served object = entry.get();
      if (object != null) {
        object.end();
      }
    }
    others.shutdownNow();
  }
}
