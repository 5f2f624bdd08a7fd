// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.manager.NotKept;
import io.procpool.master.manager.Change.Part;
import java.io.NotSerializableException;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a store keeps of an object of a user's type: that object, and those that methods have returned to stay on the server, which may be parts of it. One call is done with any of
 * them at a time, and by the thread that has that turn all this is used.
 */
final class Family implements Content {
  /*
   * State.   All members are written together, as one value: what is one object in two of them is one afterwards, too. They are encoded after each call and compared with
   *          what was written last.
   * Members. The first one is the one that was made. Others have a place from when they were first returned; the place keeps nobody there, but who is served keeps the family and its
   *          first one. A place that has become free is used again: nobody has a handle of who had it.
   * Undoing  is done by rebuilding what was written last. So an object has to be one that works when it was rebuilt, as after a restart; that it can be is seen before the first call.
   */
  private final ClassLoader loader;
  private final Watchers watchers;
  private final TurnLine line = new TurnLine();
  private final Member first = new Member(this, 0);
  private final List<@Nullable WeakReference<Member>> others =
      new ArrayList<>(0); // from place 1 on
  private @Nullable ServedObject served; // the first one, which is there as long as any is
  private boolean kept = true;
  private byte @Nullable [] written;
  private byte @Nullable [] begun; // when nothing was written yet
  private boolean rebuilt;

  /** One object of a family. */
  static final class Member {
    static final int NO_PLACE = -1;

    private final Family family;
    private final int place;
    private volatile @Nullable Object object;
    private long number; // event loop only

    private Member(Family family, int place) {
      this.family = family;
      this.place = place;
    }

    Family family() {
      return family;
    }

    boolean isFirst() {
      return place == 0;
    }

    /** Returns where it is in the state; {@link #NO_PLACE} if it is not. */
    int place() {
      return place;
    }

    /** Returns the object; null if it is not made or rebuilt yet, or could not be. */
    @Nullable
    Object object() {
      return object;
    }
  }

  Family(ClassLoader loader, Watchers watchers) {
    this.loader = loader;
    this.watchers = watchers;
  }

  Member first() {
    return first;
  }

  Watchers watchers() {
    return watchers;
  }

  TurnLine line() {
    return line;
  }

  /** Says who serves a member, and under which number. */
  void serve(Member member, ServedObject by, long number) {
    member.number = number;
    if (member.isFirst()) {
      served = by;
    }
  }

  /** Returns the number of the first one. */
  long number() {
    return first.number;
  }

  /** Returns the numbers of all that are served, one of them first. For the event loop, when no turn is taken. */
  List<Long> numbers(long before) {
    List<Long> numbers = new ArrayList<>(others.size() + 1);
    numbers.add(before);
    add(first, before, numbers);
    for (WeakReference<Member> other : others) {
      Member member = other == null ? null : other.get();
      if (member != null) {
        add(member, before, numbers);
      }
    }
    return numbers;
  }

  private static void add(Member member, long before, List<Long> numbers) {
    if (member.number != before && member.number != 0) {
      numbers.add(member.number);
    }
  }

  /** Tells whether what is in an object is not to be kept. */
  static boolean isNotKept(Class<?> type) {
    if (type.isAnnotationPresent(NotKept.class)
        || Arrays.stream(type.getInterfaces()).anyMatch(Family::isNotKept)) {
      return true;
    }
    Class<?> extended = type.getSuperclass();
    return extended != null && isNotKept(extended);
  }

  /**
   * Has the first object, which was made.
   *
   * @throws IllegalArgumentException if it cannot be kept, but is to be
   */
  void setFirst(Object object) {
    kept = !isNotKept(object.getClass());
    if (kept && !(object instanceof Serializable)) {
      throw new IllegalArgumentException("the factory has made " + cannotBeKept(object));
    }
    first.object = object;
  }

  private static String cannotBeKept(Object object) {
    return "an object of " + object.getClass().getName()
        + ", which is not Serializable, and this server has a store; make the class Serializable,"
        + " or mark it with @NotKept if what is in it need not survive the server";
  }

  boolean isKept() {
    return kept;
  }

