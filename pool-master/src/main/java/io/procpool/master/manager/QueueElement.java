// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

/** An element of a queue, encoded. */
class QueueElement {
  private final byte[] bytes;

  QueueElement(byte[] bytes) {
    this.bytes = bytes;
  }

  final byte[] bytes() {
    return bytes;
  }
}
