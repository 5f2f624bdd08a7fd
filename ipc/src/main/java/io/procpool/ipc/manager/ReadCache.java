// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.Shipment;
import io.procpool.ipc.codec.UnencodableValueException;
import io.procpool.ipc.codec.ValueCodec;
import io.procpool.manager.ManagerGoneException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What this process has read of a map. Safe for use by multiple threads. */
final class ReadCache implements Listening {
  /*
   * Race. A value and the word that it was replaced come one after the other, but the value is put here later, by the thread that waits for it. So that thread leaves a
   *       mark here before it asks, each word of the server takes away what is here under a key, and the value is only put where the mark still is.
   * Keys. They are compared encoded, as the server tells them, without running code of users. So only those are remembered of which each has one form.
   * Own   changes: the server's word of one comes before the reply to it, on the same connection.
   */
  private static final int LONGEST_KEY = 1000;

  private final boolean isOfMap;
  private final String server;
  private final Map<ByteBuffer, Object> values; // Known, or a mark; guarded by this
  private boolean ended; // guarded by this

  /** What there is of a key: the value if nothing can be changed in it, else its encoded form. */
  private record Known(@Nullable Object value, byte @Nullable [] encoded) {}

  /**
   * Makes an empty one.
   *
   * @param isOfMap whether the map has no null values, so that null says that there is none
   */
  ReadCache(int maxEntries, boolean isOfMap, String server) {
    this.isOfMap = isOfMap;
    this.server = server;
    this.values = new LinkedHashMap<>(16, 0.75f, true) {
      private static final long serialVersionUID = 1;

      @Override
      protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Object> eldest) {
        return size() > maxEntries;
      }
    };
  }

  boolean isOfMap() {
    return isOfMap;
  }

  /** Returns the value of a key: what is here, or what is read. */
  @Nullable
  Object get(@Nullable Object key, Supplier<@Nullable Object> read) {
    ByteBuffer form = form(key);
    if (form == null) {
      return read.get();
    }
    Object mark = new Object();
    Known known = knownOr(form, mark);
    if (known != null) {
      return value(known);
    }
    boolean done = false;
    try {
      Object value = read.get();
      Known made = known(value);
      synchronized (this) {
        if (made != null && !ended) {
          values.replace(form, mark, made);
          done = true;
        }
      }
      return value;
    } finally {
      if (!done) {
        synchronized (this) {
          values.remove(form, mark);
        }
      }
    }
  }

  /** Returns the value of a key if it is here; null if not, or it is null. */
  @Nullable
  Object ifKnown(@Nullable Object key) {
    ByteBuffer form = form(key);
    Known known;
    synchronized (this) {
      known = form != null && values.get(form) instanceof Known there ? there : null;
    }
    return known == null ? null : value(known);
  }

  private synchronized @Nullable Known knownOr(ByteBuffer form, Object mark) {
    if (ended) {
      return null;
    }
    Object there = values.putIfAbsent(form, mark);
    return there instanceof Known known ? known : null;
  }

  private static @Nullable ByteBuffer form(@Nullable Object key) {
    boolean hasOneForm = key instanceof String text && text.length() <= LONGEST_KEY
        || key instanceof Integer
        || key instanceof Long
        || key instanceof Short
        || key instanceof Byte
        || key instanceof Character
        || key instanceof Boolean;
    if (!hasOneForm) {
      return null;
    }
    PayloadWriter writer = new PayloadWriter(64, Integer.MAX_VALUE);
    try {
      ValueCodec.write(writer, key);
    } catch (UnencodableValueException e) {
      return null;
    }
    return ByteBuffer.wrap(writer.toByteArray());
  }

  /** Returns what can be remembered of a value; null if nothing can. */
  private @Nullable Known known(@Nullable Object value) {
    if (value == null || value instanceof String || isBox(value)) {
      return new Known(value, null);
    }
    PayloadWriter writer = new PayloadWriter();
    try (SentObjects sent = SentObjects.begin(server)) {
      ValueCodec.write(writer, value);
      Shipment shipment = writer.shipment();
      if (shipment != null) {
        shipment.over();
      }
      return shipment == null && sent.numbers().isEmpty()
          ? new Known(null, writer.toByteArray())
          : null;
    } catch (UnencodableValueException | RuntimeException | StackOverflowError e) {
      return null;
    }
  }

  private static boolean isBox(Object value) {
    return value instanceof Integer
        || value instanceof Long
        || value instanceof Double
        || value instanceof Boolean
        || value instanceof Character
        || value instanceof Float
        || value instanceof Short
        || value instanceof Byte;
  }

  private static @Nullable Object value(Known known) {
    byte[] encoded = known.encoded;
    if (encoded == null) {
      return known.value;
    }
    try {
      return ValueCodec.read(new PayloadReader(encoded), ManagerClient.loader());
    } catch (PayloadFormatException e) {
      throw new IllegalStateException("a value that was read before cannot be read again", e);
    }
  }

  @Override
  public void take(PayloadReader changes, List<Hold> brought) throws PayloadFormatException {
    int count = changes.getCount(1);
    for (int i = 0; i < count; i++) {
      byte[] key = Told.readKey(changes);
      if (key != null) {
        synchronized (this) {
          values.remove(ByteBuffer.wrap(key));
        }
      }
    }
  }

  @Override
  public synchronized void end(ManagerGoneException why) {
    ended = true;
    values.clear();
  }
}