  /**
   * Returns the member that an object is, which it is from now on if it was none.
   *
   * @throws UnencodableValueException if it cannot be kept, but is to be
   */
  Member memberOf(Object object) throws UnencodableValueException {
    if (first.object == object) {
      return first;
    }
    int free = others.size();
    for (int i = others.size() - 1; i >= 0; i--) {
      Member other = other(i);
      if (other != null && other.object == object) {
        return other;
      }
      free = other == null ? i : free;
    }
    if (!kept || isNotKept(object.getClass())) {
      return holding(object, new Member(this, Member.NO_PLACE));
    }
    if (!(object instanceof Serializable)) {
      throw new UnencodableValueException(
          "it has returned " + cannotBeKept(object),
          new NotSerializableException(object.getClass().getName()));
    }
    return holding(object, memberAt(free + 1));
  }

  private static Member holding(Object object, Member member) {
    member.object = object;
    return member;
  }

  private @Nullable Member other(int index) {
    WeakReference<Member> there = others.get(index);
    return there == null ? null : there.get();
  }

  /** Makes a member, which is in a place as long as the caller has it. */
  Member memberAt(int place) {
    while (others.size() < place) {
      others.add(null);
    }
    Member made = new Member(this, place);
    others.set(place - 1, new WeakReference<>(made));
    return made;
  }

  private List<@Nullable Object> objects() {
    List<@Nullable Object> all = new ArrayList<>(1 + others.size());
    all.add(first.object);
    for (int i = 0; i < others.size(); i++) {
      Member other = other(i);
      all.add(other == null ? null : other.object);
    }
    return all;
  }

  @Override
  public Before before(ObjectOperation operation, boolean withBefore)
      throws UnencodableValueException {
    if (written == null) {
      begin();
    }
    return new Before() {
      @Override
      public Change after() throws UnencodableValueException {
        byte[] now = Saved.encode(objects());
        if (Arrays.equals(written, now)) {
          return new Change(List.of());
        }
        written = now;
        begun = null;
        return whole(now);
      }

      @Override
      public void undo() {
        try {
          rebuild(written == null ? Objects.requireNonNull(begun) : written);
          rebuilt = true;
        } catch (PayloadFormatException e) {
          throw new IllegalStateException(e);
        }
      }
    };
  }

  private void begin() throws UnencodableValueException {
    try {
      begun = Saved.encode(objects());
      Saved.decode(begun, loader);
    } catch (UnencodableValueException
        | PayloadFormatException
        | RuntimeException
        | LinkageError e) {
      throw new UnencodableValueException(
          "an object of " + Objects.requireNonNull(first.object).getClass().getName()
              + " cannot be kept: " + e.getMessage(),
          e);
    }
  }

  private static Change whole(byte[] state) {
    return new Change(List.of(new Part(null, 0, 1, List.of(), List.of(state))));
  }

  private void rebuild(byte[] state) throws PayloadFormatException {
    if (!(Saved.decode(state, loader) instanceof List<?> all)
        || all.isEmpty()
        || all.get(0) == null) {
      throw new PayloadFormatException("the state of an object is none");
    }
    first.object = all.get(0);
    for (int i = 0; i < others.size() && i + 1 < all.size(); i++) {
      Member other = other(i);
      if (other != null && all.get(i + 1) != null) {
        other.object = all.get(i + 1);
      }
    }
  }

  /** Gives what was written last, so that one that cannot be written down just now keeps no renewal from its end. */
  @Override
  public void state(Consumer<Change> parts) {
    if (written != null) {
      parts.accept(whole(written));
    }
  }

  /** Tells whether anything was written of it. */
  boolean isRestored() {
    return written != null;
  }

  // While the server starts.

  @Override
  public void clear() {
    written = null;
  }

  @Override
  public void apply(Change change) throws PayloadFormatException {
    for (Part part : change.parts()) {
      if (part.after.isEmpty()) {
        throw new PayloadFormatException("a change without a value");
      }
      written = part.after.get(0);
    }
  }

  /** Has the objects that were kept, if any were: all objects whose handles are in them are there now. */
  void rebuildKept() throws PayloadFormatException {
    if (written != null) {
      rebuild(written);
      rebuilt = true;
    }
  }

  /** Makes the objects known once more, if they are others now. For the event loop. */
  void makeKnown(ObjectTable table) {
    if (!rebuilt) {
      return;
    }
    rebuilt = false;
    makeKnown(first, table);
    for (int i = 0; i < others.size(); i++) {
      Member other = other(i);
      if (other != null) {
        makeKnown(other, table);
      }
    }
  }

  private static void makeKnown(Member member, ObjectTable table) {
    Reference reference = table.reference(member.number);
    Object object = member.object;
    if (reference != null && object != null) {
      table.know(reference, object);
    }
  }
}
