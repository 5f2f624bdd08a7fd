// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** An object that is served. It is made when it is first used if that may run code of users. Used by one thread at a time. */
final class Target {
  private final Maker maker;
  private final Family.@Nullable Member member; // if it is of a user's type, and there is a store
  private volatile @Nullable Made made;
  private volatile @Nullable Content content; // of what was made
  private volatile @Nullable Throwable failure;
  private long changes =
      ThreadLocalRandom.current().nextLong(); // so that none of before a restart is the same

  /** Makes it. */
  interface Maker {
    Made make() throws Throwable;
  }

  /**
   * What was made.
   *
   * @param object the object itself
   * @param kind what can be done with it
   * @param holding what is in it from the beginning
   */
  record Made(Object object, ObjectKind kind, Holding holding) {}

  private Target(Maker maker, Family.@Nullable Member member) {
    this.maker = maker;
    this.member = member;
  }

  /**
   * Returns one of a user's type that is made when it is first used.
   *
   * @param member what a store keeps of it; null if there is none
   */
  static Target later(Maker maker, Family.@Nullable Member member) {
    return new Target(maker, member);
  }

  /**
   * Returns one of the JDK, which is made at once if its arguments are plain.
   *
   * @throws IllegalArgumentException if it cannot be made of those
   */
  static Target of(ObjectKind kind, PayloadReader arguments, ClassLoader loader)
      throws PayloadFormatException {
    List<@Nullable Object> values = new ArrayList<>(1);
    while (ValueCodec.isPlainNext(arguments)) {
      values.add(ValueCodec.read(arguments, ClassLoader.getSystemClassLoader()));
    }
    byte[] rest = arguments.getBytes(arguments.remaining());
    Target target = new Target(
        () -> {
          PayloadReader reader = new PayloadReader(rest);
          while (reader.remaining() > 0) {
            values.add(ValueCodec.read(reader, loader));
          }
          return new Made(kind.make(values.toArray()), kind, Holding.ofAll(values));
        },
        null);
    if (rest.length == 0) {
      target.makeNow();
    }
    return target;
  }

  private void makeNow() throws PayloadFormatException {
    try {
      made();
    } catch (PayloadFormatException | RuntimeException e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError("an object of plain values", impossible);
    }
  }

  /** Tells whether it is there, so that using it does not make it. */
  boolean isMade() {
    return made != null;
  }

  /** Tells whether it could not be made. */
  boolean isFailed() {
    return failure != null;
  }

  /** Returns it, and makes it if need be; throws what that threw. */
  Made made() throws Throwable {
    Made there = made;
    if (there != null) {
      return there;
    }
    Throwable failed = failure;
    if (failed != null) {
      throw failed;
    }
    try {
      there = maker.make();
      made = there;
      return there;
    } catch (Throwable e) {
      failure = e;
      throw e;
    }
  }

  /** Tells whether it is there, and of a type of a user's. */
  boolean isOfUser() {
    Made there = made;
    return there != null && there.kind().isOfUser();
  }

  /** Returns what a store keeps of it; null if there is none, or it is no user's. */
  Family.@Nullable Member member() {
    return member;
  }

  /** Returns with what a store keeps it; null if there is none, or it is no user's. */
  @Nullable
  Family family() {
    return member == null ? null : member.family();
  }

  /** Returns it; it is there. */
  Object object() {
    return Objects.requireNonNull(
        member != null ? member.object() : Objects.requireNonNull(made).object());
  }

  /**
   * Returns what it holds; null if it is not made yet, or is of a type of a user's and not kept.
   *
   * @param loader finds the classes of what it holds
   */
  @Nullable
  Content content(ClassLoader loader) {
    Content known = content;
    Made there = made;
    if (member != null) {
      return there != null && member.family().isKept() ? member.family() : null;
    }
    if (known == null && there != null && !there.kind().isOfUser()) {
      known = Content.of(there.object(), loader);
      content = known;
    }
    return known;
  }

  /** Returns a number that is another one after each change. */
  long changes() {
    return changes;
  }

  /** Counts a change, or what may be one. */
  void changed() {
    changes++;
  }
}
