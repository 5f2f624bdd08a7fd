// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.ipc.codec.PayloadWriter;
import io.procpool.ipc.codec.ValueCodec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a call has changed in an object: not what was called, but which places have another content now. All values are encoded, so that nothing that is
 * done with them later shows here. Immutable.
 */
final class Change {
  /** Stands for an element of a set that is there, which has no value. */
  static final byte[] PRESENT = {};

  private final List<Part> parts;

  /**
   * One place.
   *
   * @param key of a map, or the element of a set; null elsewhere
   * @param at where in a list
   * @param removed how many values, from there on, are gone
   * @param before those values, if anybody wanted to know
   * @param after the values that are there instead; none if the key is gone
   */
  static final class Part {
    final byte @Nullable [] key;
    final int at;
    final int removed;
    final List<byte[]> before;
    final List<byte[]> after;

    Part(byte @Nullable [] key, int at, int removed, List<byte[]> before, List<byte[]> after) {
      this.key = key;
      this.at = at;
      this.removed = removed;
      this.before = List.copyOf(before);
      this.after = List.copyOf(after);
    }
  }

  Change(List<Part> parts) {
    this.parts = List.copyOf(parts);
  }

  /** At one place in a list or a queue, so many elements are others now. */
  static Change splice(int at, List<byte[]> removed, List<byte[]> added) {
    return new Change(List.of(new Part(null, at, removed.size(), removed, added)));
  }

  List<Part> parts() {
    return parts;
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Tells whether it has values that may run code of users when they are read. */
  boolean isForeign() {
    for (Part part : parts) {
      byte[] key = part.key;
      if (key != null && isForeign(key) || part.after.stream().anyMatch(Change::isForeign)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isForeign(byte[] value) {
    return value.length > 0 && !ValueCodec.isPlain(value[0]);
  }

  /** Writes what is needed to do it again. */
  void writeTo(PayloadWriter out) {
    write(out, false);
  }

  /** Writes what {@link #writeTo} does, and the values that were there before. */
  void writeWithBefore(PayloadWriter out) {
    write(out, true);
  }

  private void write(PayloadWriter out, boolean withBefore) {
    out.putVarint(parts.size());
    for (Part part : parts) {
      byte[] key = part.key;
      out.putVarint(key == null ? 0 : key.length + 1);
      if (key != null) {
        out.putBytes(key);
      }
      out.putVarint(part.at);
      out.putVarint(part.removed);
      if (withBefore) {
        write(out, part.before);
      }
      write(out, part.after);
    }
  }

  private static void write(PayloadWriter out, List<byte[]> values) {
    out.putVarint(values.size());
    for (byte[] value : values) {
      out.putVarint(value.length);
      out.putBytes(value);
    }
  }

  /** Writes which keys it is about: of each part, where there is one. */
  void writeKeys(PayloadWriter out) {
    out.putVarint(parts.size());
    for (Part part : parts) {
      byte[] key = part.key;
      out.putVarint(key == null ? 0 : key.length + 1);
      if (key != null) {
        out.putBytes(key);
      }
    }
  }

  /** Reads what {@link #writeTo} has written. */
  static Change read(PayloadReader in) throws PayloadFormatException {
    int count = in.getCount(4);
    List<Part> parts = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int keyBytes = in.getVarint();
      byte[] key = keyBytes == 0 ? null : in.getBytes(keyBytes - 1);
      int at = in.getVarint();
      int removed = in.getVarint();
      int values = in.getCount(1);
      List<byte[]> after = new ArrayList<>(values);
      for (int j = 0; j < values; j++) {
        after.add(in.getBytes(in.getVarint()));
      }
      parts.add(new Part(key, at, removed, List.of(), after));
    }
    return new Change(parts);
  }
}
