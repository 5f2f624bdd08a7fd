// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.manager.ManagerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something read from an object, and how many changes that had seen: so it can be said what is to be done if there was none since. That is how functions that
 * cannot be sent run in this process, and what they make is written at one moment all the same.
 */
final class Stamped {
  private final Remote remote;
  private final Object stamp;
  private final @Nullable Object value;

  private Stamped(Remote remote, Object stamp, @Nullable Object value) {
    this.remote = remote;
    this.stamp = stamp;
    this.value = value;
  }

  /** Reads something. */
  static Stamped read(Remote remote, String operation, @Nullable Object... arguments) {
    List<?> both =
        (List<?>) Objects.requireNonNull(remote.call(ManagerWire.STAMPED + operation, arguments));
    return new Stamped(remote, Objects.requireNonNull(both.get(0)), both.get(1));
  }

  /**
   * Reads a list, in pages.
   *
   * @throws ManagerException if it has more bytes than could be written back
   */
  static Stamped readList(Remote remote, String operation) {
    Pages pages = new Pages(remote, ManagerWire.STAMPED + operation);
    Object stamp = Objects.requireNonNull(pages.next()); // is its first element
    List<@Nullable Object> elements = new ArrayList<>();
    while (pages.hasNext()) {
      if (pages.bytes() > ManagerWire.MAX_CALL_BYTES) {
        throw new ManagerException("the content of the " + remote + " has more than "
            + (ManagerWire.MAX_CALL_BYTES >> 20)
            + " MiB, which is too much for a function that runs in this process;"
            + " use one that is serializable, which is sent to the server; nothing was done");
      }
      elements.add(pages.next());
    }
    return new Stamped(remote, stamp, elements);
  }

  @Nullable
  Object value() {
    return value;
  }

  /** Does something if nothing has changed since, and tells whether it was done. */
  boolean ifUnchanged(String operation, @Nullable Object... arguments) {
    @Nullable Object[] all = new @Nullable Object[arguments.length + 1];
    all[0] = stamp;
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    return remote.callBoolean(ManagerWire.UNCHANGED + operation, all);
  }
}
