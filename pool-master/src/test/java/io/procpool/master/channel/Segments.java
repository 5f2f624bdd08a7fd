// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import static org.assertj.core.api.Assertions.assertThat;

import io.procpool.ipc.memory.Session;
import io.procpool.master.process.Faults;
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

  /** Waits until none are left but those that were there before: handles go when they are collected. */
  static void awaitOnly(Set<String> before) {
    Faults.awaitLong("no segments left").untilAsserted(() -> {
      System.gc();
      Set<String> left = new TreeSet<>(now());
      left.removeAll(before);
      assertThat(left).as("segments left").isEmpty();
    });
  }
}
