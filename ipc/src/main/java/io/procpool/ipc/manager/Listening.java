// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.ipc.manager;

import io.procpool.ipc.codec.PayloadFormatException;
import io.procpool.ipc.codec.PayloadReader;
import io.procpool.manager.ManagerGoneException;
import java.util.List;

/** Takes what changes in an object, in whatever thread reads. Does not block, and runs no code of users. */
interface Listening {
  /**
   * Takes a message.
   *
   * @param brought the objects whose handles are in it
   */
  void take(PayloadReader changes, List<Hold> brought) throws PayloadFormatException;

  /** Takes that there will be no more. */
  void end(ManagerGoneException why);
}
