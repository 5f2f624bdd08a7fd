// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

import io.procpool.channel.Connection;
import io.procpool.master.sync.Begun;
import io.procpool.master.sync.Party;
import java.io.Serializable;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** One end of a connection, which is in the process of a party and stays there. For one thread. */
final class End implements AutoCloseable {
  private static final Map<Long, Connection> HELD = new ConcurrentHashMap<>();
  private static final AtomicLong NEXT = new AtomicLong();

  final Party party;
  private final long id;

  /** Something that is done with a connection where it is. */
  @FunctionalInterface
  interface Use<T> extends Serializable {
    T with(Connection connection) throws Exception;
  }

  /** As {@link Use}, without a value. */
  @FunctionalInterface
  interface Act extends Serializable {
    void with(Connection connection) throws Exception;
  }

  /** Makes one of what {@link #hold} returned in the party's process. */
  End(Party party, long id) {
    this.party = party;
    this.id = id;
  }

  /** Keeps a connection, in the process of the caller, and returns under which number. */
  static long hold(Connection connection) {
    long id = NEXT.incrementAndGet();
    HELD.put(id, connection);
    return id;
  }

  private static Connection held(long id) {
    return Objects.requireNonNull(HELD.get(id), "this end is not here");
  }

  /** Does something in the party's first thread. */
  <T> T call(Use<T> use) throws Exception {
    long which = id;
    return party.call(() -> use.with(held(which)));
  }

  /** As {@link #call}, without a value. */
  void run(Act act) throws Exception {
    long which = id;
    party.run(() -> act.with(held(which)));
  }

  /** Asks something in the party's first thread. */
  boolean is(Use<Boolean> question) throws Exception {
    return call(question);
  }

  /** Begins something in a thread of its own. */
  <T> Begun<T> begin(Use<T> use) throws Exception {
    long which = id;
    return party.begin(() -> use.with(held(which)));
  }

  /** As {@link #begin}, without a value. */
  Begun<Boolean> start(Act act) throws Exception {
    long which = id;
    return party.start(() -> act.with(held(which)));
  }

  /** Closes the connection and forgets it. */
  @Override
  public void close() throws Exception {
    long which = id;
    party.run(() -> {
      Connection held = HELD.remove(which);
      if (held != null) {
        held.close();
      }
    });
  }
}
