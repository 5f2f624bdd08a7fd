// Licensed under the Apache License, Version 2.0; see LICENSE.
package io.procpool.master.manager;

import io.netty.util.concurrent.EventExecutor;
import io.procpool.ipc.codec.PayloadFormatException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** An object that has a content, which a store keeps. */
interface Kept extends Served {
  /** Has no content from now on. While the server starts. */
  void restoreNothing() throws PayloadFormatException;

  /**
   * Changes the content as it was changed before. While the server starts.
   *
   * @param objects those whose handles may be in it
   */
  void restore(Change change, ObjectTable objects) throws PayloadFormatException;

  /** Says that all objects are there, with all that was kept of them. While the server starts. */
  default void restored(ObjectTable objects) throws PayloadFormatException {}

  /**
   * Has the content written down when it is this object's turn. For the event loop.
   *
   * @param whenKnown is given the content, as changes of an object that has none, in the event loop; or null if it cannot be written down
   * @return false if it has to wait for its turn
   */
  boolean writeState(
      ObjectTable objects, EventExecutor loop, Consumer<@Nullable List<Change>> whenKnown);
}
