// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.ipc.memory.Session;
import java.io.File;
import java.util.Set;
import java.util.TreeSet;

/** The files of the session in which messages lie. */
final class Segments {
  private Segments() {}

  /** Returns the names of those that are there now. */
  static Set<String> now() {
    String[] names =
        new File(Session.current().path()).list((place, name) -> name.startsWith("segment-"));
    return names == null ? Set.of() : new TreeSet<>(Set.of(names));
  }

  /** Returns the names of those that were not there before. */
  static Set<String> since(Set<String> before) {
    Set<String> added = new TreeSet<>(now());
    added.removeAll(before);
    return added;
  }
}
