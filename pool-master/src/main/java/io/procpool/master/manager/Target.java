// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** An object that is served. It is made when it is first used if that may run code of users. Used by one thread at a time. */
final class Target {
  private final Maker maker;
  private volatile @Nullable Made made;
  private volatile @Nullable Content content; // of what was made
  private volatile @Nullable Throwable failure;
  private long changes;

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

  private Target(Maker maker) {
    this.maker = maker;
  }

  /** Returns one that is made when it is first used. */
  static Target later(Maker maker) {
    return new Target(maker);
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
    Target target = new Target(() -> {
      PayloadReader reader = new PayloadReader(rest);
      while (reader.remaining() > 0) {
        values.add(ValueCodec.read(reader, loader));
      }
      return new Made(kind.make(values.toArray()), kind, Holding.ofAll(values));
    });
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

  /** Returns it; it is there. */
  Object object() {
    return Objects.requireNonNull(made).object();
  }

  /**
   * Returns what it holds; null if it is not made yet, or is of a type of a user's.
   *
   * @param loader finds the classes of what it holds
   */
  @Nullable
  Content content(ClassLoader loader) {
    Content known = content;
    Made there = made;
    if (known == null && there != null && !there.kind().isOfUser()) {
      known = Content.of(there.object(), loader);
      content = known;
    }
    return known;
  }

  /** Returns the number of changes so far. */
  long changes() {
    return changes;
  }

  /** Counts a change, or what may be one. */
  void changed() {
    changes++;
  }
}
