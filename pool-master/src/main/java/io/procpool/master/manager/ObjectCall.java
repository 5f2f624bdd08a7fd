// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.ipc.manager.ManagerWire;
import io.procpool.ipc.manager.SentObjects;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A call of a method of an object of the JDK, or of a user's. */
final class ObjectCall implements Turn {
  /*
   * Stamps. An object counts the calls that may have changed it. A client can have the count with what it reads, and have something done only if it
   *         is still the same: so functions that cannot be sent run in the client, and what they make is written at one moment all the same.
   */
  private static final Set<String> READING = Set.of(
      "get",
      "getOrDefault",
      "contains",
      "containsAll",
      "containsKey",
      "containsValue",
      "containsEntry",
      "indexOf",
      "lastIndexOf",
      "size",
      "length",
      "isEmpty",
      "names",
      "elements",
      "entries",
      "getFirst",
      "getLast",
      "firstKey",
      "firstEntry",
      "lastKey",
      "lastEntry",
      "lowerKey",
      "lowerEntry",
      "floorKey",
      "floorEntry",
      "ceilingKey",
      "ceilingEntry",
      "higherKey",
      "higherEntry");

  /** Of what returns what its function has made, which is what is stored. */
  private static final Set<String> RETURNS_STORED = Set.of(
      "merge",
      "compute",
      "computeIfAbsent",
      "computeIfPresent",
      "updateAndGet",
      "accumulateAndGet");

  private final ClientCall call;
  private final Watchers watchers;
  private final boolean isKeptWhole; // and nobody knows which methods only read
  private final String signature;
  private final String method;
  private final boolean stamped;
  private final boolean conditional;
  private final boolean paged;
  private final List<@Nullable Object> values = new ArrayList<>(3); // decoded arguments
  private final byte[] rest; // not decoded yet, because that may run code of users
  private boolean withdrawn; // event loop only
  private @Nullable RunningTurn limit; // says when its time is over; null if it never is
  private @Nullable Answer outcome;
  private @Nullable Pages pages; // what was returned if that goes in pages
  private @Nullable Returned returned; // what was returned if that stays here
  private Family.@Nullable Member member; // that this is, if there is a store
  private Holding left = Holding.FOREIGN;
  private boolean watched; // whether anybody wants to know what it changes
  private boolean wantBefore;
  private @Nullable Change change;
  private List<Reference> sent = List.of(); // the objects whose handles are in the change

  /**
   * Takes the arguments as far as they are numbers, texts and the like.
   *
   * @param isKeptWhole whether the object is of a user's type, and there is a store
   */
  ObjectCall(ClientCall call, Watchers watchers, boolean isKeptWhole)
      throws PayloadFormatException {
    this.call = call;
    this.isKeptWhole = isKeptWhole;
    this.watchers = watchers;
    String whole = call.signature();
    paged = whole.startsWith(ManagerWire.PAGED);
    String inPages = paged ? whole.substring(ManagerWire.PAGED.length()) : whole;
    stamped = inPages.startsWith(ManagerWire.STAMPED);
    conditional = inPages.startsWith(ManagerWire.UNCHANGED);
    signature = inPages.substring(
        stamped ? ManagerWire.STAMPED.length() : conditional ? ManagerWire.UNCHANGED.length() : 0);
    int bracket = signature.indexOf('(');
    method = bracket < 0
        ? signature
        : signature.substring(signature.lastIndexOf(':', bracket) + 1, bracket);
    PayloadReader arguments = call.arguments();
    while (ValueCodec.isPlainNext(arguments)) {
      values.add(ValueCodec.read(arguments, ClassLoader.getSystemClassLoader()));
    }
    rest = arguments.getBytes(arguments.remaining());
    call.setWithdrawal(() -> withdrawn = true);
  }

  @Override
  public boolean isForeign() {
    return rest.length > 0 || method.equals("sort");
  }

