// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.wire;

/** A message that can be the header of a frame. */
public interface WireMessage {
  /** Writes the message behind what the writer has. */
  void writeTo(FieldWriter out);
}
