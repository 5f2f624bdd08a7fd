// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

import java.io.PrintStream;

/** Where the bytes of a stream go; one thread at a time, unless it says otherwise. */
public interface OutputSink {
  /** Takes what nobody wants. */
  OutputSink NOWHERE = (bytes, length) -> {};

  /** Takes the first bytes of an array, which is the caller's again afterwards. May block: then the writer at the other end of the stream waits, too. */
  void write(byte[] bytes, int length);

  /** The stream has ended. */
  default void end() {}

  /** Returns what prints at once; one call is not interrupted by another thread's. */
  static OutputSink to(PrintStream stream) {
    return (bytes, length) -> {
      stream.write(bytes, 0, length);
      stream.flush();
    };
  }
}