  @Override
  public boolean begin() {
    call.setWithdrawal(null);
    if (withdrawn) {
      return false;
    }
    if (watchers.areThere() && (isKeptWhole || !READING.contains(method))) {
      String refusal = watchers.refusal();
      if (refusal != null && !signature.equals(ManagerWire.MADE)) {
        call.reply(Replies.refused(call.number(), refusal));
        return false;
      }
      watched = true;
      wantBefore = watchers.wantBefore();
    }
    return true;
  }

  @Override
  public ClientCall call() {
    return call;
  }

  @Override
  public void run(
      Target target,
      Holding before,
      ClassLoader loader,
      ObjectTable objects,
      @Nullable RunningTurn running) {
    limit = running != null && running.isLimited() ? running : null;
    outcome = done(target, before, loader, objects);
  }

  @Override
  public Holding left(Holding before) {
    return left;
  }

  private @Nullable Answer done(
      Target target, Holding before, ClassLoader loader, ObjectTable objects) {
    Target.Made made;
    try {
      made = target.made();
    } catch (PayloadFormatException e) {
      return Replies.refused(
          call.number(),
          "what the object is to be made of cannot be rebuilt on the server: " + e.getMessage());
    } catch (Throwable e) {
      return Replies.thrown(call.number(), e);
    }
    Holding sofar = before.and(made.holding());
    left = sofar;
    if (signature.equals(ManagerWire.MADE)) {
      Content begun = isKeptWhole ? target.content(loader) : null;
      return begun == null
          ? Replies.plain(call.number(), null)
          : watched(begun, target, (object, none) -> null, made, sofar, objects);
    }
    ObjectKind.Operation operation = made.kind().operation(signature);
    if (operation == null) {
      return Replies.refused(
          call.number(),
          ObjectTable.withArticle(made.kind().name()) + " has no operation " + signature
              + " on this server");
    }
    try {
      PayloadReader reader = new PayloadReader(rest);
      while (reader.remaining() > 0) {
        values.add(ValueCodec.read(reader, loader));
      }
    } catch (PayloadFormatException | RuntimeException | LinkageError | StackOverflowError e) {
      return Replies.refused(
          call.number(),
          "an argument of " + signature + " cannot be rebuilt on the server: " + e.getMessage());
    }
    if (conditional
        && !Long.valueOf(target.changes()).equals(values.isEmpty() ? null : values.remove(0))) {
      return Replies.plain(call.number(), false);
    }
    Content content = watched ? target.content(loader) : null;
    if (content != null) {
      return watched(content, target, operation, made, sofar, objects);
    }
    Answer done = done(target, operation, made, sofar, objects);
    try {
      join(target);
      return done;
    } catch (UnencodableValueException e) {
      throw new AssertionError("an object that is not kept", e);
    }
  }

  /** Has what stays here be kept with the object that has returned it. */
  private void join(Target target) throws UnencodableValueException {
    Family family = target.family();
    Returned stays = returned;
    if (family != null && stays != null) {
      member = family.memberOf(stays.object());
    }
  }

