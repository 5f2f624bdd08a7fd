// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc;

import java.io.IOException;
import java.nio.ByteBuffer;

/** What frames are read from and written to. One thread at a time reads, one writes. */
public interface FrameChannel {
  /**
   * Reads at least one byte; blocks until there is one.
   *
   * @throws java.io.EOFException if the other side is gone
   */
  void read(ByteBuffer target) throws IOException;

  /** Tells whether there is something to read, without a system call. */
  boolean isReady();

  /**
   * Looks after the other side.
   *
   * @throws java.io.EOFException if it is gone and has left nothing to read
   */
  void check() throws IOException;

  /** Writes all bytes, one buffer after the other; blocks until that is done. */
  void write(ByteBuffer... sources) throws IOException;
}
