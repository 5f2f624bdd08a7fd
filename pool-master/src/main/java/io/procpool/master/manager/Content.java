// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.UnencodableValueException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What an object of the JDK holds: finds out what a call changes in it, writes all of it down, and changes it back. May run code of users, as the calls
 * themselves do, and is used in their turn.
 */
interface Content {
  /*
   * A new kind of object needs nothing here if it is a map, a list or a set, or has one (Backed). Operations that are not known
   * to leave all as it is (ObjectCall), or to be about one key or one place (MapContent, ListContent), are compared with all that was there before, which is never
   * wrong, only slow for large objects.
   */

  /** What is remembered of an object before a call. */
  interface Before {
    /**
     * Compares with what is there now.
     *
     * @throws UnencodableValueException if something is there now that cannot be written down
     */
    Change after() throws UnencodableValueException;

    /** Makes it as it was. */
    void undo();
  }

  /**
   * Returns the content of an object.
   *
   * @param loader finds the classes of what it holds
   */
  static Content of(Object object, ClassLoader loader) {
    Object target = object instanceof Backed backed ? backed.backing() : object;
    if (target instanceof Map<?, ?> map) {
      return new MapContent(map, loader);
    } else if (target instanceof List<?> list) {
      return new ListContent(list, loader);
    } else if (target instanceof Set<?> set) {
      return new SetContent(set, loader);
    } else if (target instanceof AtomicLong number) {
      return new LongContent(number, loader);
    }
    throw new IllegalArgumentException(
        "nobody knows what is in a " + target.getClass().getName());
  }

  /**
   * Remembers what a call may change.
   *
   * @param withBefore whether the change is to have the values that were there before
   * @throws UnencodableValueException if something that is there cannot be written down
   */
  Before before(ObjectOperation operation, boolean withBefore) throws UnencodableValueException;

  /** Gives everything, as changes of an object that has nothing yet. */
  void state(Consumer<Change> parts) throws UnencodableValueException;

  /** Takes everything out. */
  void clear();

  /** Does a change once more. */
  void apply(Change change) throws PayloadFormatException;

  /** An operation and its arguments. */
  record ObjectOperation(String signature, @Nullable Object[] arguments) {
    /** Returns it without its parameters. */
    String name() {
      return name(signature);
    }

    static String name(String signature) {
      int end = signature.indexOf('(');
      return end < 0 ? signature : signature.substring(0, end);
    }

    /** Tells whether it has functions of users', which may also change what is in the values. */
    boolean hasFunction() {
      return signature.contains("Function")
          || signature.contains("Predicate")
          || signature.contains("Operator")
          || signature.contains("Compar");
    }
  }
}