  /** Does it, and finds out what it changes. Handles that are encoded meanwhile go nowhere. */
  private @Nullable Answer watched(
      Content content,
      Target target,
      ObjectKind.Operation operation,
      Target.Made made,
      Holding sofar,
      ObjectTable objects) {
    Content.Before before;
    List<Long> inBefore;
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      before = content.before(watchedOperation(), wantBefore);
      inBefore = noted.numbers();
    } catch (UnencodableValueException | RuntimeException e) {
      return Replies.refused(
          call.number(), "what " + signature + " is about cannot be stored: " + e.getMessage());
    }
    Answer done = done(target, operation, made, sofar, objects);
    try (SentObjects noted = SentObjects.begin(objects.server())) {
      join(target);
      change = before.after();
      if (wantBefore) {
        sent = new ArrayList<>(objects.references(inBefore));
        sent.addAll(objects.references(noted.numbers()));
      }
      return done;
    } catch (UnencodableValueException | RuntimeException e) {
      before.undo();
      returned = null;
      return Replies.refused(
          call.number(),
          "what " + signature + " has changed cannot be stored, and was undone: " + e.getMessage());
    }
  }

  /** Returns what is done without the range of the map that it is done with. */
  private Content.ObjectOperation watchedOperation() {
    @Nullable Object[] arguments = values.toArray();
    return signature.startsWith(ManagerWire.RANGE)
        ? new Content.ObjectOperation(
            signature.substring(ManagerWire.RANGE.length()),
            Arrays.copyOfRange(arguments, SortedMapParts.RANGE_ARGUMENTS, arguments.length))
        : new Content.ObjectOperation(signature, arguments);
  }

  private @Nullable Answer done(
      Target target,
      ObjectKind.Operation operation,
      Target.Made made,
      Holding before,
      ObjectTable objects) {
    Object result = null;
    try {
      result = operation.on(target.object(), inTime());
    } catch (Throwable thrown) {
      return Replies.thrown(call.number(), thrown);
    } finally {
      if (!READING.contains(method)) {
        target.changed();
        left = before == Holding.FOREIGN ? before : before.and(added(target, before, made, result));
      }
    }
    if (conditional) {
      return Replies.plain(call.number(), true);
    }
    if (paged && result instanceof List<?> list) {
      return paged(stamped ? stamped(target, list) : list, before == Holding.SIMPLE, objects);
    }
    if (result instanceof Returned stays) {
      returned = stays;
      return Replies.plain(call.number(), null); // not that one; see reply
    }
    return Replies.returned(
        call.number(),
        signature,
        stamped ? new ArrayList<>(Arrays.asList(target.changes(), result)) : result,
        objects);
  }

  /** Returns what the operation is given, if its time is not over yet; functions change nothing any more when it is. */
  private @Nullable Object[] inTime() {
    @Nullable Object[] given = values.toArray();
    RunningTurn limited = limit;
    if (limited != null) {
      limited.checkInTime();
      if (takesFunction()) {
        given[given.length - 1] = LimitedFunction.of(given[given.length - 1], signature, limited);
      }
    }
    return given;
  }

  private static List<@Nullable Object> stamped(Target target, List<?> list) {
    List<@Nullable Object> stamped = new ArrayList<>(list.size() + 1);
    stamped.add(target.changes());
    stamped.addAll(list);
    return stamped;
  }

  private @Nullable Answer paged(List<?> list, boolean isSimple, ObjectTable objects) {
    try {
      pages = isSimple ? Pages.ofSimple(list) : Pages.of(list, objects);
      return null; // see reply
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return Replies.refused(
          call.number(), "what " + signature + " has returned cannot be sent: " + e.getMessage());
    }
  }

  // What has come into the object.

  private Holding added(Target target, Holding before, Target.Made made, @Nullable Object result) {
    boolean function = takesFunction();
    Holding added = Holding.SIMPLE;
    for (Object value : function ? values.subList(0, values.size() - 1) : values) {
      added = added.and(
          value instanceof Collection<?> all && signature.contains("Collection)")
              ? Holding.ofAll(all)
              : Holding.of(value));
    }
    if (!function) {
      return added;
    }
    if (before != Holding.SIMPLE) {
      return Holding.FOREIGN;
    }
    Holding stored = RETURNS_STORED.contains(method)
        ? Holding.of(result)
        : Holding.ofAll(made.kind().content(target.object()));
    return stored == Holding.SIMPLE ? added : Holding.FOREIGN;
  }

  private boolean takesFunction() {
    return !values.isEmpty()
        && (signature.endsWith("Function)")
            || signature.endsWith("Operator)")
            || signature.endsWith("Predicate)")
            || signature.endsWith("Comparator)"));
  }

  @Override
  public void reply(ObjectTable objects) {
    Change changed = change;
    if (changed != null) {
      watchers.changed(call, changed, sent);
    }
    Returned stays = returned;
    Pages all = pages;
    Answer ready = stays != null
        ? Replies.opened(call.number(), objects.referenceTo(stays, member))
        : all != null ? all.next(call.number(), objects) : outcome;
    call.reply(
        ready == null ? Replies.refused(call.number(), signature + " was not finished") : ready);
  }
}
