// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;

/** Something that clients use. For the event loop alone. */
interface Served {
  /** Returns what it is, as clients ask for it. */
  String kind();

  /** Ends what it does besides calls, at the end of the server. Called by any thread. */
  default void end() {}

  /** Tells whether it could not be made, so that its name is free. */
  default boolean isUnusable() {
    return false;
  }

  /**
   * Takes a call, which gets its reply now or later.
   *
   * @param objects all of them, and who does what may take its time
   * @param loop the event loop
   * @throws PayloadFormatException if the arguments are no values
   */
  void accept(ClientCall call, ObjectTable objects, EventExecutor loop)
      throws PayloadFormatException;
}
