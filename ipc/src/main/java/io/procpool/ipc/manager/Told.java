// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.ValueCodec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One place of an object that has changed, as the server tells it. Immutable. */
final class Told {
  final byte @Nullable [] key;
  final int at;
  final List<byte[]> before;
  final List<byte[]> after;
  final int removed;

  private Told(
      byte @Nullable [] key, int at, int removed, List<byte[]> before, List<byte[]> after) {
    this.key = key;
    this.at = at;
    this.removed = removed;
    this.before = before;
    this.after = after;
  }

  /** Reads all places of a message. */
  static List<Told> read(PayloadReader in) throws PayloadFormatException {
    int count = in.getCount(1);
    List<Told> all = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      byte[] key = readKey(in);
      int at = in.getVarint();
      int removed = in.getVarint();
      List<byte[]> before = readValues(in);
      all.add(new Told(key, at, removed, before, readValues(in)));
    }
    return all;
  }

  /** Reads a key; null if there is none. */
  static byte @Nullable [] readKey(PayloadReader in) throws PayloadFormatException {
    int bytes = in.getVarint();
    return bytes == 0 ? null : in.getBytes(bytes - 1);
  }

  private static List<byte[]> readValues(PayloadReader in) throws PayloadFormatException {
    int count = in.getCount(1);
    List<byte[]> values = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      values.add(in.getBytes(in.getVarint()));
    }
    return values;
  }

  /** Decodes a value. */
  static @Nullable Object decode(byte @Nullable [] value) throws PayloadFormatException {
    return value == null ? null : ValueCodec.read(new PayloadReader(value), ManagerClient.loader());
  }

  /** Decodes the only value of those, or gives null if there is none. */
  static @Nullable Object decodeFirst(List<byte[]> values) throws PayloadFormatException {
    return values.isEmpty() ? null : decode(values.get(0));
  }

  /** Decodes all of them. */
  static List<@Nullable Object> decodeAll(List<byte[]> values) throws PayloadFormatException {
    List<@Nullable Object> all = new ArrayList<>(values.size());
    for (byte[] value : values) {
      all.add(decode(value));
    }
    return all;
  }
}
