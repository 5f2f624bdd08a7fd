// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An element of a queue, encoded, and the objects whose handles are in it. */
class QueueElement {
  private final byte[] bytes;
  private final List<Reference> objects;

  QueueElement(byte[] bytes, List<Reference> objects) {
    this.bytes = bytes;
    this.objects = objects;
  }

  final byte[] bytes() {
    return bytes;
  }

  final List<Reference> objects() {
    return objects;
  }

  /** Returns the numbers of the objects, eight bytes each; null if there are none. */
  final byte @Nullable [] objectNumbers() {
    if (objects.isEmpty()) {
      return null;
    }
    ByteBuffer numbers = ByteBuffer.allocate(objects.size() * Long.BYTES);
    objects.forEach(object -> numbers.putLong(object.number()));
    return numbers.array();
  }

  /** Reads what {@link #objectNumbers()} has returned. */
  static List<Long> numbers(byte @Nullable [] numbers) {
    List<Long> all = new ArrayList<>();
    if (numbers != null) {
      ByteBuffer reader = ByteBuffer.wrap(numbers);
      while (reader.remaining() >= Long.BYTES) {
        all.add(reader.getLong());
      }
    }
    return all;
  }

  final boolean isSame(QueueElement other) {
    return Arrays.equals(bytes, other.bytes);
  }
}
