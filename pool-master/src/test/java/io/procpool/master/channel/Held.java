// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.Connection;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/** Connections of this process that tasks find by name, so that they use the same handle as others. */
final class Held {
  private static final Map<String, Connection> ALL = new ConcurrentHashMap<>();

  private Held() {}

  static void put(String name, Connection connection) {
    ALL.put(name, connection);
  }

  static Connection of(String name) {
    return Objects.requireNonNull(ALL.get(name), name);
  }

  /** Ends that a connection is found, and closes it. */
  static void close(String name) {
    Connection held = ALL.remove(name);
    if (held != null) {
      held.close();
    }
  }
}
