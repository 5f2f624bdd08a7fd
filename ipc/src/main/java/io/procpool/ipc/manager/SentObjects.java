// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which objects of a server are in what a thread encodes for that server, or encodes as that server. They are named beside the value then, so that
 * they are counted without anybody decoding it.
 */
public final class SentObjects implements AutoCloseable {
  private static final ThreadLocal<@Nullable SentObjects> CURRENT = new ThreadLocal<>();

  private final String server;
  private final @Nullable SentObjects outer;
  private final List<Long> numbers = new ArrayList<>(0);

  private SentObjects(String server) {
    this.server = server;
    this.outer = CURRENT.get();
  }

  /** Begins to note what the calling thread encodes, until {@link #close()}. */
  public static SentObjects begin(String server) {
    SentObjects begun = new SentObjects(server);
    CURRENT.set(begun);
    return begun;
  }

  /** Notes an object, if the calling thread encodes something for its server; tells whether it does. */
  static boolean note(String server, long number) {
    SentObjects current = CURRENT.get();
    if (current == null || !current.server.equals(server)) {
      return false;
    }
    current.numbers.add(number);
    return true;
  }

  /** Returns what was noted, in no order, as often as it was. */
  public List<Long> numbers() {
    return numbers;
  }

  @Override
  public void close() {
    if (outer == null) {
      CURRENT.remove();
    } else {
      CURRENT.set(outer);
    }
  }
}
