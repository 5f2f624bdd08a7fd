// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import java.util.Arrays;
import java.util.List;

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

  final boolean isSame(QueueElement other) {
    return Arrays.equals(bytes, other.bytes);
  }
}
