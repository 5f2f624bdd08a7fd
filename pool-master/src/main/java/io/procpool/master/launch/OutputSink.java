// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.launch;

/** Where the bytes of a stream go; one thread at a time. */
public interface OutputSink {
  /** Takes the first bytes of an array, which is the caller's again afterwards. */
  void write(byte[] bytes, int length);

  /** The stream has ended. */
  default void end() {}
}
