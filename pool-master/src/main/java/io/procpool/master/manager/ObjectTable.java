// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.manager.ManagedType;
import io.procpool.master.manager.Family.Member;
import io.procpool.master.manager.StoreRecord.Origin;
import java.io.IOException;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.LinkedHashMap;
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
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a server has. For the event loop alone, but for {@link #find}. */
final class ObjectTable implements StoreRenewal.Source {
  /*
   * Life. The table itself keeps only objects with names. Others are kept by the clients that have handles of them (Client), by messages on their way (Tickets, and
   *       calls under way), and by other objects here: handles in this JVM refer to the objects themselves. So the collector of the JVM finds what nobody can reach
   *       any more, circles, too.
   */
  /** The kind of what a method has returned to stay, in a store. */
  private static final String RETURNED = "returned object";

  private static final long RESERVED_NUMBERS = 1000;

  private final Map<Long, Entry> objects = new ConcurrentHashMap<>();
  private final Map<String, Reference> names = new TreeMap<>();
  private final ReferenceQueue<Served> unreachable = new ReferenceQueue<>();
  private final Tickets tickets = new Tickets();
  private final Instances instances = new Instances();
  private final UserTypes types;
  private final Turns turns;
  private final ExecutorService others;
  private final ClassLoader loader;
  private final String server;
  private final @Nullable Store store;
  private final Map<Long, Origin> origins = new LinkedHashMap<>(); // if there is a store
  private long last = ManagerWire.SERVER;
  private long reserved; // what has no origin may have numbers up to this one
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
   * @param store keeps what it will have; null if nobody does
   * @param functionTimeout how long code of users may take; zero if there is no limit
   */
  ObjectTable(
      String server,
      ClassLoader loader,
      UserTypes types,
      @Nullable Store store,
      Duration functionTimeout) {
    turns = new Turns(server, functionTimeout);
    this.types = types;
    this.server = server;
    this.loader = loader;
    this.store = store;
    AtomicInteger number = new AtomicInteger();
    others = Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task, "manager-work-" + number.incrementAndGet());
      thread.setDaemon(true);
      return thread;
    });
  }

  /**
   * Takes what a store has. While the server starts.
   *
   * @throws IOException if the store is damaged, or an object cannot be made of it
   */
  void load(Store from) throws IOException {
    StoreReplay replay = new StoreReplay(this);
    from.load(replay);
    last = Math.max(last, replay.highest());
    reserved = last;
    for (StoreReplay.Restored restored : replay.objects().values()) {
      Origin origin = restored.origin();
      origins.put(origin.number, origin);
      if (origin.name != null) {
        names.put(origin.name, new Reference(origin.number, restored.served()));
      }
    }
    for (StoreReplay.Restored restored : replay.objects().values()) {
      if (restored.served() instanceof Kept kept) {
        try {
          kept.restored(this);
        } catch (PayloadFormatException | RuntimeException | LinkageError e) {
          throw new IOException(
              "the " + restored.origin() + " cannot be rebuilt: " + e.getMessage(), e);
        }
      }
    }
  }

  /** Makes an object once more, which is there as long as the caller has it. While the server starts. */
  Served restore(Origin origin) throws PayloadFormatException {
    try {
      PayloadReader arguments = new PayloadReader(origin.arguments);
      ManagedType<?> type = types.wanted(origin.kind, arguments);
      Served made = origin.kind.equals(RETURNED)
          ? returned(arguments)
          : type == null
              ? make(origin.number, origin.kind, arguments)
              : registered(origin.number, type);
      if (made instanceof ServedObject numbered) {
        numbered.setNumber(origin.number);
      }
      objects.put(origin.number, new Entry(origin.number, made, unreachable));
      return made;
    } catch (IllegalArgumentException e) {
      throw new PayloadFormatException(
          "the " + origin + " cannot be made again: " + e.getMessage(), e);
    }
  }

  private Served returned(PayloadReader arguments) throws PayloadFormatException {
    Served by = find(Plain.readLong(arguments));
    Family family = by instanceof ServedObject object ? object.family() : null;
    if (family == null) {
      throw new IllegalArgumentException("what has returned it is not there");
    }
    Member member = family.memberAt(Plain.readInt(arguments));
    Object type = ValueCodec.read(arguments, loader);
    return served((Class<?>) Objects.requireNonNull(type), member);
  }

  private ServedObject registered(long number, ManagedType<?> type) {
    return ofUser(ManagerWire.REGISTERED + type.name(), UserTypes.target(type, newMember(number)));
  }

  private @Nullable Member newMember(long number) {
    return store == null ? null : new Family(loader, new Watchers(number, store)).first();
  }

  private ServedObject ofUser(String kind, Target target) {
    Family family = target.family();
    return new ServedObject(
        kind, target, loader, family == null ? Watchers.NONE : family.watchers());
  }

  private ServedObject served(Class<?> type, Member member) {
    return ofUser(type.getName(), UserTypes.returned(type, member));
  }

  @Override
  public List<Origin> origins() {
    purge();
    return List.copyOf(origins.values());
  }

  @Override
  public long highest() {
    return Math.max(last, reserved);
  }

  @Override
  public boolean writeState(
      Kept object, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown) {
    return object.writeState(this, loop, whenKnown);
  }

  /** Returns how often something was said to the store; more than before if a call is one whose effect is to be kept. */
  long saidToStore() {
    return store == null ? 0 : store.appended();
  }

  /**
   * Does something when all that was done so far is kept, if anything is: at once, or when it was written.
   *
   * @param then is given why it could not be written; null if it could
   */
  void whenKept(Consumer<@Nullable IOException> then) {
    if (store == null) {
      then.accept(null);
    } else {
      store.whenWritten(then);
    }
  }

  /** Tells whether what it has is kept. */
  boolean hasStore() {
    return store != null;
  }

  /** Says that what a call has done was not written. */
  String notKept(IOException why) {
    return store == null ? String.valueOf(why.getMessage()) : store.notWritten(why);
  }

  /** Says that what a call has done was not written, and was undone. */
  String undone(IOException why) {
    return store == null ? String.valueOf(why.getMessage()) : store.undone(why);
  }

  /** Returns who does what may take its time. */
  Executor others() {
    return others;
  }

  Turns turns() {
    return turns;
  }

  String server() {
    return server;
  }

  Tickets tickets() {
    return tickets;
  }

  /** Returns an object; null if there is none of that number any more. In whatever thread. */
  @Override
  public @Nullable Served find(long number) {
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
    int start = arguments.position();
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
    checkCanChange();
    Reference made =
        add(type == null ? make(last + 1, kind, arguments) : registered(last + 1, type));
    if (name != null) {
      names.put(name, made);
    }
    if (store != null) {
      int end = arguments.position();
      arguments.position(start);
      Origin origin = new Origin(last, kind, name, arguments.getBytes(end - start));
      origins.put(last, origin);
      store.append(StoreRecord.opened(origin));
    }
    return made;
  }

  private void checkCanChange() {
    String refusal = store == null ? null : store.refusal();
    if (refusal != null) {
      throw new IllegalArgumentException(refusal);
    }
  }

  /** Takes an object that nobody has opened. */
  Reference add(Served object) {
    purge();
    last++;
    reserveNumbers();
    objects.put(last, new Entry(last, object, unreachable));
    if (object instanceof ServedObject numbered) {
      numbered.setNumber(last);
    }
    return new Reference(last, object);
  }

  /** Sees to it that no number is given once more after a restart, to another object. */
  private void reserveNumbers() {
    if (store != null && last + RESERVED_NUMBERS / 2 > reserved) {
      reserved = last + RESERVED_NUMBERS;
      store.append(StoreRecord.reserved(reserved));
    }
  }

  /** Forgets what the collector has found to be unreachable. */
  private void purge() {
    for (java.lang.ref.Reference<?> gone = unreachable.poll();
        gone != null;
        gone = unreachable.poll()) {
      long number = ((Entry) gone).number;
      objects.remove(number);
      if (store != null && origins.remove(number) != null) {
        store.append(StoreRecord.dropped(number));
      }
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

  /**
   * Takes a name away; tells whether there was one.
   *
   * @throws IllegalArgumentException if nothing can be changed now
   */
  boolean remove(String name) {
    if (!names.containsKey(name)) {
      return false;
    }
    checkCanChange();
    Reference removed = names.remove(name);
    Origin origin = removed == null ? null : origins.get(removed.number());
    if (store != null && origin != null) {
      origins.put(origin.number, origin.withoutName());
      store.append(StoreRecord.unnamed(origin.number));
    }
    return removed != null;
  }

  private Served make(long number, String kind, PayloadReader arguments)
      throws PayloadFormatException {
    Watchers watchers = new Watchers(number, store);
    ObjectKind ofJdk = ObjectKind.of(kind);
    if (ofJdk != null) {
      return new ServedObject(kind, Target.of(ofJdk, arguments, loader), loader, watchers);
    }
    return switch (kind) {
      case ManagerWire.CREATED ->
        ofUser(kind, UserTypes.created(arguments, loader, newMember(number)));
      case "queue", ServedQueue.DEQUE -> ServedQueue.open(kind, false, arguments, watchers);
      case "lifo" -> ServedQueue.open(kind, true, arguments, watchers);
      case ServedPool.KIND -> ServedPool.open(arguments, loader);
      case ServedPriorityQueue.KIND -> ServedPriorityQueue.open(arguments, loader, watchers);
      case "lock", "reentrantLock" -> new ServedLock(kind.equals("reentrantLock"), watchers);
      case "condition" -> ServedCondition.open(find(Plain.readLong(arguments)));
      case "semaphore", "boundedSemaphore" ->
        ServedSemaphore.open(kind.equals("boundedSemaphore"), arguments, watchers);
      case "event" -> new ServedEvent(watchers);
      case "barrier" -> ServedBarrier.open(arguments);
      case "latch" -> ServedLatch.open(arguments, watchers);
      default ->
        throw new IllegalArgumentException("this server has no objects of the kind " + kind);
    };
  }

  /** Makes an object of a user's type known, so that it keeps its number when a method returns it. */
  void know(Reference reference, Object instance) {
    instances.add(instance, reference);
  }

  /**
   * Returns what keeps an object that a method has returned: what is known already, or new. So only one call is done with it at a time, however often it is returned.
   *
   * @param member what a store keeps of it; null if there is none
   */
  Reference referenceTo(Returned returned, @Nullable Member member) {
    Reference known = instances.find(returned.object());
    if (known != null) {
      return known;
    }
    Class<?> type = returned.type();
    Reference added = add(
        member == null
            ? ofUser(
                type.getName(), Target.later(() -> UserTypes.made(type, returned.object()), null))
            : served(type, member));
    instances.add(returned.object(), added);
    if (store != null && member != null && member.place() != Member.NO_PLACE) {
      Origin origin = new Origin(last, RETURNED, null, StoreRecord.returned(member, type));
      origins.put(last, origin);
      store.append(StoreRecord.opened(origin));
    }
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
