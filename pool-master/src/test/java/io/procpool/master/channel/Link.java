// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.channel;

/** The two ends of a connection: {@code near} in the process of the test, {@code far} perhaps in another. */
record Link(End near, End far) implements AutoCloseable {
  @Override
  public void close() throws Exception {
    far.close();
    near.close();
  }
}
